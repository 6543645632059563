"""One app: pictures, MCP and pages, by itself or inside another."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

pytest.importorskip("mcp", reason="needs the extra `mcp`")

import uvicorn
from mcp import Client
from PIL import Image
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from gems_graph.service import endpoint
from gems_graph.service.app import MCP, lifespan, make_app
from gems_graph.service.guard import Guard
from gems_graph.settings import settle

pytestmark = pytest.mark.anyio
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve an app on a free port of the loopback."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def ask(app: Any, url: str = "http://127.0.0.1:80" + MCP, **headers: str) -> httpx2.Response:
    """Send a request of MCP as a browser or a client would."""
    accepted = {"Accept": "application/json, text/event-stream", **headers}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        return await client.post(url, json=PING, headers=accepted)


async def test_a_client_draws_over_http_and_fetches_the_picture() -> None:
    async with served(make_app(settle({"seed": 1}))) as url, Client(url + MCP) as client:
        told: list[float] = []

        async def progress(done: float, most: float | None, words: str | None) -> None:
            told.append(done)

        given = {"prompt": "a red fish"}
        result = await client.call_tool("draw", given, progress_callback=progress)
        assert told == [0, 0.1, 0.5, 1]
        account = result.structured_content
        address = account["image"]["url"]
        assert address == f"{url}/gems/images/{account['image']['sha256']}"
        async with httpx2.AsyncClient() as browser:
            fetched = await browser.get(address)
        shown = base64.b64decode(result.content[0].data)
        sizes = [Image.open(io.BytesIO(data)).size for data in (fetched.content, shown)]
        assert sizes[0] == sizes[1]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),  # it came through: MCP itself wants a session
        ({"Host": "localhost"}, 400),
        ({"Host": "[::1]:8765"}, 400),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "localhost@evil.example"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "http://localhost:3000"}, 400),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[broken"}, 403),
    ],
)
async def test_only_known_names_and_pages_may_call(headers: dict[str, str], status: int) -> None:
    app = make_app()
    async with lifespan(app):
        assert (await ask(app, **headers)).status_code == status


async def test_other_names_are_allowed_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(hosts=["Pictures.example"])
    async with lifespan(app):
        assert (await ask(app, Host="pictures.example:443")).status_code == 400
        monkeypatch.setenv("GEMS_URL", "https://gems.example/here")
        origin = {"Host": "gems.example", "Origin": "https://gems.example"}
        assert (await ask(app, **origin)).status_code == 400


async def test_pictures_are_for_pages_of_any_origin_and_name() -> None:
    url = f"http://anywhere/gems/images/{'0' * 64}"
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(make_app())) as client:
        answer = await client.get(url, headers={"Origin": "https://chat.example"})
    assert answer.text == "There is no picture under this address."


async def test_the_app_runs_again_after_it_ended() -> None:
    app = make_app()
    for _ in range(2):
        async with lifespan(app):
            assert (await ask(app)).status_code == 400
    assert (await ask(app)).status_code == 503


async def test_a_host_mounts_it_beside_its_own_pages() -> None:
    async def page(request: Any) -> PlainTextResponse:
        return PlainTextResponse("mine")

    app = make_app(pages=[Route("/gems/page", page)])

    @asynccontextmanager
    async def running(host: Starlette) -> AsyncIterator[None]:
        async with lifespan(app):
            yield

    host = Starlette(routes=[Route("/own", page), Mount("/art", app)], lifespan=running)
    async with served(host) as url, httpx2.AsyncClient() as browser:
        assert (await browser.get(f"{url}/own")).text == "mine"
        assert (await browser.get(f"{url}/art/gems/page")).text == "mine"
        async with Client(f"{url}/art{MCP}") as client:
            assert len((await client.list_tools()).tools) == 3


async def test_a_host_that_forgets_to_run_it_is_told() -> None:
    answer = await ask(Starlette(routes=[Mount("/art", make_app())]), f"http://127.0.0.1/art{MCP}")
    assert answer.status_code == 503
    assert "enter gems_graph.service.app.lifespan(app) in the lifespan" in answer.text


async def test_without_the_package_the_rest_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(settings: Any) -> Any:
        raise ModuleNotFoundError("mcp")

    monkeypatch.setattr("gems_graph.service.app._server", missing)
    app = make_app()
    async with lifespan(app):
        assert (await ask(app)).text == endpoint._NOT_INSTALLED


async def test_the_guard_leaves_the_lifespan_alone() -> None:
    seen: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    await Guard(inner)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert seen == ["lifespan"]
