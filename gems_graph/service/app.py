"""One Starlette app: pictures, MCP, and pages that others add; a host may mount it.

LangGraph's server runs it by way of `agent_server`, `gems mcp --http` serves it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from gems_graph.images import Store
from gems_graph.service.endpoint import McpEndpoint
from gems_graph.service.guard import Guard
from gems_graph.service.pictures import picture_routes
from gems_graph.settings import Settings

MCP = "/gems/mcp"
"""The path of the MCP endpoint."""


def make_app(
    settings: Settings | None = None,
    *,
    store: Store | None = None,
    hosts: Collection[str] = (),
    pages: Sequence[BaseRoute] = (),
) -> Starlette:
    """Return the app: `/gems/images/SHA256`, `/gems/mcp`, and whatever `pages` adds.

    Pictures are shown to pages of any origin, as chat clients are; MCP is answered only under the
    names in `hosts`, of the loopback and of `GEMS_URL`, and to pages of those alone.

    Args:
        settings: of what is drawn; by default what the environment says when it is asked for.
        store: holds the pictures; by default that of graphs.
        hosts: names under which it is reached.
        pages: more routes, which win over none of ours.
    """
    endpoint = McpEndpoint(lambda: _server(settings))

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        async with endpoint.running():
            yield

    mcp = Route(MCP, Guard(endpoint, hosts), name="mcp")
    return Starlette(routes=[*picture_routes(store), mcp, *pages], lifespan=running)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Run an app of `make_app` inside another, whose lifespan enters this: mounts have none."""
    async with app.router.lifespan_context(app):
        yield


def _server(settings: Settings | None) -> Any:
    from gems_graph.agents.mcp import make_server

    return make_server(settings)


app = make_app()
"""The app as the environment sets it."""
