"""The page, the pictures and the MCP endpoint as one Starlette app, which a host may mount."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from gems_graph.page.people import People
from gems_graph.page.reading import reading_routes
from gems_graph.page.render import ROOT
from gems_graph.page.site import Site
from gems_graph.page.writing import login_route, writing_routes
from gems_graph.persistence.threads import open_threads
from gems_graph.service.app import lifespan, make_app
from gems_graph.service.guard import Guard
from gems_graph.settings import Settings

AT_ONCE = 2
"""Runs that go on side by side, unless told otherwise."""
_OPEN = ("/login", "/page.css", "/page.js")


def make_page(
    settings: Settings,
    *,
    password: str = "",
    here: bool = True,
    everybody: bool = True,
    at_once: int = AT_ONCE,
    hosts: Collection[str] = (),
) -> Starlette:
    """Return the app of `gems ui`: the page at `/`, pictures and MCP below `/gems/`.

    With a password MCP clients send it as `Authorization: Bearer PASSWORD`. A host that mounts the
    app enters `gems_graph.service.app.lifespan(app)` in its own lifespan.

    Args:
        settings: of every run, unless its form says otherwise.
        password: that everybody must know; empty: none.
        here: whether only this machine reaches it, so that forms may name models and files.
        everybody: whether all see and change all trajectories; else each only their own.
        at_once: runs that go on side by side.
        hosts: names beside those of the loopback under which it is reached.
    """
    site = Site(settings, People(password, everybody), here, at_once)
    service = make_app(settings, hosts=hosts)

    @asynccontextmanager
    async def serving(app: Starlette) -> AsyncIterator[None]:
        async with lifespan(service), open_threads() as threads:
            site.open(threads)
            try:
                yield
            finally:
                await site.runs.close()

    routes = [
        *reading_routes(site), *writing_routes(site), login_route(site), Mount("/", service)
    ]  # fmt: skip
    guards = [Middleware(Guard, hosts), Middleware(_Door, site)]
    return Starlette(routes=routes, middleware=guards, lifespan=serving)


class _Door:
    """Notes where the page is mounted, and asks for the password."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        root = scope.get("root_path", "").rstrip("/")
        ROOT.set(root)
        if scope["path"].removeprefix(root) in _OPEN:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer: Any = self._app
        if not self._site.people.admits(request):
            answer = self._site.show(
                request, "word.html", status=401, title="GEMS", login=True, text=""
            )
        await answer(scope, receive, send)
