"""The time limit of one call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

_limit: ContextVar[asyncio.Timeout | None] = ContextVar("gems_time_limit", default=None)


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """Limit the time of one call; waiting for a free place is not part of it.

    Raises:
        TimeoutError: it took longer; says so.
        RuntimeError: the backend cancelled the call, and nobody cancelled this task.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            token = _limit.set(limit)
            try:
                yield
            finally:
                _limit.reset(token)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        msg = "the call was cancelled by the backend itself"
        raise RuntimeError(msg) from error
    except TimeoutError as error:
        msg = f"no answer within {seconds:g} s; raise the time limit or check the server"
        raise TimeoutError(msg) from error


def time_is_up() -> bool:
    """Tell whether the time limit around this call ran out."""
    limit = _limit.get()
    return limit is not None and limit.expired()
