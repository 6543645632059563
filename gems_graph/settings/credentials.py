"""Settings are kept with every trajectory, so keys, tokens and passwords may not be in them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, JsonValue
from pydantic_core import PydanticCustomError

from gems_graph.errors import ConfigError
from gems_graph.settings.redaction import remember_secret

KIND = "credential"
"""The type of the validation error; its input must not be shown."""
_NAMES = {
    "key", "token", "auth", "authorization", "bearer", "password", "passwd", "pwd", "secret", "sig",
}  # fmt: skip
_ENDS = ("apikey", "accesskey", "secretkey", "subscriptionkey", "accesstoken", "authtoken",
         "apitoken", "securitytoken", "password", "secret", "signature", "credential",
         "credentials", "authorization")  # fmt: skip
_DEEPEST = 50
_SCHEME = r"[a-z][a-z0-9+.-]*://"
_URL = re.compile(rf"{_SCHEME}(?:(?!,{_SCHEME})\S)*", re.IGNORECASE)  # one of a list, perhaps
_REMEDY = (
    "Settings are kept with the trajectory, so put it into an environment variable: "
    "GEMS_API_KEY for chat models, GEMS_GENERATOR_KEY for an image server."
)


def key_in(variable: str) -> str:
    """Return the key in an environment variable, without blanks around it; empty: there is none.

    Raises:
        ConfigError: it holds what no HTTP header can; it is not shown.
    """
    key = remember_secret(os.environ.get(variable, "").strip())
    if not (key.isascii() and key.isprintable()):
        msg = (
            f"{variable} holds a character that no key has, such as a line break or a typographic "
            "dash: copy the key again."
        )
        raise ConfigError(msg)
    return key


def is_secret(name: str) -> bool:
    """Tell whether a field of this name would hold a key, token or password."""
    letters = re.sub(r"[\W_]", "", name).casefold()
    return letters in _NAMES or letters.endswith(_ENDS)


def _open_text(text: str) -> str:
    """Refuse URLs with credentials in them.

    Raises:
        PydanticCustomError: there is one; it is not shown.
    """
    for address in _URL.findall(text):
        try:
            parts = urlsplit(address)
        except ValueError:  # no URL that anything could open
            continue
        if "@" in parts.netloc:
            raise _refusal("holds a user name or password in its URL")
        for name, _ in (*parse_qsl(parts.query, True), *parse_qsl(parts.fragment, True)):
            if is_secret(name):
                raise _refusal(f"holds {name}= in its URL")
    return text


def _open_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Refuse fields that would hold a key, at any depth.

    Raises:
        PydanticCustomError: there is one; it is not shown.
    """
    for name, value in _walk(fields):
        if (isinstance(value, float) and not math.isfinite(value)) or (
            isinstance(value, int) and abs(value) >= 2**63
        ):
            raise PydanticCustomError("number", "holds a number that no checkpoint can keep")
        if is_secret(name):
            raise _refusal(f"holds the field {name!r}")
        if isinstance(value, str):
            _open_text(value)
    return fields


def _walk(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if depth > _DEEPEST:
        raise PydanticCustomError("depth", "is nested more than 50 deep")
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name), inner
            yield from _walk(inner, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield "", inner
            yield from _walk(inner, depth + 1)


def _refusal(problem: str) -> PydanticCustomError:
    return PydanticCustomError(KIND, "{what}. {remedy}", {"what": problem, "remedy": _REMEDY})


OpenText = Annotated[str, AfterValidator(_open_text)]
"""Text, perhaps with a URL in it, that holds no credentials."""
OpenFields = Annotated[dict[str, Any], AfterValidator(_open_fields)]
"""Fields of a request, none of which is a credential."""
PlainFields = Annotated[dict[str, JsonValue], AfterValidator(_open_fields)]
"""Options of a backend as plain JSON, none of which is a credential."""
