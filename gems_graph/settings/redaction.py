"""Text of a server may quote the key that it was sent: keys are blotted out before it is kept."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

_VARIABLE = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$")
_SHORTEST = 8
"""Characters of a key; a shorter one would blot out ordinary words."""
_LOOKS_SECRET = re.compile(
    r"\b(?:bearer|basic)\s+[\w+/=.~-]{8,}|\b(?:sk|pk|rk|hf|gsk|xai|r8|ghp|key)[-_][\w-]{12,}"
    r"|\bAIza[\w-]{20,}|\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*",
    re.IGNORECASE,
)
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_known: set[str] = set()


def remember_secret(secret: str) -> str:
    """Return a key, and blot it out of whatever a server says from now on."""
    _known.update(_parts(secret))
    return secret


def redacted(text: str) -> str:
    """Return text without keys: those of the environment, those in use, and what looks like one.

    Where there is one, invisible characters go as well: they could stand between its letters.
    """
    seen = bare = _INVISIBLE.sub("", text)
    for secret in sorted({*_known, *_in_environment()}, key=len, reverse=True):
        for form in {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()}:
            bare = bare.replace(form, "***")
    bare = _LOOKS_SECRET.sub("***", bare)
    return text if bare == seen else bare


def shortened(text: str, length: int = 200) -> str:
    """Return text of a server in one short line, without keys."""
    line = " ".join(_INVISIBLE.sub("", redacted(text)).split())
    return line if len(line) <= length else f"{line[:length].rstrip()}..."


def _in_environment() -> Iterator[str]:
    for name, value in os.environ.items():
        if _VARIABLE.search(name.upper()):
            yield from _parts(value)


def _parts(value: str) -> Iterator[str]:
    """Yield what of a value is secret: it, without its scheme, and the password in `Basic ...`."""
    scheme, _, rest = value.strip().partition(" ")
    secrets = [rest.strip() or scheme]
    if scheme.lower() == "basic":
        with suppress(binascii.Error, UnicodeError):
            secrets.append(base64.b64decode(rest).decode().partition(":")[2])
    yield from (secret for secret in secrets if len(secret) >= _SHORTEST)
