"""How far both readers of the pictures can be trusted, on drawn scenes whose truth is known.

The Verifier is the offline chat model, asked the criteria as in a run; the judge is
`tools/mini/checker.py`. Half of the pictures show what a request asks for, half of them
differ from it in one way, so that the right answer is often no.

    python -m tools.bench_readers
"""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from langchain_core.messages import HumanMessage
from PIL import Image

from gems_graph.mini.chat import MiniChat
from gems_graph.mini.checklist import write_checklist
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.words import COLORS, SHAPES
from gems_graph.prompting.templates import prompts_in
from gems_graph.state import ImageRef
from tools.mini.checker import analyse
from tools.mini.hard import KINDS, SAME, Request, build
from tools.mini.scenes import Cell, Group, Pixels, Scene, render

ENOUGH = 0.98
SCENES = 100  # of each kind; twice as many pictures
_SEED = 31_337


class Seen(NamedTuple):
    """An item as drawn, or as the judge sees it; `x` from 0 (left) to 1."""

    color: str
    shape: str
    x: float


Test = Callable[[Sequence[Seen]], bool]


def atoms(request: Request) -> list[tuple[str, Test]]:
    """Return the criteria of a request, each with what it says about a list of items."""
    kinds = [(group.color, group.shape) for group in request.groups]
    tests: list[Test] = [
        lambda items, kind=kind, n=group.count: sum(i[:2] == kind for i in items) == n  # type: ignore[misc]
        for kind, group in zip(kinds, request.groups, strict=True)
    ]
    if request.kind == SAME:
        tests.append(lambda items: _left(*([i.x for i in items if i[:2] == k] for k in kinds)))
    tests.append(lambda items: all(item[:2] in kinds for item in items))
    questions = write_checklist(parse_request(request.wordings["plain"]))
    return list(zip(questions, tests, strict=True))


def measure(scenes: int = SCENES) -> dict[str, Any]:
    """Return, by kind and over all, the share of atoms that each reader gets right."""
    rng = random.Random(_SEED)
    report: dict[str, Any] = {}
    for kind in KINDS:
        marks = [mark for _ in range(scenes) for mark in _marks(build(kind, rng), rng)]
        report[kind] = {"atoms": len(marks), **_shares(marks)}
    total = sum(row["atoms"] for row in report.values())
    means = {
        reader: sum(row[reader] * row["atoms"] for row in report.values()) / total
        for reader in ("verifier", "judge")
    }
    report["all"] = {"atoms": total, **means}
    return report


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    print(f"Readers on rendered scenes of known truth: share of atoms right (at least {ENOUGH})")
    print(f"{'kind':<22}{'atoms':>7}{'Verifier':>10}{'judge':>8}")
    for kind, row in report.items():
        print(
            f"{kind:<22}{row['atoms']:>7}{row['verifier']:>10.4f}{row['judge']:>8.4f}", flush=True
        )


def trusted(report: dict[str, Any]) -> bool:
    """Tell whether both readers are good enough to measure anything with."""
    return min(report["all"]["verifier"], report["all"]["judge"]) >= ENOUGH


def _shares(marks: Sequence[tuple[bool, bool]]) -> dict[str, float]:
    verifier, judge = np.mean(marks, axis=0)
    return {"verifier": float(verifier), "judge": float(judge)}


def _marks(request: Request, rng: random.Random) -> list[tuple[bool, bool]]:
    """Say for each atom, on a true and on a spoiled picture, which reader is right."""
    asked = _placed(request, rng)
    marks = []
    for groups in (asked, _spoiled(request, asked, rng)):
        drawn = [Seen(g.color, g.shape, (c + 0.5) / 4) for g in groups for c, _ in g.cells]
        picture = render(Scene(rng.choice(["white", "cream", "gray"]), groups), rng)
        judged = [Seen(item.color, item.shape, item.cx) for item in analyse(picture)[0]]
        encoded = _encoded(picture)
        for question, test in atoms(request):
            answer = _ask(question, encoded) == "yes"
            marks.append((answer == test(drawn), test(judged) == test(drawn)))
    return marks


def _placed(request: Request, rng: random.Random) -> list[Group]:
    """Give every item a cell: anywhere, or where a relation is asked for, on its side."""
    used: set[Cell] = set()
    placed = []
    for number, group in enumerate(request.groups):
        columns = (range(2), range(2, 4))[number] if request.kind == SAME else range(4)
        free = [(c, r) for c in columns for r in range(4) if (c, r) not in used]
        cells = rng.sample(free, group.count)
        used.update(cells)
        placed.append(replace(group, size=rng.choice(["small", "large"]), cells=cells))
    return placed


def _spoiled(request: Request, groups: list[Group], rng: random.Random) -> list[Group]:
    """Change one thing: the number, colour or shape of a group, or the sides."""
    ways = ["fewer", "more", "color", "shape", *(["sides"] * (request.kind == SAME))]
    way, k = rng.choice(ways), rng.randrange(len(groups))
    group, rest = groups[k], [*groups[:k], *groups[k + 1 :]]
    if way == "sides":
        return [replace(g, cells=[(3 - c, r) for c, r in g.cells]) for g in groups]
    if way == "color":
        return [replace(group, color=_other(COLORS, {g.color for g in groups}, rng)), *rest]
    if way == "shape":
        return [replace(group, shape=_other(SHAPES, {g.shape for g in groups}, rng)), *rest]
    if way == "fewer" and group.count > 1:
        return [replace(group, cells=group.cells[1:]), *rest]
    used = {cell for g in groups for cell in g.cells}
    side = {c // 2 for c, _ in group.cells}  # where sides matter, stay on one
    free = [(c, r) for c in range(4) for r in range(4) if (c, r) not in used and c // 2 in side]
    return [replace(group, cells=[*group.cells, *free[:1]]), *rest]


def _other(names: Any, taken: set[str], rng: random.Random) -> str:
    return rng.choice([name for name in names if name not in taken] or list(names))


def _left(left: Sequence[float], right: Sequence[float]) -> bool:
    return bool(left and right) and float(np.mean(left)) < float(np.mean(right))


def _encoded(picture: Pixels) -> str:
    """Enlarge and encode as the offline generator does."""
    out = io.BytesIO()
    Image.fromarray(picture).resize((528, 528), Image.Resampling.NEAREST).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def _ask(question: str, encoded: str) -> str:
    """Put a criterion to the offline chat model, with the Verifier's own template."""
    ref = ImageRef(sha256="", media_type="image/png", width=528, height=528)
    picture = {"type": "image", "base64": encoded, "mime_type": "image/png"}
    parts = prompts_in().render("verifier", picture=ref, criterion=question)
    content = [{"type": "text", "text": p} if isinstance(p, str) else picture for p in parts]
    reply = MiniChat().invoke([HumanMessage(content)])  # type: ignore[arg-type]
    return str(json.loads(str(reply.text))["answer"])


def main() -> None:
    report = measure()
    show(report)
    raise SystemExit(not trusted(report))


if __name__ == "__main__":
    main()
