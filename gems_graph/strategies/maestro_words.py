"""Maestro's writers: first prompt, questions, targeted editor, implicit improver, self-check."""

from __future__ import annotations

from typing import Any

from gems_graph.errors import RefusedError, UnreadableError
from gems_graph.generators.side_by_side import all_of
from gems_graph.models.answers import Form, plain
from gems_graph.nodes.decomposer import Checklist, request_itself
from gems_graph.prompting.verbatim import Faithful, faithful
from gems_graph.runtime.module import Workload, module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, Criterion, Round, State
from gems_graph.strategies.rewrite import rewritten


class Edited(Form):
    """A prompt, and why it was changed so."""

    rationale: str = ""
    prompt: str


class Checked(Form):
    """The numbers of the questions that a prompt leaves open, and the prompt mended."""

    missing: list[int]
    prompt: str = ""


@module(
    part="criteria", role="decomposer", templates=("maestro_questions",), reads=("prompt",),
    doing="writing questions",
    calls=lambda work: 0 if work.criteria_given else work.settings.maestro_drafts,
)  # fmt: skip
async def questions(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Write the questions, and look them over in as many further passes as are set.

    Where the first pass gives none, the Decomposer's way out is taken: the request is the one.
    """
    if state.get("criteria"):
        return {}
    most, draft = toolbox.settings.max_criteria, list[str]()
    for turn in range(1, toolbox.settings.maestro_drafts + 1):
        try:
            answer = await toolbox.ask(
                "decomposer", "maestro_questions", Checklist, branch=f"pass {turn}",
                user_prompt=state["prompt"], draft=draft, most=most,
            )  # fmt: skip
        except (UnreadableError, RefusedError) as error:
            if not draft:
                note = f"No usable questions; the request itself is the only one. {error}"
                return {"criteria": [request_itself(state["prompt"])], "notes": [note]}
            break
        draft = answer.value.criteria[:most]
    return {"criteria": [Criterion(question=each, source="decomposer") for each in draft]}


@module(
    part="plan", role="planner", templates=("rewrite",), reads=("prompt",), owes=("extra",),
    doing="rewriting", calls=lambda work: 1,
)  # fmt: skip
async def rewriter(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Rewrite the request by published advice: the second picture of round 1."""
    written, notes = await rewritten(state["prompt"], toolbox)
    attempt = await _attempt(2, 1, written, "planner", toolbox)
    return {"extra": {"proposals": [attempt]}, "notes": notes}


def _edits(work: Workload) -> int:
    """Count a call a later round, or one a failed question, of which there may be none."""
    each = work.settings.maestro_edits == "each"
    return 0 if work.least else (work.rounds // 2 - 1) * (work.criteria if each else 1)


@module(
    part="refine", role="editor", templates=("maestro_edit",), reads=("rounds",), owes=("extra",),
    doing="editing", calls=_edits,
)  # fmt: skip
async def editor(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Work the failed questions into the best prompt; where none failed, it is drawn once more."""
    best, generation = _best(state), state["extra"]["generation"] + 1
    failed = [_failure(state, k) for k, v in enumerate(best["verdicts"]) if v["answer"] != "yes"]
    together = toolbox.settings.maestro_edits == "together"
    steps = [failed] if together and failed else [[each] for each in failed]
    written, notes, origin = Faithful(best["prompt"], "", []), list[str](), "editor"
    for k, step in enumerate(steps, start=1):
        view = {**_view(best), "prompt": written.prompt, "verdicts": step}
        written, more = await _rewritten(
            "editor", "maestro_edit", view, f"{generation} {k}", state, toolbox
        )
        notes += more
    attempt = await _attempt(2 * generation - 1, generation, written, origin if steps else "seed",
                             toolbox)  # fmt: skip
    return {"extra": {"edited": attempt}, "notes": notes}


@module(
    part="refine", role="improver", templates=("maestro_improve",), reads=("rounds",),
    owes=("extra",), doing="improving", sees=True, calls=lambda work: work.rounds // 2 - 1,
)  # fmt: skip
async def improver(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Rewrite the best prompt as a whole, from picture and request; it knows no questions."""
    best, generation = _best(state), state["extra"]["generation"] + 1
    view = {**_view(best), "image": best["image"], "side": toolbox.settings.vision_max_side}
    written, notes = await _rewritten(
        "improver", "maestro_improve", view, f"{generation}", state, toolbox
    )
    attempt = await _attempt(2 * generation, generation, written, "improver", toolbox)
    return {"extra": {"improved": attempt}, "notes": notes}


def _checks(work: Workload) -> int:
    """Count a check a new prompt, and as many as are allowed where each finds something."""
    checks = work.settings.maestro_checks
    return (work.rounds - 2) * (min(1, checks) if work.least else checks)


@module(
    role="checker", templates=("maestro_check",), reads=("extra",), owes=("extra",),
    doing="checking prompts", calls=_checks,
)  # fmt: skip
async def check(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Check both new prompts against the questions, and mend them until nothing is missing."""
    new = [state["extra"]["edited"], state["extra"]["improved"]]
    checked = await all_of(_checked(attempt, state, toolbox) for attempt in new)
    return {"extra": {"proposals": checked}}


async def _checked(attempt: Attempt, state: State, toolbox: Toolbox) -> Attempt:
    """Return an attempt with its prompt mended; one whose check cannot be read stays as it is."""
    prompt, asked = attempt["prompt"], [each["question"] for each in state["criteria"]]
    for turn in range(1, toolbox.settings.maestro_checks + 1):
        try:
            answer = await toolbox.ask(
                "checker", "maestro_check", Checked, branch=f"{attempt['n']} {turn}",
                user_prompt=state["prompt"], prompt=prompt, questions=asked,
            )  # fmt: skip
        except (UnreadableError, RefusedError):
            break
        mended = plain(answer.value.prompt)
        if not answer.value.missing or not mended or mended == prompt:
            break
        prompt = mended
    return {**attempt, "prompt": prompt}


async def _rewritten(
    role: str, task: str, view: dict[str, Any], branch: str, state: State, toolbox: Toolbox
) -> tuple[Faithful, list[str]]:
    """Ask for a better prompt that keeps quoted text; where nobody can read it, the old one."""

    async def write(lost_quotes: list[str]) -> tuple[str, str]:
        answer = await toolbox.ask(
            role, task, Edited, branch=branch, user_prompt=state["prompt"], current=view,
            lost=lost_quotes,
        )  # fmt: skip
        prompt = plain(answer.value.prompt) or view["prompt"]
        return prompt, answer.thought or plain(answer.value.rationale)

    try:
        return await faithful(write, state["prompt"], keep=toolbox.settings.keep_quotes), []
    except UnreadableError as error:
        return Faithful(view["prompt"], "", []), [f"A prompt was not changed. {error}"]


async def _attempt(
    n: int, generation: int, written: Faithful, origin: str, toolbox: Toolbox
) -> Attempt:
    thought = await toolbox.keep(written.thought)
    return Attempt(
        n=n, generation=generation, prompt=written.prompt, thought=thought, origin=origin
    )


def _best(state: State) -> Round:
    """Return the best picture, which was judged before anybody writes."""
    return next(each for each in state["rounds"] if each["n"] == state["attempt"]["n"])


def _view(best: Round) -> dict[str, Any]:
    """Return what `_attempt.md` shows of a picture: so far its prompt alone."""
    return {
        "n": best["n"], "prompt": best["prompt"], "image": None, "side": 0, "verdicts": [],
        "thought": "", "experience": "", "passed": 0, "total": 0, "best": False, "left_out": "",
    }  # fmt: skip


def _failure(state: State, k: int) -> dict[str, Any]:
    verdict = _best(state)["verdicts"][k]
    return {
        "n": k + 1, "question": state["criteria"][k]["question"], "answer": verdict["answer"],
        "evidence": verdict["evidence"], "skill": "", "passed_in": 0,
    }  # fmt: skip
