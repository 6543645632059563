"""Text from others, made safe to print on a terminal and to name files by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gems_graph.errors import UsageError

_STEERING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)  # controls and escapes, marks that reorder a line, halves of characters
_PLAIN = re.compile(r"\w(?:[\w.-]*[\w-])?")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # of Windows
LONGEST_TEXT = 50_000
"""Characters of a request or a criterion; models read less of a request for one picture."""
_LONGEST, _LETTERS = 200, 40  # bytes of a name that stays as it is; characters kept of another


def check_text(text: str, what: str = "The request") -> str:
    """Return a text that every server, file and database takes.

    Raises:
        UsageError: it is too long, or holds half a character or an invisible NUL.
    """
    if len(text) > LONGEST_TEXT:
        msg = f"{what} has {len(text):,} characters; give {LONGEST_TEXT:,} at most."
        raise UsageError(msg)
    if "\x00" in text:
        place = text.index("\x00") + 1
        msg = f"{what} is no plain text: character {place} is a NUL, which no database keeps."
        raise UsageError(msg)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        msg = (
            f"{what} is no valid text: character {error.start + 1} is half of one. Read it in the "
            "encoding that it was written in, most often UTF-8."
        )
        raise UsageError(msg) from error
    return text


def printable(text: object) -> str:
    """Return a text with control characters escaped, except line ends and tabs.

    Escaped as in JSON, so that a printed JSON text keeps its value.
    """
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", str(text).replace("\r\n", "\n"))


def file_name(text: str) -> str:
    """Return a name of a file or folder for a text, valid on any system and no other text's.

    A plain word stays as it is; of others the letters are kept, and a hash tells them apart.
    """
    encoded = text.encode("utf-8", "surrogatepass")
    if _PLAIN.fullmatch(text) and not _DEVICE.fullmatch(text) and len(encoded) <= _LONGEST:
        return text
    letters = re.sub(r"[^\w-]+", "_", text)[:_LETTERS].strip("_-")
    return f"{letters or 'x'}-{hashlib.sha256(encoded).hexdigest()[:12]}"


def check_list(value: object, what: str) -> list[Any]:
    """Return what was given as a list; one text would be taken letter by letter.

    Args:
        value: given by a caller.
        what: it is called, and what it takes: `checklist takes a list of questions`.

    Raises:
        UsageError: it is no list, or one text.
    """
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping | Path):
        return [*value]
    msg = f"{what}, not {f'{value!r:.80}'}: put it into brackets."
    raise UsageError(msg)


def check_texts(value: object, what: str) -> list[str]:
    """Return a list of texts, as `check_list` does.

    Raises:
        UsageError: it is none, or holds what is no text.
    """
    texts = check_list(value, what)
    if wrong := [each for each in texts if not isinstance(each, str)]:
        msg = f"{what}, and {wrong[0]!r:.80} is no text: put it into quotation marks."
        raise UsageError(msg)
    return [check_text(each) for each in texts]
