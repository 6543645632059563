"""JSON as models write it: prose around it, quotes inside strings, Python's words, trailing commas.

Every character is looked at a bounded number of times, whatever a reply holds. What is cut off is
never completed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

MARK = "\x00"
"""Stands for an object in a text without its objects."""
_DEPTH, _MOST = 20, 500  # levels of one object; objects of one reply, whole or broken
_WORDS = {"true": True, "false": False, "null": None, "none": None}
_QUOTES = "\"'"
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?(?:[eE][+-]?\d{1,3})?(?=\s*[,}\]])")
_BARE = re.compile(r"[^\W\d][\w ]{0,40}(?=\s*[,}\]])")
_STOPS = {quote: re.compile(rf"\\.|{quote}", re.DOTALL) for quote in _QUOTES}
_KEY = r"(?:\"[^\"\n]{1,64}\"|'[^'\n]{1,64}'|[^\W\d]\w{0,64})(?=\s*:)"
_A_KEY = re.compile(_KEY)
_START = re.compile(rf"\{{(?=\s*(?:\}}|{_KEY}))")
_AFTER_VALUE = re.compile(rf"\s*(?:\}}|,\s*(?:\}}|{_KEY}))")
_AFTER_ITEM = re.compile(r"\s*(?:\]|,\s*[\]\[{\"'\w-])")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class Found(NamedTuple):
    """An object in a text: where it stands, its fields, and whether it says a key in two ways."""

    start: int
    end: int
    fields: dict[str, Any]
    contradicts: bool


def objects(text: str) -> Iterator[Found]:
    """Yield the JSON objects in a text, in order, but for those inside others.

    A quote inside a string ends it only where what follows can follow a string.
    """
    at = 0
    for _ in range(_MOST):
        start = _START.search(text, at)
        if not start:
            return
        reader = _Reader(text, start.start())
        try:
            fields = reader.object(0)
        except _BrokenError:
            at = max(reader.at, start.end())
        else:
            at = reader.at
            yield Found(start.start(), at, fields, reader.contradicts)


def around(found: Sequence[Found], text: str) -> str:
    """Return a text with a mark in the place of each object found in it."""
    pieces, at = list[str](), 0
    for each in found:
        pieces.append(text[at : each.start])
        at = each.end
    return MARK.join([*pieces, text[at:]])


class _BrokenError(ValueError):
    """What stands here is no JSON, however loosely read."""


class _Reader:
    """Reads one value; `at` is how far it has come, also where it failed."""

    def __init__(self, text: str, at: int) -> None:
        self._text, self.at, self.contradicts = text, at, False

    def object(self, depth: int) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        self._take("{")
        while not self._ends("}"):
            key = _unescaped(self._match(_A_KEY).strip(_QUOTES))
            self._take(":")
            value = self._value(depth + 1, _AFTER_VALUE)
            self.contradicts |= key in fields and fields[key] != value
            fields[key] = value
            if not self._ends(",", stay="}"):
                raise _BrokenError
        return fields

    def _array(self, depth: int) -> list[Any]:
        items: list[Any] = []
        self._take("[")
        while not self._ends("]"):
            items.append(self._value(depth + 1, _AFTER_ITEM))
            if not self._ends(",", stay="]"):
                raise _BrokenError
        return items

    def _value(self, depth: int, follows: re.Pattern[str]) -> Any:
        self._skip()
        first = self._text[self.at : self.at + 1]
        if depth > _DEPTH:
            raise _BrokenError
        if first == "{":
            return self.object(depth)
        if first == "[":
            return self._array(depth)
        return self._string(follows) if first and first in _QUOTES else self._word()

    def _string(self, follows: re.Pattern[str]) -> str:
        """Read a string up to the first of its quotes that ends it."""
        begin, stops = self.at + 1, _STOPS[self._text[self.at]]
        for stop in stops.finditer(self._text, begin):
            self.at = stop.end()
            if len(stop[0]) == 1 and follows.match(self._text, self.at):
                return _unescaped(self._text[begin : stop.start()])
        self.at = len(self._text)
        raise _BrokenError

    def _word(self) -> Any:
        """Read a number, a truth value, nothing, or a word without quotes."""
        if number := _NUMBER.match(self._text, self.at):
            self.at = number.end()
            return float(number[0]) if re.search(r"[.eE]", number[0]) else int(number[0])
        word = self._match(_BARE).strip()
        return _WORDS.get(word.casefold(), word)

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self.at)
        if not match:
            raise _BrokenError
        self.at = match.end()
        return match[0]

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self.at)
        self.at = space.end() if space else self.at

    def _take(self, mark: str) -> None:
        if not self._ends(mark):
            raise _BrokenError

    def _ends(self, mark: str, stay: str = "") -> bool:
        """Tell whether a mark is next, and step over it; one of `stay` is left to be read."""
        self._skip()
        next_ = self._text[self.at : self.at + 1]
        self.at += next_ == mark
        return bool(next_) and next_ in (mark, stay)


def _unescaped(text: str) -> str:
    """Undo JSON's escapes; a backslash before any other character is dropped."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_character, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else _ESCAPED.get(escape[2], escape[2])
