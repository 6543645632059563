"""The dialogue at a pause: show what is asked, take changes by single letters, give an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gems_graph.cli.terminal.editor import Edit
from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.wording import counted_criteria
from gems_graph.review.answers import check
from gems_graph.review.questions import CriteriaQuestion, Question, VerdictQuestion

_RULING = re.compile(r"\s*(?P<n>\d+)(?:\s*[=:]\s*|\s+)(?P<ruling>\S.*?)\s*", re.DOTALL)
_MARKS = {"yes": "[green]✓[/]", "no": "[red]✗[/]", "unsure": "[yellow]?[/]"}
_KEYS = {
    "criteria": {"e": "edit the criteria"},
    "prompt": {"p": "another prompt"},
    "verdicts": {"o": "overrule a verdict"},
    "accept": {"a": "accept this picture"},
}


class Dialogue:
    """Asks on a terminal.

    Args:
        console: where to show things.
        read: reads one line after a prompt; `EOFError` where there is none.
        edit: edits a longer text; without it such a text is typed line by line.
    """

    def __init__(
        self, console: Console, read: Callable[[str], str] | None = None, edit: Edit | None = None
    ) -> None:
        self._console, self._edit = console, edit
        self._read = read or (lambda prompt: console.input(escape(prompt)))

    def about(self, question: Question, picture: Path | None = None) -> Any:
        """Return the answer to a question as `Command(resume=...)` takes it; None: not now.

        Args:
            question: what a pause asks.
            picture: file of the picture that it asks about.
        """
        answer: dict[str, Any] = {}
        keys = {key: text for name in question["answers"] for key, text in _KEYS[name].items()}
        try:
            while True:
                self.show(question, picture, answer)
                key = self._key({"": "go on", **keys, "q": "not now: leave it waiting"})
                if key == "q":
                    return None
                if key in ("", "a"):
                    return {**answer, "accept": True} if key else answer or True
                answer = self._changed(question, answer, key)
        except (EOFError, KeyboardInterrupt):
            return None

    def _key(self, keys: Mapping[str, str]) -> str:
        """Ask for one of some letters until one is given."""
        offered = "  ".join(f"{key or 'Enter'}: {text}" for key, text in keys.items())
        while True:
            key = self._read(f"{offered}\n> ").strip().lower()
            if key in keys:
                return key

    def _changed(self, question: Question, answer: dict[str, Any], key: str) -> dict[str, Any]:
        """Take one change; one that does not fit is refused with its error, and changes nothing."""
        try:
            take_change = {"e": self._criteria, "p": self._prompt, "o": self._overrule}[key]
            changed = {**answer, **take_change(question, answer)}
            check(question, changed)
        except UsageError as error:
            self._say(f"{error}")
            return answer
        return changed

    def _criteria(self, question: Any, answer: Mapping[str, Any]) -> dict[str, Any]:
        criteria = _criteria(question, answer)
        if self._edit:
            return {"criteria": self._edit("\n".join(criteria)).splitlines()}
        self._say("N: TEXT replaces criterion N, N: removes it, other text is added; Enter ends.")
        while line := self._read("criterion> ").strip():
            criteria = edited(criteria, line)
            self._list_criteria(criteria)
        return {"criteria": [line for line in criteria if line]}

    def _prompt(self, question: Question, answer: Mapping[str, Any]) -> dict[str, Any]:
        current = answer.get("prompt") or question["prompt"]
        text = self._edit(current) if self._edit else self._read("prompt> ")
        return {"prompt": text.strip()} if text.strip() else {}

    def _overrule(self, question: Question, answer: Mapping[str, Any]) -> dict[str, Any]:
        line = self._read("criterion and verdict, as in 2 yes or 2 no: the hat is blue> ")
        if not line.strip():
            return {}
        return {"verdicts": {**answer.get("verdicts", {}), **rulings([line])}}

    def show(
        self,
        question: Question,
        picture: Path | None = None,
        answer: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Show what is asked, with the changes made so far."""
        if question["kind"] == "criteria":
            self._say(f"\nWhat the pictures of {question['request']!r} will be judged by:")
            self._list_criteria(_criteria(question, answer), question)
        else:
            score = f"{question['passed']} of {counted_criteria(question['total'])}"
            n, most = question["round"], question["max_iterations"]
            self._say(f"\nRound {n} of at most {most}: {score}. The picture: {picture}")
            self._console.print(_verdict_table(question, answer.get("verdicts", {})))
        label = "Next prompt" if "prompt" in answer else "Prompt"
        self._say(f"{label}: {answer.get('prompt') or question['prompt']}")

    def _list_criteria(
        self, criteria: Sequence[str], question: CriteriaQuestion | None = None
    ) -> None:
        sources = {c["question"]: c["source"] for c in question["criteria"]} if question else {}
        table = Table.grid(padding=(0, 1))
        for n, text in enumerate(criteria, start=1):
            source = sources.get(text, "yours" if question else "")
            table.add_row(str(n), Text(printable(text)), Text(source, style="dim"))
        self._console.print(table)

    def _say(self, text: str) -> None:
        self._console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


def _criteria(question: CriteriaQuestion, answer: Mapping[str, Any]) -> list[str]:
    """Return the list as edited so far."""
    return list(answer.get("criteria") or [c["question"] for c in question["criteria"]])


def _verdict_table(question: VerdictQuestion, overruled: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 1))
    for verdict in question["verdicts"]:
        ruling = overruled.get(str(verdict["n"]), "")
        answer = ruling.partition(":")[0].strip().lower() or verdict["answer"]
        evidence = f"you: {ruling}" if ruling else verdict["evidence"]
        line = Text(printable(verdict["question"])), Text(printable(evidence), style="dim")
        table.add_row(str(verdict["n"]), _MARKS[answer], *line)
    return table


def edited(criteria: Sequence[str], line: str) -> list[str]:
    """Return a list after one typed change: `N: text` replaces, `N:` removes, text is added."""
    numbered = re.fullmatch(r"(\d+)\s*:\s*(.*)", line)
    if not numbered:
        return [*criteria, line]
    n, text = int(numbered[1]), numbered[2]
    changed = [text if k == n else question for k, question in enumerate(criteria, start=1)]
    return [question for question in changed if question]


def rulings(pairs: Sequence[str]) -> dict[str, str]:
    """Read N=VERDICT or N VERDICT, for example `2=yes`, `2 yes` or `2=no: the hat is blue`.

    Raises:
        UsageError: one is not of that form.
    """
    parts = {pair: _RULING.fullmatch(pair) for pair in pairs}
    if malformed := next((pair for pair, match in parts.items() if not match), None):
        msg = f"A verdict is overruled as N=yes, N=no or N=unsure, not {malformed!r}."
        raise UsageError(msg)
    return {match["n"]: match["ruling"] for match in parts.values() if match}
