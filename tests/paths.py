"""Run `gems` in this process and write down which of our functions call which.

    python -m tests.paths TRACE.json ARGUMENT...

`pairs` holds [caller, callee] as `room/file.py:function`, the caller empty where a task or a thread
begins; `posts` the functions that an HTTP request left from.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import gems_graph
from gems_graph.cli import main

ROOT = Path(gems_graph.__file__).parent
PAIRS: set[tuple[str, str]] = set()
POSTS: set[str] = set()


def ours(code: CodeType) -> str:
    """Return `room/file.py:function` for a function of the package; empty for any other."""
    file = Path(code.co_filename)
    if ROOT not in file.parents or "<" in code.co_qualname.rpartition(".")[2]:
        return ""
    return f"{file.relative_to(ROOT).as_posix()}:{code.co_qualname.replace('.<locals>', '')}"


def caller(frame: FrameType | None) -> str:
    """Return the nearest function of ours on the stack of a task or a thread."""
    while frame is not None and not frame.f_code.co_filename.endswith("asyncio/events.py"):
        if name := ours(frame.f_code):
            return name
        frame = frame.f_back
    return ""


def watch(frame: FrameType, event: str, argument: Any) -> None:
    """Note each call; Python calls this."""
    if event != "call":
        return
    if name := ours(frame.f_code):
        PAIRS.add((caller(frame.f_back), name))
    elif frame.f_code.co_qualname == "AsyncClient.post":
        POSTS.add(caller(frame.f_back))


if __name__ == "__main__":
    trace, *arguments = sys.argv[1:]
    sys.argv = ["gems", *arguments]
    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        main()
    finally:
        sys.setprofile(None)
        found = {"pairs": sorted(PAIRS), "posts": sorted(POSTS)}
        Path(trace).write_text(json.dumps(found), encoding="utf-8")
