"""What a failed call means: whether it may pass, whether it was paid, what to do about it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime


class GarbledError(Exception):
    """A server answered with success and something else than what was asked for."""


_PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
_LONGEST = 60.0  # seconds; what a server asks for in Retry-After counts up to here
_REMEDIES = {
    400: "the request was not understood; check the model's name and options",
    401: "the key was refused; check the provider's API key variable",
    402: "the account has no credit left",
    403: "the key may not use this; check its permissions",
    404: "there is no such address or model; check the URL and the model's name",
    413: "the request is too large; lower vision_max_side",
    414: "the prompt is too long for this server's URL; shorten it",
    429: "the server is busy or your quota is spent; lower concurrency or wait",
}


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """Limit the time of one call; waiting for a free place is not part of it.

    Raises:
        TimeoutError: it took longer; says so.
        RuntimeError: the backend cancelled the call, and nobody cancelled this task.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        msg = "the call was cancelled by the backend itself"
        raise RuntimeError(msg) from error
    except TimeoutError as error:
        msg = f"no answer within {seconds:g} s; raise the time limit or check the server"
        raise TimeoutError(msg) from error


def pause_before(repeat: int, wait: float, error: Exception) -> float:
    """Return how long to wait before a repeat, in seconds: doubling, as long as the server asks.

    Args:
        repeat: 0 for the first.
        wait: before the first repeat, in seconds.
        error: why the call is repeated; `Retry-After` counts up to a minute.
    """
    pause: float = wait * 2**repeat * random.uniform(0.75, 1.25)
    return min(_LONGEST, max(pause, _retry_after(error)))


def is_passing(error: Exception) -> bool:
    """Tell whether a failure may pass by itself: time-outs, lost connections, busy servers."""
    status = status_of(error)
    if status is not None:
        return status in _PASSING
    garbled = isinstance(error, GarbledError) or _is_garbled(error)
    return garbled or isinstance(error, TimeoutError | ConnectionError) or _is_transport(error)


def is_unpaid(error: Exception) -> bool:
    """Tell whether a failed call was surely not charged: refused, or never delivered.

    A time-out, a lost connection or an answer that cannot be read may have been paid for.
    """
    names = {cls.__name__ for cls in type(error).__mro__}
    never_sent = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ConnectionRefusedError"}
    if names & never_sent or {type(error.__cause__).__name__} & never_sent:
        return True
    return status_of(error) is not None


def in_words(error: Exception) -> str:
    """Say what went wrong and what to do about it, without request headers or keys."""
    status = status_of(error)
    if status is not None and 300 <= status < 400:
        return f"HTTP {status}: it sends us elsewhere, where we do not follow; give the final URL"
    if status is not None:
        remedy = _REMEDIES.get(status, "the server failed; try again later")
        return f"HTTP {status}: {remedy}"
    for source in (error, error.__cause__):  # a provider's client may have wrapped it
        if isinstance(source, TimeoutError | GarbledError) and str(source):
            return str(source)
    if is_passing(error):
        return f"cannot be reached ({type(error).__name__}); check that it runs and its URL"
    return f"{type(error).__name__}: {error}"


def _is_garbled(error: Exception) -> bool:
    """Recognise a body that is not what the protocol says, as proxies send in trouble."""
    names = {cls.__name__ for cls in type(error).__mro__}
    return bool(names & {"JSONDecodeError", "APIResponseValidationError"})


def _is_transport(error: Exception) -> bool:
    """Recognise httpx's and the providers' own connection errors without importing them."""
    names = {cls.__name__ for cls in type(error).__mro__}
    return bool(names & {"TransportError", "APIConnectionError", "APITimeoutError"})


def status_of(error: BaseException | None) -> int | None:
    """Return the HTTP status that an error carries, if it does."""
    for source in (error, getattr(error, "response", None)):
        status = getattr(source, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _retry_after(error: Exception) -> float:
    """Return how long a server asks to wait, in seconds: `Retry-After` is a number or a date."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("retry-after", 0))
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
