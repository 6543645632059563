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
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from langchain_core.messages import HumanMessage
from PIL import Image

from gems_graph.mini.artwork.render import Group, Pixels, Scene, render
from gems_graph.mini.chat import MiniChat
from gems_graph.mini.checklist import write_checklist
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.world import GRID, SCENES
from gems_graph.prompting.templates import prompts_in
from gems_graph.state import ImageRef
from tools.mini.checker import Item, Reading, read
from tools.mini.kinds import KINDS, Relation
from tools.mini.requests import Request, build, related
from tools.mini.spoiled import spoiled

ENOUGH = 0.98
SCENES_A_KIND = 12  # twice as many pictures
_SEED = 31_337

Test = Callable[[Reading], bool]


def atoms(request: Request) -> list[tuple[str, Test]]:
    """Return the criteria of a request, each with what it says about a reading."""
    questions = write_checklist(parse_request(request.wordings["terse"]))
    return list(zip(questions, _tests(request), strict=True))


def _tests(request: Request) -> Iterator[Test]:
    """Yield what each criterion says, in the order of the checklist."""
    kinds = [group.kind for group in request.groups]
    for group in request.groups:
        yield lambda seen, group=group: len(_of(seen, group)) == group.count  # type: ignore[misc]
    for group in request.groups:
        if group.size != "normal":
            yield lambda seen, group=group: {i.size for i in _of(seen, group)} == {group.size}  # type: ignore[misc]
    for relation in _single(request.relation):
        yield lambda seen, relation=relation: related(  # type: ignore[misc]
            relation, [_of(seen, group) for group in request.groups]
        )
    yield lambda seen: all((item.object, item.color) in kinds for item in seen.items)
    if request.scene:
        yield lambda seen: seen.scene == request.scene


def _single(relation: Relation | None) -> Iterator[Relation]:
    """Split a relation as the checklist does: one question for each pair of groups."""
    if relation:
        between = relation.word == "between"
        for subject in relation.subjects:
            for others in [relation.others] if between else [(o,) for o in relation.others]:
                yield Relation(relation.word, (subject,), others)


def _of(seen: Reading, group: Group) -> list[Item]:
    return [item for item in seen.items if (item.object, item.color) == group.kind]


def measure(scenes: int = SCENES_A_KIND) -> dict[str, Any]:
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
    print(f"{'kind':<29}{'atoms':>7}{'Verifier':>10}{'judge':>8}")
    for kind, row in report.items():
        print(
            f"{kind:<29}{row['atoms']:>7}{row['verifier']:>10.4f}{row['judge']:>8.4f}", flush=True
        )


def trusted(report: dict[str, Any]) -> bool:
    """Tell whether both readers are good enough to measure anything with."""
    return min(report["all"]["verifier"], report["all"]["judge"]) >= ENOUGH


def _shares(marks: Sequence[tuple[bool, bool]]) -> dict[str, float]:
    verifier, judge = np.mean(marks, axis=0)
    return {"verifier": float(verifier), "judge": float(judge)}


def _marks(request: Request, rng: random.Random) -> list[tuple[bool, bool]]:
    """Say for each atom, on a true and on a spoiled picture, which reader is right."""
    scene = Scene(_backdrop(request, rng), request.groups, rng.random() < 0.5)
    marks = []
    for drawn in (scene, spoiled(scene, rng)):
        picture = render(drawn)
        truth, judged, encoded = _truth(drawn), read(picture), _encoded(picture)
        for question, test in atoms(request):
            answer = _ask(question, encoded) == "yes"
            marks.append((answer == test(truth), test(judged) == test(truth)))
    return marks


def _backdrop(request: Request, rng: random.Random) -> str:
    black = any(group.color == "black" for group in request.groups)
    return request.scene or rng.choice(SCENES[:-1] if black else SCENES)


def _truth(scene: Scene) -> Reading:
    """Return the reading of a scene by someone who knows how it was drawn."""
    items = [
        Item(g.object, g.color, g.size, (c + g.span / 2) / GRID, (r + g.span / 2) / GRID, 0.0)
        for g in scene.groups
        for c, r in g.cells
    ]
    return Reading(scene.backdrop, tuple(items), 0)


def _encoded(picture: Pixels) -> str:
    """Enlarge and encode as the offline generator does."""
    out = io.BytesIO()
    Image.fromarray(picture).resize((480, 480), Image.Resampling.LANCZOS).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def _ask(question: str, encoded: str) -> str:
    """Put a criterion to the offline chat model, with the Verifier's own template."""
    ref = ImageRef(sha256="", media_type="image/png", width=480, height=480)
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
