"""What the small world has no room or no words for."""

from __future__ import annotations

import re

from gems_graph.mini import words, world
from gems_graph.mini.scene import Request, outside

_MANY = (
    r"\b(?:six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|twenty|dozen|hundred|many|several|[6-9]|\d\d+)\b"
)


def check_words(text: str) -> None:
    """Refuse words the world lacks and counts beyond five.

    Raises:
        OutsideWorldError: they occur.
    """
    if match := re.search(_MANY, text.lower()):
        raise outside(f"draws at most five of a kind at once, not {match[0]!r}")
    if unknown := words.unknown_words(words.normalise(text).split()):
        named = ", ".join(map(repr, unknown[:8]))
        raise outside(f"does not know {named}", words.farewell(unknown))


def checked(request: Request) -> Request:
    """Return a request that can be drawn.

    Raises:
        OutsideWorldError: it is empty, too much, or contradicts itself.
    """
    if not request.groups:
        raise outside("finds nothing to draw in this request")
    if (total := sum(group.count for group in request.groups)) > world.MOST_ICONS:
        raise outside(f"has room for {world.MOST_ICONS} things, and this request has {total}")
    if sum(group.room for group in request.groups) > len(world.CELLS):
        raise outside("has no room for so many big things")
    for group in request.groups:
        if group.cells and len(group.cells) != group.room:
            each = "four cells a big thing" if group.span == 2 else "one cell a thing"
            raise outside(f"needs {each}, unlike {group.words()} at {' '.join(group.cells)}")
        if not world.visible(group.color, request.scene):
            raise outside("cannot show black things at night")
    for relation in request.relations:
        subject = request.groups[relation.subject]
        if any(request.groups[other].kind == subject.kind for other in relation.others):
            name = subject.words(count=False, plural=True)
            raise outside(f"cannot tell apart two groups of {name} by where they are")
    return request
