"""What a server says with an error: its message, shortened, without keys."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

from gems_graph.settings.redaction import remember_secret, shortened

_FIELDS = ("error", "message", "detail", "msg", "error_msg", "reason", "title")
_KEYS = ("authorization", "api-key", "x-api-key", "x-goog-api-key")
_TITLE = re.compile(r"<title>(.*?)</title>|<h1>(.*?)</h1>", re.IGNORECASE | re.DOTALL)
_SPENT = re.compile(
    r"insufficient[_ ](user_)?(quota|balance|funds)|exceeded[_ ](your[_ ])?current[_ ]quota"
    r"|billing_(hard_limit|not_active)|credit balance is too low"
)
_MOST = 64_000
"""Characters of a body that are looked at."""


def said_by(error: BaseException) -> str:
    """Return the message in the body of a refused call; empty where there is none."""
    return shortened(_message(_body(error)))


def out_of_credit(error: BaseException) -> bool:
    """Tell whether a server refuses for lack of money, which waiting does not mend."""
    return bool(_SPENT.search(_body(error).lower()))


def path_of(error: BaseException) -> str:
    """Return the path that was asked for; empty where the error does not say."""
    response: Any = getattr(error, "response", None)
    with suppress(AttributeError, RuntimeError):
        return str(response.request.url.path)
    return ""


def _body(error: BaseException) -> str:
    """Return the body of an error's answer; its key is known from here on."""
    response: Any = getattr(error, "response", None)
    with suppress(AttributeError, RuntimeError):  # of another kind, or without its request
        for header in _KEYS:
            remember_secret(response.request.headers.get(header, ""))
    with suppress(AttributeError, RuntimeError):  # none, or a stream that nobody has read
        return str(response.text)[:_MOST]
    return ""


def _message(body: str) -> str:
    with suppress(ValueError, RecursionError):
        return _in_json(json.loads(body)) or body
    if body.lstrip().startswith("<"):
        title = _TITLE.search(body)
        return (title[1] or title[2] or "") if title else ""
    return body


def _in_json(value: Any) -> str:
    """Return the message in an error body, in whichever of the usual fields it lies."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _in_json(value[0]) if value else ""
    if not isinstance(value, dict):
        return ""
    return next((text for name in _FIELDS if (text := _in_json(value.get(name)))), "")
