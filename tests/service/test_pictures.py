"""Pictures over HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra `studio`")

import anyio
import httpx2
from PIL import Image
from starlette.applications import Starlette

from gems_graph.errors import StoreError
from gems_graph.images import Store
from gems_graph.service.pictures import picture_routes

Fetch = Callable[..., httpx2.Response]


def encoded(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, form)
    return out.getvalue()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "images")


@pytest.fixture
def fetch(store: Store) -> Fetch:
    app = Starlette(routes=picture_routes(store))

    def get(path: str, **headers: str) -> httpx2.Response:
        async def asked() -> httpx2.Response:
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://host") as client:
                return await client.get(path, headers=headers)

        return anyio.run(asked)

    return get


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_a_picture_is_served_as_what_it_is(store: Store, fetch: Fetch, form: str) -> None:
    data = encoded(form)
    ref = store.put_image(data)
    answer = fetch(f"/gems/images/{ref['sha256']}")
    assert answer.content == store.read(ref["sha256"])
    assert answer.headers["content-type"] == f"image/{form}"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_a_browser_has_is_not_sent_again(store: Store, fetch: Fetch) -> None:
    sha256 = store.put_image(encoded("png"))["sha256"]
    tag = fetch(f"/gems/images/{sha256}").headers["etag"]
    again = fetch(f"/gems/images/{sha256}", **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_thought_of_the_same_store_is_not_served(store: Store, fetch: Fetch) -> None:
    thought = store.put_thought("a secret plan " * 100)
    assert store.has(str(thought["sha256"]))  # or there was nothing to hide
    answer = fetch(f"/gems/images/{thought['sha256']}")
    assert answer.status_code == 404
    assert answer.text == "There is no picture under this address."


@pytest.mark.parametrize(
    "name", ["0" * 64, "x", "..%2f..%2fetc%2fpasswd", "A" * 64, "%00", "\N{SNOWMAN}"]
)
def test_what_is_no_picture_is_told_in_a_sentence(fetch: Fetch, name: str) -> None:
    answer = fetch(f"/gems/images/{name}")
    assert answer.status_code == 404
    assert "/" not in answer.text  # the server's folders are nobody's business


def test_a_damaged_picture_is_none(store: Store, fetch: Fetch) -> None:
    sha256 = store.put_image(encoded("png"))["sha256"]
    Path(store.where(sha256)).write_bytes(b"no picture")
    assert fetch(f"/gems/images/{sha256}").status_code == 404


def test_a_store_out_of_reach_is_said_so(
    store: Store, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: str) -> bytes:
        msg = "s3://secret-bucket cannot be reached"
        raise StoreError(msg)

    monkeypatch.setattr(store, "read", unreachable)
    answer = fetch(f"/gems/images/{'0' * 64}")
    assert answer.status_code == 503
    assert "secret" not in answer.text
