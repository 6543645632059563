"""The page without a browser: what it answers, to whom, and what it never does."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from gems_graph.page.app import make_page
from gems_graph.service.app import lifespan
from gems_graph.settings import Settings, settle
from tests.conftest import HARD

Serve = Callable[..., TestClient]
GREETING = {
    "protocolVersion": "2025-11-25", "capabilities": {},
    "clientInfo": {"name": "a client", "version": "1"},
}  # fmt: skip


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return what serves a page and calls it as a browser on this machine would."""
    begun: list[TestClient] = []

    def make(settings: Settings | None = None, **options: Any) -> TestClient:
        app = make_page(settings or settle({"seed": 1, "max_iterations": 3}), **options)
        client = TestClient(app, base_url="http://127.0.0.1:8501")
        client.__enter__()
        begun.append(client)
        client.get("/page.css")
        return client

    yield make
    for client in begun:
        client.__exit__(None, None, None)


def draw(client: TestClient, prompt: str = "a red fish", root: str = "", **fields: str) -> str:
    """Draw to the end, and return the page's path."""
    client.get(f"{root}/")  # whoever has none gets a name
    answer = client.post(f"{root}/runs", data={"prompt": prompt, **fields}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def pieces(client: TestClient, path: str) -> list[dict[str, str]]:
    """Follow a run to its end, and return the pieces that were sent."""
    told = client.get(f"{path}/events").text
    assert told.rstrip().endswith("event: over\ndata: {}")
    return [json.loads(data) for data in re.findall(r"event: piece\ndata: (.*)", told)]


def test_a_run_is_sent_in_pieces_and_then_is_in_the_history(serve: Serve) -> None:
    client = serve()
    path = draw(client, HARD)
    ids = [piece["id"] for piece in pieces(client, path)]
    assert {"now", "checklist", "meter", "round-1", "round-2"} <= {*ids}
    shown = client.get(path).text
    assert re.findall(r'id="round-(\d)"', shown) == ["1", "2"]
    assert "Branch off" in shown
    [thumb] = re.findall(r'src="(/thumbs/[0-9a-f]+)"', client.get("/history?q=DUCKS").text)
    assert client.get(thumb).headers["content-type"] == "image/webp"
    assert client.get(f"{path}/events").status_code == 204  # it does not go on
    assert "Nothing fits." in client.get("/history?q=no+such+words").text


def test_each_sees_and_changes_their_own(serve: Serve) -> None:
    client = serve(everybody=False)
    path = draw(client)
    pieces(client, path)
    assert path in client.get("/history").text
    owner = dict(client.cookies)
    client.cookies.clear()
    assert path not in client.get("/history").text
    assert client.get(path).status_code == 200  # whoever has the address may look
    for deed in ("stop", "answer", "resume", "fork"):
        assert client.post(f"{path}/{deed}").status_code == 403
    client.cookies.clear()
    client.cookies.update(owner)
    assert client.post(f"{path}/resume", data={"rounds": "4"}).status_code == 200


def test_a_password_is_asked_for_everything(serve: Serve) -> None:
    client = serve(password="sesame")
    for path in ("/", "/history", "/skills", "/gems/images/" + "0" * 64, "/t/x"):
        answer = client.get(path)
        assert answer.status_code == 401
        assert 'name="password"' in answer.text
    assert client.post("/login", data={"password": "wrong"}).status_code == 403
    assert client.get("/").status_code == 401
    assert client.post("/login", data={"password": "sesame"}).status_code == 200
    assert client.get("/").status_code == 200


def test_other_sites_and_other_names_are_refused(serve: Serve) -> None:
    client = serve()
    crossing = {"sec-fetch-site": "cross-site"}
    assert client.post("/runs", data={"prompt": "a"}, headers=crossing).status_code == 403
    assert client.get("/", headers={"host": "evil.example"}).status_code == 421
    foreign = {"origin": "http://evil.example"}
    assert client.post("/runs", data={"prompt": "a"}, headers=foreign).status_code == 403
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"prompt": "  "}, "empty"),
        ({"prompt": "a" * 20_001}, "20,000"),
        ({"prompt": "a\x00b"}, "NUL"),
        ({"prompt": "a", "max_iterations": "0"}, "max_iterations"),
        ({"prompt": "a", "strategy": "no-such"}, "no-such"),
        ({"prompt": "a", "more": "nonsense"}, "NAME = VALUE"),
        ({"prompt": "a" * 500_000}, "too much"),
    ],
)
def test_what_is_wrong_is_said_beside_the_form(
    serve: Serve, fields: dict[str, str], said: str
) -> None:
    answer = serve().post("/runs", data=fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'role="alert"' in answer.text


def test_people_elsewhere_choose_no_models_files_or_caps(serve: Serve) -> None:
    client = serve(here=False)
    assert 'name="mllm"' not in client.get("/").text
    for fields in (
        {"mllm_url": "http://127.0.0.1:1"}, {"more": "prompts = /etc"}, {"more": "max_images = 99"},
    ):  # fmt: skip
        answer = client.post("/runs", data={"prompt": "a", **fields})
        assert answer.status_code == 400
        assert "whoever runs this server" in answer.text


def test_what_failed_before_a_picture_says_why_and_keeps_the_prompt(serve: Serve) -> None:
    client = serve()
    path = draw(client, "a helicopter over Paris")
    pieces(client, path)
    shown = client.get(path).text
    assert "helicopter" in shown
    assert 'role="alert"' in shown or "pill failed" in shown


def test_what_does_not_exist_is_not_found(serve: Serve) -> None:
    client = serve()
    assert client.get("/t/no-such").status_code == 404
    assert client.get("/c?t=no-such").status_code == 404
    assert client.get("/thumbs/" + "0" * 64).status_code == 404
    assert client.post("/t/no-such/answer").status_code == 400


def test_a_host_mounts_it_anywhere(serve: Serve) -> None:
    page = make_page(settle({"seed": 1, "max_iterations": 1}), password="sesame")

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        async with lifespan(page):
            yield

    host = Starlette(routes=[Mount("/draw", page)], lifespan=running)
    with TestClient(host, base_url="http://127.0.0.1:8501") as client:
        assert client.get("/draw/history").status_code == 401
        assert client.post("/draw/login", data={"password": "sesame"}).url.path == "/draw/"
        path = draw(client, root="/draw")
        pieces(client, path)
        addresses = re.findall(r'(?:href|src|action)="(/[^"]+)"', client.get(path).text)
        assert addresses
        assert all(address.startswith("/draw/") for address in addresses)
        [picture, *_] = [each for each in addresses if "/gems/images/" in each]
        assert client.get(picture).headers["content-type"] == "image/png"
        client.cookies.clear()
        bearer = {"authorization": "Bearer sesame"}
        assert client.get(picture).status_code == 401
        assert client.get(picture, headers=bearer).status_code == 200
        assert client.post("/draw/gems/mcp").status_code == 401
        hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": GREETING}
        both = {**bearer, "accept": "application/json, text/event-stream"}
        answer = client.post("/draw/gems/mcp", json=hello, headers=both)
        assert answer.status_code == 200
        assert '"serverInfo"' in answer.text
