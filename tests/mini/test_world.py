"""The small world: requests, questions, layouts, and what is seen on scenes of known truth."""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gems_graph.errors import OutsideWorldError
from gems_graph.mini.checklist import write_checklist
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.judging import judge
from gems_graph.mini.layout import lay_out, satisfied
from gems_graph.mini.look import Look, look
from gems_graph.mini.questions import parse_question
from gems_graph.mini.scene import Group, Relation, Request
from gems_graph.mini.wordings import style_of, two_sizes, write_cells, write_regions
from gems_graph.mini.words import CELLS, COLORS, NUMBER_WORDS, PLURALS, RELATIONS, SHAPES, tokenise
from tools.mini.scenes import Group as Drawn
from tools.mini.scenes import Scene, relation, render, sample_scene


def encoded(pixels: np.ndarray, side: int = 528, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((side, side), 0).save(buffer, form)
    return buffer.getvalue()


def crowded(rng: random.Random) -> Scene:
    """Four groups anywhere, the first two of one colour, so that equal colours touch."""
    free = [(column, row) for column in range(4) for row in range(4)]
    rng.shuffle(free)
    colors, shapes = rng.sample(list(COLORS), 3), rng.sample(SHAPES, 4)
    groups = []
    for color, shape in zip([colors[0], *colors], shapes, strict=True):
        count = rng.randint(1, 4)
        groups.append(
            Drawn(color, shape, count, rng.choice(["small", "large"]), cells=free[:count])
        )
        free = free[count:]
    return Scene(rng.choice(["white", "cream", "gray"]), groups)


def request_of(scene: Scene) -> Request:
    """The request that states everything about a scene."""
    groups = tuple(
        Group(g.count, g.color, g.shape, g.size, None, tuple(CELLS[r * 4 + c] for c, r in g.cells))
        for g in scene.groups
    )
    found = relation(scene) if all(g.region != "full" for g in scene.groups) else None
    word, first, second = found or ("", [], [])
    word = "left of" if word == "left" else word
    pairs = tuple(Relation(word, a, b) for a in first for b in second)
    return Request(groups, pairs, scene.background)


def spoiled(scene: Scene, rng: random.Random) -> Scene:
    """The scene with its first group in a colour that nobody asked for."""
    strange = rng.choice([c for c in COLORS if c not in {g.color for g in scene.groups}])
    first, *rest = scene.groups
    return Scene(scene.background, [replace(first, color=strange), *rest])


@pytest.mark.parametrize("make", [sample_scene, crowded])
@pytest.mark.parametrize(("side", "form"), [(48, "PNG"), (528, "PNG"), (300, "PNG"), (528, "JPEG")])
def test_nearly_every_atom_of_a_known_scene_is_judged_right(
    make: Callable[[random.Random], Scene], side: int, form: str
) -> None:
    rng = random.Random(side)
    answers = []
    for _ in range(25):
        scene = make(rng)
        questions = write_checklist(request_of(scene))
        seen, other = (
            look(encoded(render(drawn, rng), side, form)) for drawn in (scene, spoiled(scene, rng))
        )
        answers += [judge(question, seen).answer == "yes" for question in questions]
        answers += [judge(questions[0], other).answer == "no"]
    assert np.mean(answers) >= 0.98, np.mean(answers)


def test_items_are_found_where_they_are() -> None:
    rng = random.Random(3)
    for _ in range(40):
        scene = crowded(rng)
        seen = look(encoded(render(scene, rng)))
        want = Counter(
            (group.color, group.shape, group.size, CELLS[row * 4 + column])
            for group in scene.groups
            for column, row in group.cells
        )
        assert Counter((i.color, i.shape, i.size, i.cell) for i in seen.items) == want
        assert seen.background == scene.background


def test_wide_pictures_are_read_by_their_central_square() -> None:
    scene = Scene("cream", [Drawn("red", "circle", 1, cells=[(0, 3)])])
    canvas = Image.new("RGB", (1000, 700), (250, 240, 215))
    drawn = Image.fromarray(render(scene, random.Random(0))).resize((672, 672), 0)
    canvas.paste(drawn, (164, 14))
    buffer = io.BytesIO()
    canvas.save(buffer, "PNG")
    assert [item.cell for item in look(buffer.getvalue()).items] == ["a4"]


@pytest.mark.parametrize("kind", ["noise", "gradient", "black", "strip", "broken", ""])
def test_pictures_of_something_else_are_unsure_and_never_crash(kind: str) -> None:
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    across, down = ramp[None].repeat(64, 0), ramp[:, None].repeat(64, 1)
    pictures = {
        "noise": np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8),
        "gradient": np.stack([across, down, across], -1),
        "black": np.zeros((64, 64, 3), np.uint8),
        "strip": np.full((2, 99, 3), 250, np.uint8),
    }
    data = kind.encode()
    if kind in pictures:
        buffer = io.BytesIO()
        Image.fromarray(pictures[kind]).save(buffer, "PNG")
        data = buffer.getvalue()
    assert judge("Is there a red circle?", look(data)).answer == "unsure"


def test_an_empty_picture_shows_nothing() -> None:
    seen = look(encoded(np.full((48, 48, 3), 250, np.uint8)))
    assert seen == Look(background="white")
    assert judge("Is there a red circle?", seen).answer == "no"


SCENE = Scene(
    "white",
    [
        Drawn("red", "circle", 2, "small", cells=[(0, 0), (1, 0)]),
        Drawn("blue", "square", 1, "large", cells=[(3, 2)]),
        Drawn("blue", "cross", 1, "large", cells=[(3, 3)]),
    ],
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Is there a red circle?", "yes"),
        ("Are there exactly two red circles?", "yes"),
        ("Are there three red circles?", "no"),
        ("Does the picture show at least two circles?", "yes"),
        ("Is there only one circle?", "no"),
        ("Are there 4 shapes?", "yes"),
        ("Is there no green circle?", "yes"),
        ("Is there a blue circle?", "no"),
        ("Is the background white?", "yes"),
        ("Is the background cream?", "no"),
        ("Are the two red circles to the left of the blue square?", "yes"),
        ("Is the blue square above the red circles?", "no"),
        ("Is the blue cross below the blue square?", "yes"),
        ("Is the green circle left of the blue square?", "no"),
        ("Is there a red circle left of a blue square?", "yes"),
        ("Are the red circles in the top left corner?", "yes"),
        ("Are there exactly two red circles in the right half of the picture?", "no"),
        ("Are the red circles in a row?", "yes"),
        ("Are the red circles in a column?", "no"),
        ("Are the red circles scattered?", "no"),
        ("Are the two red circles at a1 and b1 on a 4 by 4 grid (columns a to d)?", "yes"),
        ("Is the blue square at a1?", "no"),
        ("Are all red circles small?", "yes"),
        ("Is the blue square small?", "no"),
        ("Are all circles red?", "yes"),
        ("Are all blue shapes squares?", "no"),
        ("Are there no shapes other than red circles, blue squares and blue crosses?", "yes"),
        ("Are there no shapes other than red circles and blue squares?", "no"),
        ("Two red circles.", "yes"),
        ("Is there a cat?", "unsure"),
        ("Are there more circles than squares?", "unsure"),
        ("Is there nothing else in the picture?", "unsure"),
        ("Is the picture beautiful?", "unsure"),
        ("左边有红色的圆吗?", "unsure"),
        ("", "unsure"),
    ],
)
def test_questions_are_answered_from_the_picture(question: str, answer: str) -> None:
    verdict = judge(question, look(encoded(render(SCENE, random.Random(0)))))
    assert verdict.answer == answer, verdict
    assert verdict.evidence.endswith(".")


NAMES = st.tuples(st.integers(1, 4), st.sampled_from(list(COLORS)), st.sampled_from(SHAPES))


@settings(max_examples=40, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4, unique_by=lambda name: name[1:]), st.data())
def test_requests_are_read_as_written_and_laid_out_as_stated(
    names: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    said = [
        f"{NUMBER_WORDS[n] if n > 1 else 'a'} {color} {PLURALS[shape] if n > 1 else shape}"
        for n, color, shape in names
    ]
    word = data.draw(st.sampled_from(RELATIONS))
    text = said[0] if len(said) == 1 else f"{' and '.join(said[:-1])} {word} {said[-1]}"
    request = parse_request(text)
    assert [(g.count, g.color, g.shape) for g in request.groups] == names
    assert [(r.word, r.subject, r.object) for r in request.relations] == [
        (word, k, len(said) - 1) for k in range(len(said) - 1)
    ]
    questions = write_checklist(request)
    assert all(parse_question(question) for question in questions)
    assert len(set(questions)) == len(questions)
    if cells := lay_out(request, text):
        assert satisfied(request, cells)
        plan = write_cells(request, cells)
        assert plan
        assert [group.cells for group in parse_request(plan).groups] == cells


@pytest.mark.parametrize(
    ("text", "relations"),
    [
        ("A red circle, a blue square and a green cross", []),
        ("two red circles to the left of a blue square, and a green cross", [("left of", 0, 1)]),
        (
            "a red circle and a green cross left of a blue square",
            [("left of", 0, 2), ("left of", 1, 2)],
        ),
        (
            "a red circle left of a blue square above a green cross",
            [("left of", 0, 1), ("above", 1, 2)],
        ),
        (
            "a red circle left of a blue square and a green cross above a yellow circle",
            [("left of", 0, 1), ("above", 2, 3)],
        ),
        (
            "A red circle left of a blue square. The blue square above a green cross.",
            [("left of", 0, 1), ("above", 1, 2)],
        ),
    ],
)
def test_relations_bind_what_they_stand_between(text: str, relations: list[object]) -> None:
    read = parse_request(text).relations
    assert [(r.word, r.subject, r.object) for r in read] == relations


def test_plans_are_read_back() -> None:
    text = (
        "cream background . left half : exactly two large red circles in a row . blue cross at d4"
    )
    request = parse_request(text)
    assert request.background == "cream"
    assert request.groups == (
        Group(2, "red", "circle", "large", "left half", (), "row"),
        Group(1, "blue", "cross", cells=("d4",)),
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a photo of a cat", "'photo'"),
        ("红色的圆", "does not know"),
        ("", "nothing to draw"),
        ("the white background", "nothing to draw"),
        ("seven red circles", "at most four"),
        ("12 red circles", "at most four"),
        ("red circles", "how many"),
        ("a circle", "cannot read"),
        ("left of a red circle", "left of"),
        ("a red circle above", "above"),
        ("a red circle left of a red circle", "tell apart"),
        ("two red circles at a1", "one cell"),
        (" and ".join(f"four {color} circles" for color in list(COLORS)[:5]), "room for 16"),
    ],
)
def test_what_the_world_lacks_is_refused_with_the_way_out(text: str, hint: str) -> None:
    with pytest.raises(OutsideWorldError, match="--mllm") as caught:
        parse_request(text)
    assert hint in str(caught.value)


def test_impossible_layouts_are_none() -> None:
    text = "a red circle left of a blue square and the blue square left of the red circle"
    assert lay_out(parse_request(text), "") is None


def test_kept_cells_stay_and_the_seed_decides_the_rest() -> None:
    request = parse_request("two red circles left of three blue squares")
    layouts = [lay_out(request, seed, {0: ("a1", "b4")}) for seed in "xxyz"]
    assert layouts[0] == layouts[1]
    assert len(set(map(str, layouts))) > 1
    assert all(layout and layout[0] == ("a1", "b4") for layout in layouts)


def test_wordings_are_recognised() -> None:
    text = "two red circles left of three red squares"
    request = parse_request(text)
    cells = lay_out(request, text)
    assert cells
    prompts = {
        "plain": text,
        "regions": write_regions(request),
        "coordinates": write_cells(request, cells),
        "sizes": write_cells(request, cells, "sizes"),
        "swapped": write_cells(request, cells, "swapped"),
    }
    assert {name: style_of(prompt or "", text, request) for name, prompt in prompts.items()} == {
        name: name for name in prompts
    }
    assert style_of("a poem", text, request) is None


def test_two_sizes_leave_stated_sizes_and_lone_colors_alone() -> None:
    request = parse_request("two red circles, a small red square and a blue cross")
    sized = two_sizes(request, ("large", "small"))
    assert [group.size for group in sized.groups] == ["large", "small", None]


def test_a_background_may_be_said_in_the_usual_ways() -> None:
    for preposition in ("on a", "with a", "against the"):
        asked = f"two red circles {preposition} white background"
        assert parse_request(asked).background == "white"
        assert "white background" in " ".join(tokenise(asked))
