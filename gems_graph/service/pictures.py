"""The pictures of the store over HTTP, and nothing else that lies there."""

from __future__ import annotations

from functools import cache

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gems_graph.agents.links import PICTURES
from gems_graph.errors import StoreError
from gems_graph.images import Store
from gems_graph.images.files import is_key
from gems_graph.images.lost import LostError
from gems_graph.images.pictures import NoPictureError, media_type, opened

_NONE = "There is no picture under this address."
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",  # the address is that of the bytes
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",  # chat clients are pages of another origin
    "X-Content-Type-Options": "nosniff",
}


def picture_routes(store: Store | None = None) -> list[BaseRoute]:
    """Return the route `/gems/images/SHA256`, for an app that holds or mounts it.

    Whoever knows the hash of a picture may fetch it; the prompts and thoughts that lie in the same
    store are answered as if they were not there.

    Args:
        store: where pictures lie; by default that of graphs.
    """

    async def picture(request: Request) -> Response:
        sha256 = request.path_params["sha256"]
        if request.headers.get("if-none-match") == f'"{sha256}"' and is_key(sha256):
            return Response(status_code=304, headers=_HEADERS)
        return await run_in_threadpool(_answer, store or _default_store(), sha256)

    return [Route(f"{PICTURES}{{sha256}}", picture, name="picture")]


@cache
def _default_store() -> Store:
    return Store()


def _answer(store: Store, sha256: str) -> Response:
    """Return a picture, or why there is none."""
    if not is_key(sha256):
        return PlainTextResponse(_NONE, 404)
    try:
        data = store.read(sha256)
        media = media_type(opened(data))
    except (LostError, NoPictureError):  # its message would tell where the store lies
        return PlainTextResponse(_NONE, 404)
    except StoreError:
        return PlainTextResponse("The store of pictures cannot be reached; try again.", 503)
    return Response(data, media_type=media, headers={**_HEADERS, "ETag": f'"{sha256}"'})
