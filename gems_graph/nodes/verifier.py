"""Verifier: a model answers every criterion about I_i, V_i = F_ver(I_i, C) (Eq. 4).

It sees the picture and the criterion: never the request, the prompt, or what came before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gems_graph.errors import AnswerError, RefusedError, UnreadableError
from gems_graph.images import shown_side, side_for
from gems_graph.memory import all_pass, best
from gems_graph.models.answers import Answer, plain
from gems_graph.models.likelihood import p_yes, p_yes_each
from gems_graph.nodes.probes import PROBES, TEMPLATES, Judgement, Judgements, Probe
from gems_graph.runtime.module import Workload, module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.settings.redaction import shortened
from gems_graph.state import Attempt, ImageRef, Round, State, Variation, Verdict

Case = dict[str, Any]
"""What a probe shows: `picture`, its longest `side` in pixels, and the `criterion`."""
_SIZES = 3  # of pictures: for details, objects, scenes


def _calls(work: Workload) -> int:
    """Count a probe for each criterion, or one call a size and the doubtful ones asked again."""
    probes = work.criteria
    if work.settings.verify == "batched" and probes > 1:
        probes = 1 if work.least else probes + min(_SIZES, probes // 2)
    return work.rounds * work.settings.variations * probes


@module(
    part="judge", role="verifier", templates=TEMPLATES,
    reads=("attempt",), owes=("rounds",), doing="looking", calls=_calls, sees=True,
)  # fmt: skip
async def verifier(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Judge every criterion; a model that cannot be reached raises, and gives no verdict."""
    attempt, probe = state["attempt"], PROBES[toolbox.settings.probe]
    cases = _cases(state, toolbox)
    batched = toolbox.settings.verify == "batched"
    verdicts = await _judge_together(cases, probe, toolbox) if batched else {}
    remaining = [k for k in range(len(cases)) if k not in verdicts]
    answers = await toolbox.ask_each(
        "verifier", probe.template, probe.form, [cases[k] for k in remaining], logprobs=True
    )
    verdicts |= {k: _verdict(answers[i], probe) for i, k in enumerate(remaining)}
    unreadable = [each for each in answers if isinstance(each, UnreadableError)]
    return {
        "rounds": [_round(attempt, [verdicts[k] for k in range(len(cases))], toolbox.settings)],
        "notes": [_note(attempt["n"], unreadable)] if unreadable else [],
    }


def _cases(state: State, toolbox: Toolbox) -> list[Case]:
    """Return what is shown for each criterion: each picture once, no larger than it is."""
    settings = toolbox.settings
    return [
        {
            "picture": picture,
            "side": shown_side(picture, side_for(criterion, settings)),
            "criterion": criterion["question"],
        }
        for picture in _pictures(state["attempt"]).values()
        for criterion in state["criteria"]
    ]


def _pictures(attempt: Attempt) -> dict[str, ImageRef]:
    """Return the pictures of an attempt by hash: one, or all of its variations."""
    images = [each["image"] for each in attempt.get("variations", [])] or [attempt["image"]]
    return {image["sha256"]: image for image in images}


def _round(attempt: Attempt, verdicts: list[Verdict], settings: Settings) -> Round:
    """Return an attempt with its verdicts; of several pictures, with the best of them."""
    if not (variations := attempt.get("variations")):
        return Round(**{**attempt, "verdicts": verdicts})
    names = [*_pictures(attempt)]
    of_each = len(verdicts) // len(names)
    starts = [names.index(v["image"]["sha256"]) * of_each for v in variations]
    judged = [
        Variation(seed=v["seed"], image=v["image"], verdicts=verdicts[start : start + of_each])
        for v, start in zip(variations, starts, strict=True)
    ]
    rounds = [
        Round(**{**attempt, **v, "verdicts": v["verdicts"], "variations": judged}) for v in judged
    ]
    passing = [round_ for round_ in rounds if all_pass(round_)]
    return best(passing or rounds, settings.tie_break, settings.select_by)


def _note(n: int, unreadable: Sequence[UnreadableError]) -> str:
    return f"Round {n}: {len(unreadable)} answers count as unsure. {unreadable[0]}"


def _verdict(answer: Answer[Judgement] | AnswerError, probe: Probe) -> Verdict:
    """Return the verdict of one probe; one refused or in no readable form is unsure."""
    if isinstance(answer, RefusedError):
        return Verdict(answer="unsure", p_yes=None, evidence=str(answer), unanswered="refused")
    if isinstance(answer, AnswerError):
        evidence = f"no readable answer; it began: “{shortened(answer.raw)}”"
        return Verdict(answer="unsure", p_yes=None, evidence=evidence, unanswered="unreadable")
    return _read(answer.value, p_yes(answer.reply.logprobs, first=probe.answer_first))


def _read(judgement: Judgement, probability: float | None) -> Verdict:
    return Verdict(answer=judgement.answer, p_yes=probability, evidence=plain(judgement.evidence))


async def _judge_together(
    cases: Sequence[Case], probe: Probe, toolbox: Toolbox
) -> dict[int, Verdict]:
    """Ask once for all that share a picture, and return the clear verdicts by index of the case.

    A missing, repeated or unsure verdict is left out; so are all where the answer as a whole cannot
    be read or is refused, and what shares its picture with no other.
    """
    by_view: dict[Any, list[int]] = {}
    for k, case in enumerate(cases):
        by_view.setdefault((case["picture"]["sha256"], case["side"]), []).append(k)
    groups = [group for group in by_view.values() if len(group) > 1]
    shown = [
        {
            "picture": cases[group[0]]["picture"],
            "side": cases[group[0]]["side"],
            "criteria": [cases[k]["criterion"] for k in group],
        }
        for group in groups
    ]
    try:
        answers = await toolbox.ask_each(
            "verifier", probe.batch_template, probe.batch_form, shown, logprobs=True, quiet=True
        )
    except AnswerError:  # where the settings are strict
        return {}
    return {
        group[n]: verdict
        for group, answer in zip(groups, answers, strict=True)
        for n, verdict in _clear(answer).items()
        if 0 <= n < len(group)
    }


def _clear(answer: Answer[Judgements] | AnswerError) -> dict[int, Verdict]:
    """Return the clear verdicts of a batch by number, from 0."""
    if isinstance(answer, AnswerError):
        return {}
    judged = answer.value.verdicts
    numbers = [each.n for each in judged]
    probabilities = p_yes_each(answer.reply.logprobs, len(judged))
    return {
        each.n - 1: _read(each, p)
        for each, p in zip(judged, probabilities, strict=True)
        if numbers.count(each.n) == 1 and each.answer != "unsure"
    }
