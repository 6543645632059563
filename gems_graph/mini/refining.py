"""Chooses the next wording from what earlier ones achieved.

Nothing about this generator is known beforehand: each way of wording starts with a hope, the
simpler one with the greater, and every attempt shown counts as one more observation. So a
failed request is worded with regions first and then with cells. Groups that came out right
keep their places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gems_graph.mini.checklist import count_question, write_checklist
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.judging import holds
from gems_graph.mini.layout import Cells, lay_out
from gems_graph.mini.look import Item, look
from gems_graph.mini.messages import Attempt
from gems_graph.mini.scene import Group, Request
from gems_graph.mini.wordings import STYLES, cells_in, style_of, write_cells, write_regions
from gems_graph.mini.world import CELLS

_HOPES = {"plain": 0.5, "regions": 0.8, "coordinates": 0.75}
"""What is hoped of a wording before it was tried, from 0 to 1."""
_WEIGHT = 1  # attempts that a hope counts for


@dataclass(frozen=True)
class Outcome:
    """How an attempt worded the request (None: in no way known) and how far it came."""

    style: str | None
    right: int
    total: int

    @property
    def share(self) -> float:
        """The part of the checklist that held."""
        return self.right / self.total


@dataclass(frozen=True)
class Step:
    """The next prompt, its rationale for the record, and the thinking behind it."""

    prompt: str
    rationale: str
    thought: str


def outcome_of(attempt: Attempt, text: str, request: Request) -> Outcome | None:
    """Read how an attempt did from its verdicts, its picture or its lesson; None: unknown."""
    style = style_of(attempt.prompt, text, request) if attempt.prompt else None
    lesson = re.match(r"With (.+?), (\d+) of (\d+) right", attempt.experience)
    if lesson and not style:
        style = next((key for key, name in STYLES.items() if name == lesson[1]), None)
    if attempt.verdicts:
        right = sum(verdict.answer == "yes" for verdict in attempt.verdicts)
        # a message that lists failures alone still tells how many there were of all
        unseen = 0 if right else max(0, len(write_checklist(request)) - len(attempt.verdicts))
        return Outcome(style, right + unseen, len(attempt.verdicts) + unseen)
    if lesson and int(lesson[3]):
        return Outcome(style, int(lesson[2]), int(lesson[3]))
    if attempt.picture:
        questions = write_checklist(request)
        right = sum(holds(question, look(attempt.picture)) for question in questions)
        return Outcome(style, right, len(questions))
    return None


def refine(text: str, current: Attempt, history: Sequence[Attempt]) -> Step:
    """Write the next prompt for a request.

    Raises:
        OutsideWorldError: the request is not of the small world.
    """
    request = parse_request(text)
    judged = [(attempt, outcome_of(attempt, text, request)) for attempt in (*history, current)]
    outcomes = [outcome for _, outcome in judged if outcome]
    best, achieved = max(judged, key=lambda pair: pair[1].share if pair[1] else -1.0)
    hopes = _hopes(outcomes)
    ways = _not_vaguer(achieved.style if achieved else None)
    kept_cells = _worth_keeping(best, [attempt for attempt, _ in judged], request)
    seed = "|".join([text, str(len(judged)), current.prompt])
    for style in sorted(ways, key=lambda style: -hopes[style]):
        if prompt := _write(style, text, request, kept_cells, seed):
            kept_groups = [request.groups[k].words() for k in kept_cells]
            return _step(prompt, style, hopes, outcomes, kept_groups)
    return _step(text, "plain", hopes, outcomes, [])


def _hopes(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Return the expected score of each wording: its hope averaged with the attempts."""
    hopes = {}
    for style, hope in _HOPES.items():
        shares = [outcome.share**2 for outcome in outcomes if outcome.style == style]
        hopes[style] = (_WEIGHT * hope + sum(shares)) / (_WEIGHT + len(shares))
    return hopes


def _not_vaguer(style: str | None) -> list[str]:
    """Return the wordings that say at least as much of places as a style does."""
    styles = list(_HOPES)
    return styles[styles.index(style) :] if style else styles


def _worth_keeping(
    best: Attempt, attempts: Sequence[Attempt], request: Request
) -> dict[int, Cells]:
    """Return the right cells of the best attempt, less those that some prompt gave in vain."""
    in_vain = [
        (k, cells)
        for attempt in attempts
        for k, cells in cells_in(attempt.prompt, request).items()
        if k not in _right_cells(attempt, request)
    ]
    best_cells = _right_cells(best, request).items()
    return {k: cells for k, cells in best_cells if (k, cells) not in in_vain}


def _right_cells(attempt: Attempt, request: Request) -> dict[int, Cells]:
    """Return the cells of the groups that came out right, from the picture or else the prompt."""
    right_cells: dict[int, Cells] = {}
    prompt_cells = cells_in(attempt.prompt, request)
    passed = {verdict.question for verdict in attempt.verdicts if verdict.answer == "yes"}
    items = look(attempt.picture).items if attempt.picture else ()
    for k, group in enumerate(request.groups):
        mine = [item for item in items if item.kind == group.kind and _fits(item, group)]
        cells = tuple(cell for item in mine for cell in item.cells)
        if not attempt.picture and count_question(request, group) in passed:
            cells = prompt_cells.get(k, ())
        if len(set(cells)) == len(cells) == group.room:
            right_cells[k] = tuple(sorted(cells, key=CELLS.index))
    return right_cells


def _fits(item: Item, group: Group) -> bool:
    """Tell whether an item has the size of a group, which is normal where none is stated."""
    return item.size == (group.size or "normal")


def _write(
    style: str, text: str, request: Request, kept_cells: dict[int, Cells], seed: str
) -> str | None:
    if style == "plain":
        return text
    if style == "regions":
        return write_regions(request)
    cells = lay_out(request, seed, kept_cells) or lay_out(request, seed)
    return write_cells(request, cells) if cells else None


def _step(
    prompt: str,
    style: str,
    hopes: dict[str, float],
    outcomes: Sequence[Outcome],
    kept_groups: Sequence[str],
) -> Step:
    last = outcomes[-1] if outcomes else None
    so_far = f"{last.right} of {last.total} hold. " if last else ""
    styles_tried = {outcome.style for outcome in outcomes}
    way = f"{'Again' if style in styles_tried else 'Next'} {STYLES[style]}"
    keeping = ""
    if kept_groups and style not in ("plain", "regions"):
        keeping = f", with the {' and the '.join(kept_groups)} where they came out right"
    chances = ", ".join(f"{STYLES[name]} {hope:.2f}" for name, hope in hopes.items())
    rationale = f"{way}{keeping}."
    thought = f"{so_far}From the attempts shown I expect: {chances}. {rationale}"
    return Step(prompt, f"{so_far}{rationale}", thought)
