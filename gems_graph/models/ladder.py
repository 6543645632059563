"""What only some servers take beside the messages, and what is sent where they do not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

Extras = Mapping[str, Mapping[str, Any]]
"""Fields of the request body, by the feature that they ask for."""
SCHEMA, WITH_SCHEMA, OBJECT = "schema", "object with schema", "object"
ANY_OBJECT = {"response_format": {"type": "json_object"}}
_NOT_TAKEN = {400, 422, 500}  # answers to a field that a server does not know; 500 is llama.cpp's


class Ladder:
    """What one server turned out not to take.

    Attributes:
        declined: names of extras that it does not take.
        suspected: whether it last answered 500 to some, and then without them.
    """

    def __init__(self) -> None:
        self.declined: set[str] = set()
        self.suspected = False

    def climb(self, extras: Extras) -> Climb:
        """Begin a call that would like to send these extras."""
        return Climb(self, rungs(extras, self.declined))


class Climb:
    """One call's way down the ladder, until the server answers."""

    def __init__(self, ladder: Ladder, ways: list[Extras]) -> None:
        self._ladder, self._rungs = ladder, ways
        self._at, self._leapt = 0, False

    @property
    def sending(self) -> Extras:
        """What to send now."""
        return self._rungs[self._at]

    @property
    def final(self) -> Collection[int]:
        """HTTP statuses after which the same is not sent again."""
        return _NOT_TAKEN if self.sending else ()

    def down(self, status: int | None) -> bool:
        """Go on without what the server may not take; False: that was not it.

        After a first 500 nothing is left to blame but the server: if that fails, too, it is an
        outage. After a second one rung is tried after the other.
        """
        if status not in self.final:
            return False
        self._leapt = status == 500 and not self._ladder.suspected
        self._at = len(self._rungs) - 1 if self._leapt else self._at + 1
        return True

    def ends(self) -> None:
        """Remember what the server did not take: it was that, and not the rest of the request."""
        if not self._leapt:
            climbed = {name for rung in self._rungs[: self._at] for name in rung}
            self._ladder.declined |= climbed - {*self.sending}
        if self._rungs[0]:
            self._ladder.suspected = self._leapt


def rungs(extras: Extras, declined: Collection[str]) -> list[Extras]:
    """Return what to send, best first; the last rung is nothing.

    The JSON schema gives way to a JSON object with a schema (llama.cpp), to any JSON object
    (DeepSeek), to words. What stands beside it, such as log-probabilities, is left out as soon as
    that alone helps.
    """
    beside = {n: body for n, body in extras.items() if n not in {SCHEMA, OBJECT, *declined}}
    forms: list[Extras] = [{n: body} for n, body in _forms(extras) if n not in declined]
    if not beside:
        return [*forms, {}]
    with_all: list[Extras] = [{**beside, **form} for form in forms]
    return [*with_all[:1], *forms[:1], *with_all[1:], beside, *forms[1:], {}]


def _forms(extras: Extras) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the ways to ask for the form of an answer, best first."""
    if SCHEMA in extras:
        yield SCHEMA, extras[SCHEMA]
        asked = extras[SCHEMA].get("response_format", {})
        if schema := asked.get("json_schema", {}).get("schema"):
            yield WITH_SCHEMA, {"response_format": {"type": "json_object", "schema": schema}}
            yield OBJECT, ANY_OBJECT
    elif OBJECT in extras:
        yield OBJECT, extras[OBJECT]
