"""OneIG-Bench's annotations: questions with their dependencies, and the texts to be read."""

from __future__ import annotations

import json
from typing import Any

from gems_graph.benchmarks.data import Places, rows, whole
from gems_graph.errors import UsageError

ALIGNED = ("anime", "human", "object", "multilingualism")
"""Classes with questions about alignment."""


class Annotations:
    """What the judges know, from the official repository; files that are missing are left out."""

    def __init__(self, places: Places, suffix: str) -> None:
        self._places, self._suffix = places, suffix
        self._questions: dict[str, Any] = {}
        table = places.find(f"text/text_content{suffix}.csv") or places.find(
            f"text_content{suffix}.csv"
        )
        lines = rows(table, ("id", "text_content")) if table else ()
        self._texts = {line.fields["id"]: line.fields["text_content"] for line in lines}

    def of(self, kind: str, number: str) -> dict[str, Any]:
        """Return what is known of one prompt."""
        if kind == "text":
            return {"text": self._texts[number]} if number in self._texts else {}
        if kind not in self._questions:
            self._questions[kind] = self._read(kind)
        record = self._questions[kind].get(number)
        return _asked(record, f"Q_D/{kind}{self._suffix}.json, {number}") if record else {}

    def _read(self, kind: str) -> Any:
        name = f"{kind}{self._suffix}.json"
        places = ("alignment/Q_D", "Q_D", "scripts/alignment/Q_D")
        found = [file for place in places if (file := self._places.find(f"{place}/{name}"))]
        return whole(found[0]) if found and kind in ALIGNED else {}


def _asked(record: Any, where: str) -> dict[str, Any]:
    """Read one record: JSON inside strings, questions numbered from 1."""
    try:
        parts = [json.loads(r) if isinstance(r := record[n], str) else r for n in _PARTS]
        questions = {int(number): str(text) for number, text in parts[0].items()}
        parents = {int(n): [int(p) for p in each if int(p)] for n, each in parts[1].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{where}: `question` and `dependency` cannot be read ({error})."
        raise UsageError(msg) from error
    return {"questions": dict(sorted(questions.items())), "parents": parents}


_PARTS = ("question", "dependency")
