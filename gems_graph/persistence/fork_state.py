"""The state that a branch of a trajectory begins with."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from gems_graph.errors import UsageError
from gems_graph.memory import all_pass
from gems_graph.settings import Settings, settle
from gems_graph.state import SCHEMA, Attempt, Criterion, Round, State, Thought, Variation, Verdict

_NOT_ASKED = Verdict(answer="unsure", p_yes=None, evidence="not asked in this round")


@dataclass(frozen=True)
class Branch:
    """The last round that is kept (0: only the plan), and what is different from there on.

    Raises:
        UsageError: the prompt or the checklist is empty.
    """

    round: int
    prompt: str | None
    criteria: Sequence[str] | None
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.prompt is not None and not self.prompt.strip():
            msg = "The prompt is empty: say what to draw, or leave it to the Refiner."
            raise UsageError(msg)
        if self.criteria is not None and not any(map(str.strip, self.criteria)):
            msg = "The checklist is empty: give at least one yes/no question, or none at all."
            raise UsageError(msg)

    @property
    def judges(self) -> bool:
        """Whether the last round that is kept is judged anew."""
        return bool(self.criteria and self.round)

    @property
    def user_attempt(self) -> Attempt:
        """The attempt with the prompt that the user gave."""
        nothing = Thought(text="", sha256=None)
        prompt = str(self.prompt).strip()
        return Attempt(n=self.round + 1, prompt=prompt, thought=nothing, origin="user")


def branched(head: State, source: State, branch: Branch, note: str) -> State:
    """Return the state of a new trajectory, which has spent nothing yet.

    Args:
        head: of the old one; a person may have overruled a verdict after the source.
        source: the old one as it was after the last round that is kept.
        branch: what is kept and what is different.
        note: where it comes from.

    Raises:
        UsageError: nothing would be left to do.
        ConfigError: a setting is not valid.
    """
    settings = settle(source["settings"], branch.settings)
    rounds, criteria = head.get("rounds", [])[: branch.round], source["criteria"]
    _check_work_remains(rounds, settings, branch)
    state = State(
        schema=SCHEMA,
        trajectory=uuid.uuid4().hex,
        prompt=source["prompt"],
        settings=settings.model_dump(),
        references=source.get("references", []),
        skills=source.get("skills", []),
        criteria=[*criteria, *(c for c in source.get("skill_criteria", []) if c not in criteria)],
        skill_criteria=[],  # they are among the criteria now
        attempt=_unjudged(rounds[-1]) if rounds else _planned(source),
        rounds=rounds,
        experiences=source.get("experiences", [])[: max(branch.round - 1, 0)],
        notes=[*source.get("notes", []), note],
    )
    if branch.criteria:
        state = _with_criteria(state, branch.criteria)
    if branch.prompt and not branch.judges:
        state["attempt"] = branch.user_attempt
    return state


def _check_work_remains(rounds: Sequence[Round], settings: Settings, branch: Branch) -> None:
    """Make sure that the branch has something to do.

    Raises:
        UsageError: no round is left, or the last one passes and nothing changes it.
    """
    n, limit = len(rounds), settings.max_iterations
    if n >= limit and (branch.prompt or not branch.judges):
        msg = (
            f"Round {n} is the last that max_iterations={limit} allows: fork it with "
            f"--max-iterations {n + 1} or more."
        )
        raise UsageError(msg)
    if n and all_pass(rounds[-1]) and not (branch.prompt or branch.criteria):
        msg = (
            f"Round {n} passes every criterion, so a fork of it would end at once: give it a "
            "--prompt or --criteria, or keep fewer rounds."
        )
        raise UsageError(msg)


def _unjudged(round_: Round) -> Attempt:
    return cast(Attempt, {key: value for key, value in round_.items() if key != "verdicts"})


def _planned(source: State) -> Attempt:
    """Return the first attempt as it was before it was drawn."""
    attempt: Attempt = source["rounds"][0] if source.get("rounds") else source["attempt"]
    fields = ("n", "prompt", "thought", "origin")
    return cast(Attempt, {key: value for key, value in attempt.items() if key in fields})


def _with_criteria(state: State, criteria: Sequence[str]) -> State:
    """Replace the criteria; earlier rounds keep their verdicts on questions that stay.

    The last round is no longer among the rounds, as it is judged anew.
    """
    questions = list(dict.fromkeys(q.strip() for q in criteria if q.strip()))
    known = {c["question"]: c for c in reversed(state["criteria"])}
    return {
        **state,
        "criteria": [known.get(q) or Criterion(question=q, source="user") for q in questions],
        "rounds": [
            _with_verdicts_on(r, state["criteria"], questions) for r in state["rounds"][:-1]
        ],
    }


def _with_verdicts_on(
    round_: Round, criteria: Sequence[Criterion], questions: Sequence[str]
) -> Round:
    old_questions = [criterion["question"] for criterion in criteria]

    def on_questions(old: Sequence[Verdict]) -> list[Verdict]:
        verdicts = dict(zip(old_questions, old, strict=True))
        return [verdicts.get(question, _NOT_ASKED) for question in questions]

    kept = Round(**{**round_, "verdicts": on_questions(round_["verdicts"])})
    if variations := round_.get("variations"):
        kept["variations"] = [
            Variation(**{**each, "verdicts": on_questions(each["verdicts"])}) for each in variations
        ]
    return kept
