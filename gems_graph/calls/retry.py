"""What a failed call means: whether it may pass, whether it was paid, what to do about it."""

from __future__ import annotations

import asyncio
import random
import time
from email.utils import parsedate_to_datetime
from typing import cast

from gems_graph.calls.said import out_of_credit, path_of, said_by
from gems_graph.calls.time_limit import time_is_up
from gems_graph.errors import (
    BadRequestError,
    ContentRefusedError,
    NoMemoryError,
    TransientError,
)
from gems_graph.settings.redaction import shortened


class GarbledError(Exception):
    """A server answered with success and something else than what was asked for."""


_PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
_REPEATS_UNHEARD = 2  # where a connection is refused, or a host not found
_DEEPEST = 5  # causes behind an error that are looked at
_LONGEST = 60.0  # seconds; what a server asks for in Retry-After counts up to here
_REFUSED = "ConnectionRefusedError"
_NEVER_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", _REFUSED}
_NEVER_MADE = {"UnsupportedProtocol", "LocalProtocolError", "InvalidURL", "UnicodeEncodeError"}
"""What HTTP clients raise for a URL or a header that nothing can be sent with."""
_REMEDIES = {
    400: "the request was not understood; check the model's name and options",
    401: "the key was refused; check the provider's API key variable",
    402: "the account has no credit left",
    403: "the key may not use this; check its permissions",
    404: "there is no such address or model; check the URL and the model's name",
    413: "the request is too large; lower vision_max_side",
    422: "the request was not understood; check the model's name and options",
    414: "the prompt is too long for this server's URL; shorten it",
    429: "the server is busy; lower concurrency, or wait",
}


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
        return status in _PASSING and not out_of_credit(error)
    if _names(error) & _NEVER_MADE:
        return False
    garbled = isinstance(error, GarbledError | TransientError) or _is_garbled(error)
    return garbled or isinstance(error, TimeoutError | ConnectionError) or _is_transport(error)


def is_fault(error: BaseException) -> bool:
    """Tell whether a failure speaks against the server: it passes, or the time limit ran out.

    A call that somebody cancelled says nothing about the server.
    """
    if isinstance(error, asyncio.CancelledError):
        return time_is_up()
    return isinstance(error, Exception) and is_passing(error)


def repeats_after(error: Exception, retries: int) -> int:
    """Return how often a call is repeated: seldom where nobody listens, which seconds rarely mend.

    Args:
        error: why the call failed.
        retries: as the settings have them.
    """
    return min(retries, _REPEATS_UNHEARD) if is_unheard(error) else retries


def is_unheard(error: BaseException) -> bool:
    """Tell whether nobody listens where a call went: it was not even sent."""
    return status_of(error) is None and bool(_names(error) & {"ConnectError", _REFUSED})


def is_unpaid(error: Exception) -> bool:
    """Tell whether a failed call was surely not charged: refused, or never delivered.

    A time-out, a lost connection or an answer that cannot be read may have been paid for, and so
    may what a gateway answers with a 5xx: the server behind it may have finished.
    """
    if isinstance(error, ContentRefusedError | BadRequestError | NoMemoryError):
        return True
    status = status_of(error)
    if status is not None:
        return status < 500 and status != 408
    return bool(_names(error) & (_NEVER_SENT | _NEVER_MADE))


def in_words(error: Exception, key_variable: str = "") -> str:
    """Say what went wrong and what to do about it, without request headers or keys.

    Args:
        error: of a call.
        key_variable: where the key of whoever was called is read from, if that is known.
    """
    status = status_of(error)
    if status is not None:
        said = said_by(error)
        remedy = _remedy(status, error, key_variable)
        return f"HTTP {status}: {remedy}{f' (it says: {said})' * bool(said)}"
    for source in (error, error.__cause__):  # a provider's client may have wrapped it
        if isinstance(source, TimeoutError | GarbledError | TransientError) and str(source):
            return str(source)
    if names := _names(error) & _NEVER_MADE:
        name = min(names)
        return f"the call cannot be made ({name}); check the URL and the key for odd characters"
    if is_passing(error):
        detail = f"{type(error).__name__}: {shortened(str(error))}".rstrip(": ")
        return f"cannot be reached ({detail}); check that it runs and its URL"
    return f"{type(error).__name__}: {shortened(str(error), 1000)}"


def _remedy(status: int, error: Exception, key_variable: str) -> str:
    if 300 <= status < 400:
        return "it sends us elsewhere, where we do not follow; give the final URL"
    if out_of_credit(error):
        return "the account has no credit left; add some, or use another key"
    if status in (404, 405) and path_of(error) == "/chat/completions":
        return "there is no such address; the base URL most often ends in /v1, yours does not"
    if status in (401, 403) and key_variable:
        return f"{_REMEDIES[status].partition(';')[0]}; check {key_variable}"
    return _REMEDIES.get(status, "the server failed; try again later")


def _is_garbled(error: Exception) -> bool:
    """Recognise a body that is not what the protocol says, as proxies send in trouble."""
    kinds = {cls.__name__ for cls in type(error).__mro__}
    return bool(kinds & {"JSONDecodeError", "APIResponseValidationError"})


def _is_transport(error: Exception) -> bool:
    """Recognise httpx's and the providers' own connection errors without importing them."""
    kinds = {cls.__name__ for cls in type(error).__mro__}
    return bool(kinds & {"TransportError", "APIConnectionError", "APITimeoutError"})


def _names(error: BaseException) -> set[str]:
    """Return the names of the classes of an error and its causes, without importing a client."""
    names, source = set[str](), cast(BaseException | None, error)
    for _ in range(_DEEPEST):
        names |= {cls.__name__ for cls in type(source).__mro__}
        source = source and source.__cause__
    return names


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
