"""Which of our functions a call passes through: down to HTTP, and back to who asked."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import gems_graph
from gems_graph.runtime.loop import BACKGROUND

ROOT = Path(gems_graph.__file__).parent
_ASIDE = ("runtime/loop.py", "events.py", "calls/transport.py", "calls/meanwhile.py")
"""What is on every path and does nothing of a call."""


class Hops:
    """Records the way from one function to the first HTTP request that it makes, and back.

    Args:
        start: where the way begins, as `file:function`.
        end: called after it, so that nothing later counts.
    """

    def __init__(self, start: str, end: str) -> None:
        self._start, self._end = start, end
        self._makers: dict[Any, list[str]] = {}
        self.down: list[str] = []
        self.back: list[str] = []
        self._over = False

    def watch(self, run: Callable[[], object]) -> None:
        """Run something with every thread watched; the background loop starts anew in it."""
        loop = BACKGROUND.loop
        loop.set_task_factory(self._task)
        threading.setprofile(self._seen)
        asyncio.run_coroutine_threadsafe(self._watch_here(), loop).result()
        try:
            run()
        finally:
            threading.setprofile(None)  # type: ignore[arg-type]
            asyncio.run_coroutine_threadsafe(self._unwatch(), loop).result()
            loop.set_task_factory(None)

    async def _watch_here(self) -> None:
        asyncio.get_running_loop().call_soon(sys.setprofile, self._seen)

    async def _unwatch(self) -> None:
        sys.setprofile(None)

    def _task(self, loop: Any, coroutine: Any, context: Any = None) -> Any:
        task = asyncio.Task(coroutine, loop=loop, context=context)
        self._makers[task] = self._way(sys._getframe(1))
        return task

    def _way(self, frame: FrameType | None) -> list[str]:
        """Return our functions on the stack, through the tasks that stand behind it."""
        names = []
        while frame:
            if name := _name(frame):
                names.append(name)
            frame = frame.f_back
        try:
            task = asyncio.current_task()
        except RuntimeError:  # a thread without a loop
            task = None
        return [*self._makers.get(task, []), *reversed(names)]

    def _seen(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or self._over:
            return
        if not self.down:
            if frame.f_code.co_name == "send" and frame.f_code.co_filename.endswith("_client.py"):
                way = self._way(frame)
                self.down = way[way.index(self._start) :] if self._start in way else []
            return
        name = _name(frame)
        self._over = name == self._end
        if not name or name in {*self.down, *self.back} or name.startswith(_ASIDE) or self._over:
            return
        way = self._way(frame)
        if way[-2:-1] and way[-2] in self.down and way[0] in (self._start, *way[:1]):
            self.back.append(name)


def _name(frame: FrameType) -> str:
    """Return `file:function` of a function of ours; comprehensions are part of theirs."""
    file, function = Path(frame.f_code.co_filename), frame.f_code.co_qualname
    if ROOT not in file.parents or "testing" in file.parts or function.endswith(("comp>", "expr>")):
        return ""
    return f"{file.relative_to(ROOT).as_posix()}:{function}"
