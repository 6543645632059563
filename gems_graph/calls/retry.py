"""The one retry layer: passing failures are tried again, the others named with a remedy."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gems_graph.errors import GemsError

T = TypeVar("T")


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


async def persistently(
    call: Callable[[], Awaitable[T]],
    *,
    retries: int,
    wait: float,
    failure: type[GemsError],
    what: str,
) -> T:
    """Await `call()`, again after a passing failure, at most `retries` more times.

    Args:
        call: makes the call; called anew each time.
        retries: repeats after the first call.
        wait: seconds before the first repeat; doubles each time, with jitter.
        failure: what to raise in the end.
        what: who was called, for the message.

    Raises:
        GemsError: of type `failure`, naming the remedy; our own errors pass unchanged.
    """
    for attempt in range(retries + 1):
        try:
            return await call()
        except GemsError:
            raise
        except Exception as error:
            if attempt == retries or not is_passing(error):
                msg = f"{what}: {in_words(error)}"
                raise failure(msg) from error
            pause = wait * 2**attempt * random.uniform(0.75, 1.25)
            await asyncio.sleep(min(_LONGEST, max(pause, _retry_after(error))))
    raise AssertionError  # the last turn of the loop returns or raises


async def within(seconds: float, call: Awaitable[T]) -> T:
    """Await a call for a limited time; waiting for a free place is not part of it.

    Raises:
        TimeoutError: it took longer; says so.
        RuntimeError: it cancelled itself, and nobody us.
    """
    try:
        async with asyncio.timeout(seconds):
            return await call
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        msg = "the call was cancelled by the backend itself"
        raise RuntimeError(msg) from error
    except TimeoutError as error:
        msg = f"no answer within {seconds:g} s; raise the time limit or check the server"
        raise TimeoutError(msg) from error


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
    for told in (error, error.__cause__):  # a provider's client may have wrapped ours
        if isinstance(told, TimeoutError | GarbledError) and str(told):
            return str(told)
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
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return float(headers.get("retry-after", 0))
    except ValueError:
        return 0.0
