"""Limits of our HTTP clients on what a server answers: its size, and no compression."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import lru_cache
from typing import Any

from gems_graph.calls.retry import GarbledError

IMAGE, CHAT = 256_000_000, 64_000_000
"""Bytes of one answer at most."""
Hooks = dict[str, list[Callable[..., Awaitable[None]]]]


def bounded(limit: int) -> Hooks:
    """Return event hooks for an httpx client that end an answer of more bytes than a limit.

    Answers are asked for as they are: a few packed kilobytes can hold gigabytes.
    """

    async def ask_for_plain(request: Any) -> None:
        request.headers["Accept-Encoding"] = "identity"

    async def watch(response: Any) -> None:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            msg = "the answer is compressed although we asked for it plain; check the server"
            raise GarbledError(msg)
        response.stream = _counted(response.stream, limit)

    return {"request": [ask_for_plain], "response": [watch]}


def authorities(url: str) -> ssl.SSLContext | bool:
    """Return the `verify` of an httpx client of one address: what it checks certificates by.

    Reading the authorities takes 30 ms, which an http address does not need: its client gets none,
    and so could trust no server that asks for TLS all the same.
    """
    return True if url.lower().startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Counted:
    """A stream of bytes that ends with an error where it becomes too long."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream, self._limit = stream, limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        async for chunk in self._stream:
            received += len(chunk)
            if received > self._limit:
                msg = f"the answer is larger than {self._limit / 1e6:g} MB; check the server"
                raise GarbledError(msg)
            yield chunk

    async def aclose(self) -> None:
        """Close the stream itself."""
        await self._stream.aclose()


def _counted(stream: Any, limit: int) -> Any:
    """Wrap a stream as its library knows streams: httpx, or a fork of it."""
    base = next(cls for cls in type(stream).__mro__ if cls.__name__ == "AsyncByteStream")
    return _wrapper(base)(stream, limit)


@lru_cache(maxsize=4)
def _wrapper(base: type[Any]) -> Callable[[Any, int], Any]:
    return type("Counted", (_Counted, base), {})
