"""The steps of a job, over a WebSocket; where there is none, whoever waits asks more often."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import Any, Self

from gems_graph.calls.transport import authorities
from gems_graph.generators.request import Progress

_OPENING, _CLOSING = 5.0, 1.0  # seconds
_LARGEST = 32_000_000  # bytes of a message; some are previews


class Steps:
    """Steps done and steps in all, over the nodes that sample.

    Args:
        samplers: ids of these nodes; empty: any that tells of steps counts.
        progress: is told.
        expected: steps in all, as long as no node has told.
    """

    def __init__(self, samplers: Collection[str], progress: Progress, expected: int = 1) -> None:
        self._samplers, self._progress, self._of = samplers, progress, expected
        self._nodes: dict[str, tuple[int, int]] = {}
        self._told = (0, 0)

    def hear(self, node: str, done: int, of: int) -> None:
        """Take note of the step of a node."""
        if self._samplers and node not in self._samplers:
            return
        self._nodes[node] = (done, of)
        dones, ofs = zip(*self._nodes.values(), strict=True)
        self._tell(sum(dones), sum(ofs))

    def end(self) -> None:
        """Tell the last step: the server may have had everything ready, or nobody listened."""
        self._tell(self._of, self._of)

    def _tell(self, done: int, of: int) -> None:
        if (done, of) > self._told:
            self._told, self._of = (done, of), of
            self._progress(done, of)


class Listener:
    """Listens to what a server tells of one job; an async context manager.

    Args:
        url: of the server.
        headers: sent with the handshake.
        job: its id, which is the client's as well: each job has a socket of its own, as a second
            one of the same client would take the place of the first.
        steps: is told of steps.
    """

    def __init__(self, url: str, headers: Mapping[str, str], job: str, steps: Steps) -> None:
        self._url, self._headers, self._job, self._steps = url, dict(headers), job, steps
        self._open, self._news = asyncio.Event(), asyncio.Event()
        self.hears = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        try:
            async with asyncio.timeout(_OPENING):
                await self._open.wait()
        except TimeoutError:
            pass  # a proxy may hold back what it does not know
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def news(self, seconds: float) -> None:
        """Wait until the job has ended or the socket is lost, so many seconds at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    async def _listen(self) -> None:
        from websockets.asyncio.client import connect  # late: listing generators needs none
        from websockets.exceptions import WebSocketException

        url = f"ws{self._url[4:]}/ws?clientId={self._job}"
        context = authorities(self._url) if url.startswith("wss:") else None
        try:
            async with connect(
                url, additional_headers=self._headers, ssl=context, compression=None,
                open_timeout=_OPENING, close_timeout=_CLOSING, ping_interval=None,
                max_size=_LARGEST,
            ) as socket:  # fmt: skip
                async for message in socket:
                    self.hears = True  # the first one greets us: from now on nothing is missed
                    self._open.set()
                    if isinstance(message, str):
                        self._hear(message)
        except (OSError, ImportError, WebSocketException):
            pass  # refused, lost, or a proxy without its package: who waits asks more often
        finally:
            self.hears = False
            self._open.set()
            self._news.set()

    def _hear(self, message: str) -> None:
        try:
            event = json.loads(message)
        except ValueError:
            return  # nothing rests on what is heard
        data = event.get("data") if isinstance(event, dict) else None
        if not isinstance(data, dict) or data.get("prompt_id") != self._job:
            return
        match event.get("type"), data:
            case "progress", {"value": int() | float() as done, "max": int() | float() as of}:
                self._steps.hear(str(data.get("node")), int(done), int(of))
            case "executing", {"node": None}:
                self._news.set()


def whole(value: Any) -> int:
    """Return a number of steps as far as it is one, else 1."""
    return value if isinstance(value, int) and value > 0 else 1
