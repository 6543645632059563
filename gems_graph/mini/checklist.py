"""Writes the checklist of a request: atomic questions that can each be read alone."""

from __future__ import annotations

from collections.abc import Iterator

from gems_graph.mini import world
from gems_graph.mini.scene import Group, Request

SCENE_QUESTIONS = {
    "plain": "Is the background plain?",
    "sky": "Is the scene in the sky?",
    "meadow": "Is the scene in a meadow?",
    "beach": "Is the scene on the beach?",
    "night": "Is it night?",
}
_GRID = "on a 4 by 4 grid (columns a to d from the left, rows 1 to 4 from the top)"


def write_checklist(request: Request) -> list[str]:
    """Write the questions that a right picture answers with yes, none of them twice."""
    questions = [*_counts(request), *_stated(request), *_relations(request), _nothing_else(request)]
    if request.scene:
        questions.append(SCENE_QUESTIONS[request.scene])
    return list(dict.fromkeys(questions))


def count_question(request: Request, group: Group) -> str:
    """Write the question for how many things of a group's kind there are."""
    same = [other for other in request.groups if other.kind == group.kind]
    total = sum(other.count for other in same)
    name = Group(total, group.color, group.object).words("one")
    return f"{'Is' if total == 1 else 'Are'} there exactly {name}?"


def _counts(request: Request) -> Iterator[str]:
    for group in request.groups:
        yield count_question(request, group)


def _stated(request: Request) -> Iterator[str]:
    """Ask for sizes, regions, cells and arrangements that the request states of a group."""
    for group in request.groups:
        if sum(other.kind == group.kind for other in request.groups) > 1:
            yield from _stated_of_some(group)
        else:
            yield from _stated_of_all(group)


def _stated_of_some(group: Group) -> Iterator[str]:
    """Ask about one of several groups of one kind: only counts tell them apart."""
    be = "Is" if group.count == 1 else "Are"
    if group.region:
        yield f"{be} there exactly {group.words('one')} in the {group.region}?"
    elif group.size:
        yield f"{be} there exactly {group.words('one')}?"


def _stated_of_all(group: Group) -> Iterator[str]:
    about = _question_start(group)
    if group.size:
        yield f"{about} {group.size}?"
    if group.region:
        yield f"{about} in the {group.region}?"
    if group.cells:
        yield f"{about} at {_listed(group.cells)} {_GRID}?"
    if group.arrangement and group.count > 1:
        yield f"{about} in a {group.arrangement}?"


def _relations(request: Request) -> Iterator[str]:
    for relation in request.relations:
        others = [_the(request.groups[other]) for other in relation.others]
        start = _question_start(request.groups[relation.subject])
        yield f"{start} {relation.word} {' and '.join(others)}?"


def _nothing_else(request: Request) -> str:
    kinds = dict.fromkeys(group.kind for group in request.groups)
    return f"Is there nothing but {_listed([f'{c} {world.PLURALS[o]}' for o, c in kinds])}?"


def _question_start(group: Group) -> str:
    """Return the start of a question about all things of a group: `Are the two red fish`."""
    return f"{'Is' if group.count == 1 else 'Are'} {_the(group)}"


def _the(group: Group) -> str:
    return f"the {Group(group.count, group.color, group.object).words('')}"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
