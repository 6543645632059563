"""Questions that hang on each other: how they are asked for, and how they are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from pydantic import Field, field_validator

from gems_graph.errors import RefusedError, UnreadableError
from gems_graph.models.answers import Form, plain
from gems_graph.nodes.decomposer import request_itself
from gems_graph.nodes.verifier import verifier
from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Criterion, Round, State, Verdict

STANDING = (
    "Is the picture free of visible artifacts, such as malformed hands or faces, things that "
    "melt into each other, or torn edges?",
    "Is all writing in the picture legible and spelled as its words are (yes, if there is none)?",
)
"""What every picture is asked, whatever the request."""


class Item(Form):
    """A question, and the numbers of those that it hangs on."""

    question: str
    parents: list[int] = Field(default=[])


class Questions(Form):
    """Questions, at least one of them with letters or digits."""

    questions: list[Item]

    @field_validator("questions")
    @classmethod
    def _usable(cls, items: list[Item]) -> list[Item]:
        if not any(any(map(str.isalnum, item.question)) for item in items):
            msg = "it holds no question"
            raise ValueError(msg)
        return items


@module(
    part="criteria", role="decomposer", templates=("craft_questions",), reads=("prompt",),
    owes=("criteria",), doing="writing questions",
    calls=lambda work: 0 if work.criteria_given else 1,
)  # fmt: skip
async def questions(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Write the questions with their parents, and put the two standing ones behind them."""
    standing = [Criterion(question=each, source="strategy:craft") for each in STANDING]
    if state.get("criteria"):  # the caller's own
        return {"criteria": [*state["criteria"], *standing]}
    most = toolbox.settings.max_criteria
    try:
        answer = await toolbox.ask(
            "decomposer", "craft_questions", Questions, user_prompt=state["prompt"], most=most
        )
    except (UnreadableError, RefusedError) as error:
        note = f"No usable questions; the request itself is the only one. {error}"
        return {"criteria": [request_itself(state["prompt"]), *standing], "notes": [note]}
    return {"criteria": [*criteria_of(answer.value.questions)[:most], *standing]}


def criteria_of(items: Sequence[Item]) -> list[Criterion]:
    """Return questions as criteria, each once; a parent is one that stands before its child."""
    criteria: dict[str, Criterion] = {}
    for k, item in enumerate(items):
        question = plain(item.question)
        if question in criteria or not any(map(str.isalnum, question)):
            continue
        before = [plain(items[n - 1].question) for n in item.parents if 0 < n <= k]
        parents = [each for each in dict.fromkeys(before) if each in criteria]
        criteria[question] = Criterion(question=question, source="decomposer", parents=parents)
    return [*criteria.values()]


@module(
    part="judge", role="verifier", templates=verifier.templates, reads=("attempt",),
    owes=("rounds",), doing="looking", calls=verifier.calls, sees=True,
)  # fmt: skip
async def answers(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Answer the questions, parents first; the children of one that is answered no fail unasked.

    Asked in one call they are all asked, and the children of a failed one fail all the same (as in
    DSG; the authors of CRAFT leave it open).
    """
    criteria, together = state["criteria"], toolbox.settings.verify == "batched"
    verdicts, notes, judged = dict[int, Verdict](), list[str](), None
    generations = levels(criteria)
    for level in [[*chain(*generations)]] if together else generations:
        asked = [k for k in level if together or not _failed_parent(k, criteria, verdicts)]
        if asked:
            some = {**state, "criteria": [criteria[k] for k in asked]}
            update = await verifier(some, toolbox)  # type: ignore[arg-type]  # a state with fewer
            [judged], notes = update["rounds"], [*notes, *update["notes"]]
            verdicts |= dict(zip(asked, judged["verdicts"], strict=True))
        verdicts |= _unasked(level, criteria, verdicts)
    ordered = [verdicts[k] for k in range(len(criteria))]
    return {
        "rounds": [Round(**{**(judged or state["attempt"]), "verdicts": ordered})],
        "notes": notes,
    }


def levels(criteria: Sequence[Criterion]) -> list[list[int]]:
    """Return the criteria by number, parents in an earlier list than their children."""
    numbers = {each["question"]: k for k, each in enumerate(criteria)}
    open_ones, done, found = [*range(len(criteria))], set[int](), list[list[int]]()
    while open_ones:
        parents = {
            k: {numbers.get(p, -1) for p in criteria[k].get("parents", [])} for k in open_ones
        }
        level = [
            k for k in open_ones if parents[k] <= {*done, -1}
        ] or open_ones  # a circle: at once
        found.append(level)
        done |= {*level}
        open_ones = [k for k in open_ones if k not in done]
    return found


def _failed_parent(k: int, criteria: Sequence[Criterion], verdicts: Mapping[int, Verdict]) -> str:
    """Return a parent of a criterion that was answered no; nothing if there is none."""
    no = {criteria[n]["question"] for n, verdict in verdicts.items() if verdict["answer"] == "no"}
    return next((each for each in criteria[k].get("parents", []) if each in no), "")


def _unasked(
    level: Sequence[int], criteria: Sequence[Criterion], verdicts: Mapping[int, Verdict]
) -> dict[int, Verdict]:
    """Return the verdicts of those whose parent failed, their children's children included."""
    failed = dict[int, Verdict]()
    for k in level:
        if parent := _failed_parent(k, criteria, {**verdicts, **failed}):
            evidence = f"it hangs on “{parent}”, which failed"
            failed[k] = Verdict(answer="no", p_yes=None, evidence=evidence)
    return failed
