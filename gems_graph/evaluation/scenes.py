"""Pictures of known truth from the offline world: `scenes(n, seed)` is all that others use.

Every question is asked for what is there or, as often, for something else, so that a Verifier
that always says yes is right half of the time.
"""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

from PIL import Image

from gems_graph.evaluation.cases import Case, Question
from gems_graph.mini.artwork.render import Cell, Group, Scene, render
from gems_graph.mini.generator import SCALE
from gems_graph.mini.world import COLORS, NUMBER_WORDS, OBJECTS, PLURALS, SCENES, SIZES, visible

T = TypeVar("T")
_BANDS: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((0, 1, 2, 3),), 2: ((0, 1), (2, 3)), 3: ((0,), (1,), (2, 3))
}  # fmt: skip
"""Columns of each group, from the left: so that who is left of whom is never in doubt."""


def scenes(count: int, seed: int) -> Iterator[Case]:
    """Draw pictures with questions whose answers are known.

    Args:
        count: pictures.
        seed: the same one gives the same pictures and questions.
    """
    rng = random.Random(seed)
    for number in range(1, count + 1):
        groups = _groups(rng)
        fits = [scene for scene in SCENES if all(visible(g.color, scene) for g in groups)]
        data = _drawn(Scene(rng.choice(fits), groups))
        questions = [q for group in groups for q in _about(group, groups, rng)]
        if len(groups) > 1:
            questions.append(_relation(groups, rng))
        yield Case(f"scene {number}", lambda data=data: data, tuple(questions))  # type: ignore[misc]


def _groups(rng: random.Random) -> list[Group]:
    """Make one to three groups from left to right, no colour and no thing twice."""
    count = rng.randint(1, 3)
    kinds = zip(rng.sample(list(COLORS), count), rng.sample(OBJECTS, count), strict=True)
    return [
        _group(color, name, columns, rng)
        for (color, name), columns in zip(kinds, _BANDS[count], strict=True)
    ]


def _group(color: str, name: str, columns: Sequence[int], rng: random.Random) -> Group:
    cells: list[Cell] = [(column, row) for column in columns for row in range(4)]
    count = rng.randint(1, 4)
    size = rng.choice([size for size in SIZES if size != "big"])
    return Group(name, color, count, size, rng.sample(cells, count))


def _drawn(scene: Scene) -> bytes:
    """Enlarge and encode as the offline generator does."""
    pixels = Image.fromarray(render(scene))
    out = io.BytesIO()
    side = pixels.width * SCALE
    pixels.resize((side, side), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _about(group: Group, groups: Sequence[Group], rng: random.Random) -> list[Question]:
    """Ask for the number, the colour and the presence of a group, truly or not."""
    plural, many = PLURALS[group.object], group.count > 1
    count = _this_or_other(group.count, list(NUMBER_WORDS), rng)
    color = _this_or_other(group.color, list(COLORS), rng)
    absent = [name for name in OBJECTS if name not in {other.object for other in groups}]
    name = _this_or_other(group.object, [group.object, *absent], rng)
    noun = plural if count > 1 else group.object
    ask = f"{'Are' if count > 1 else 'Is'} there exactly {NUMBER_WORDS[count]} {noun}?"
    bind = f"Are the {plural} {color}?" if many else f"Is the {group.object} {color}?"
    return [
        Question(ask, count == group.count, "count"),
        Question(bind, color == group.color, "attribute"),
        Question(f"Is there at least one {name}?", name == group.object, "object"),
    ]


def _relation(groups: Sequence[Group], rng: random.Random) -> Question:
    """Ask whether a group is left of the next one, or right of it."""
    k = rng.randrange(len(groups) - 1)
    names = [PLURALS[g.object] if g.count > 1 else g.object for g in groups[k : k + 2]]
    be = "Are" if groups[k].count > 1 else "Is"
    side = rng.choice(["left", "right"])
    return Question(f"{be} the {names[0]} {side} of the {names[1]}?", side == "left", "position")


def _this_or_other(this: T, choices: Sequence[T], rng: random.Random) -> T:
    return this if rng.random() < 0.5 else rng.choice([c for c in choices if c != this])
