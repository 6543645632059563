"""The small world: requests, questions, layouts, and what is seen on scenes of known truth."""

from __future__ import annotations

import io
import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from gems_graph.errors import OutsideWorldError
from gems_graph.mini.artwork.backdrops import backdrop
from gems_graph.mini.artwork.render import Group as Drawn
from gems_graph.mini.artwork.render import Scene, render
from gems_graph.mini.checklist import write_checklist
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.judging import judge
from gems_graph.mini.layout import lay_out, satisfied
from gems_graph.mini.look import Look, look
from gems_graph.mini.questions import parse_question
from gems_graph.mini.scene import Group
from gems_graph.mini.wordings import style_of, write_cells, write_regions
from gems_graph.mini.words import tokenise
from gems_graph.mini.world import COLORS, NUMBER_WORDS, OBJECTS, PAIRS, PLURALS, RELATIONS, SCENES
from tools import bench_readers
from tools.mini import checker
from tools.mini.scenes import Mix, sample_scene


def encoded(pixels: np.ndarray, side: int = 480, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    large = Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS)
    large.save(buffer, form)
    return buffer.getvalue()


def test_both_readers_are_right_on_nearly_every_atom_of_rendered_scenes() -> None:
    report = bench_readers.measure(scenes=4)
    assert bench_readers.trusted(report), report["all"]


@pytest.mark.parametrize(("side", "form"), [(96, "PNG"), (480, "PNG"), (300, "PNG"), (480, "JPEG")])
def test_things_are_found_where_they_are(side: int, form: str) -> None:
    rng = random.Random(side)
    right = []
    for _ in range(25):
        scene = sample_scene(rng, Mix(pairs=PAIRS))
        seen = look(encoded(render(scene), side, form))
        want = Counter(
            (group.object, group.color, group.size, replace(group, cells=[cell]).covered()[0])
            for group in scene.groups
            for cell in group.cells
        )
        corner = {item.cells[0]: item for item in seen.items}
        found = Counter(
            (item.object, item.color, item.size, ("abcd".index(name[0]), int(name[1]) - 1))
            for name, item in corner.items()
        )
        right += [found == want, seen.scene == scene.backdrop]
    assert np.mean(right) >= 0.96, np.mean(right)


def test_wide_pictures_are_read_by_their_central_square() -> None:
    scene = Scene("plain", [Drawn("cat", "red", cells=[(0, 3)])])
    canvas = Image.new("RGB", (1000, 700), (251, 249, 244))
    canvas.paste(Image.fromarray(render(scene)).resize((700, 700), 0), (150, 0))
    buffer = io.BytesIO()
    canvas.save(buffer, "PNG")
    assert [item.cells for item in look(buffer.getvalue()).items] == [("a4",)]


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
    assert judge("Is there a red fish?", look(data)).answer == "unsure"


@pytest.mark.parametrize("name", OBJECTS)
def test_a_smear_is_unsure_for_both_readers(name: str) -> None:
    scene = Scene("plain", [Drawn(name, "red", cells=[(1, 1)])])
    smeared = Image.fromarray(render(scene)).filter(ImageFilter.GaussianBlur(5))
    assert judge(f"Is there a red {name}?", look(encoded(np.asarray(smeared)))).answer != "yes"
    assert all(item.object is None for item in checker.read(smeared).items)


@pytest.mark.parametrize("scene", SCENES)
def test_an_empty_picture_shows_nothing(scene: str) -> None:
    for mirrored in (False, True):
        pixels = backdrop(scene, mirrored).astype(np.uint8)
        assert look(encoded(pixels)) == Look(scene=scene)
        assert checker.read(pixels).items == ()
    assert judge("Is there a red fish?", look(encoded(pixels))).answer == "no"


SCENE = Scene(
    "meadow",
    [
        Drawn("fish", "red", 2, "small", [(0, 0), (1, 0)]),
        Drawn("house", "blue", 1, "big", [(2, 1)]),
        Drawn("cat", "blue", 1, cells=[(3, 3)]),
    ],
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Is there a red fish?", "yes"),
        ("Are there exactly two red fish?", "yes"),
        ("Are there three red fish?", "no"),
        ("Does the picture show at least two fish?", "yes"),
        ("Is there only one cat?", "yes"),
        ("Are there 4 things?", "yes"),
        ("Is there no green cup?", "yes"),
        ("Is there a blue fish?", "no"),
        ("Is the scene in a meadow?", "yes"),
        ("Is the scene on the beach?", "no"),
        ("Is it night?", "no"),
        ("Is the background plain?", "no"),
        ("Are the two red fish to the left of the blue house?", "yes"),
        ("Is the blue house above the red fish?", "no"),
        ("Is the blue cat below the blue house?", "yes"),
        ("Is the green cup left of the blue house?", "no"),
        ("Is there a red fish left of a blue house?", "yes"),
        ("Is the blue house between the red fish and the blue cat?", "yes"),
        ("Is the blue cat between the red fish and the blue house?", "no"),
        ("Are the red fish in the top left corner?", "yes"),
        ("Are there exactly two red fish in the right half of the picture?", "no"),
        ("Are the red fish in a row?", "yes"),
        ("Are the red fish in a column?", "no"),
        ("Are the two red fish at a1 and b1 on a 4 by 4 grid (columns a to d)?", "yes"),
        ("Is the blue house at c2, d2, c3 and d3?", "yes"),
        ("Is the blue cat at a1?", "no"),
        ("Are all red fish small?", "yes"),
        ("Is the blue house small?", "no"),
        ("Are all fish red?", "yes"),
        ("Are all blue things cats?", "no"),
        ("Is there nothing but red fish, blue houses and blue cats?", "yes"),
        ("Are there no things other than red fish and blue cats?", "no"),
        ("Two red fish.", "yes"),
        ("Is there a dragon?", "unsure"),
        ("Are there more fish than cats?", "unsure"),
        ("Is there nothing else in the picture?", "unsure"),
        ("Is the picture beautiful?", "unsure"),
        ("左边有红色的鱼吗?", "unsure"),
        ("", "unsure"),
    ],
)
def test_questions_are_answered_from_the_picture(question: str, answer: str) -> None:
    verdict = judge(question, look(encoded(render(SCENE))))
    assert verdict.answer == answer, verdict
    assert verdict.evidence.endswith(".")


NAMES = st.tuples(st.integers(1, 3), st.sampled_from(list(COLORS)), st.sampled_from(OBJECTS))


@settings(max_examples=40, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=3, unique_by=lambda name: name[1:]), st.data())
def test_requests_are_read_as_written_and_laid_out_as_stated(
    names: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    said = [
        f"{NUMBER_WORDS[n] if n > 1 else 'a'} {color} {PLURALS[name] if n > 1 else name}"
        for n, color, name in names
    ]
    word = data.draw(st.sampled_from(RELATIONS))
    text = said[0] if len(said) == 1 else f"{' and '.join(said[:-1])} {word} {said[-1]}"
    request = parse_request(text)
    assert [(g.count, g.color, g.object) for g in request.groups] == names
    assert [(r.word, r.subject, r.others) for r in request.relations] == [
        (word, k, (len(said) - 1,)) for k in range(len(said) - 1)
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
        ("A red fish, a blue house and a green cup", []),
        ("two red fish to the left of a blue house, and a green cup", [("left of", 0, (1,))]),
        (
            "a red fish and a green cup left of a blue house",
            [("left of", 0, (2,)), ("left of", 1, (2,))],
        ),
        (
            "a red fish left of a blue house above a green cup",
            [("left of", 0, (1,)), ("above", 1, (2,))],
        ),
        (
            "a red fish left of a blue house and a green cup above a yellow fish",
            [("left of", 0, (1,)), ("above", 2, (3,))],
        ),
        (
            "a red fish between a blue house and two green cups, at night",
            [("between", 0, (1, 2))],
        ),
        (
            "A red fish left of a blue house. The blue house above a green cup.",
            [("left of", 0, (1,)), ("above", 1, (2,))],
        ),
    ],
)
def test_relations_bind_what_they_stand_between(text: str, relations: list[object]) -> None:
    read = parse_request(text).relations
    assert [(r.word, r.subject, r.others) for r in read] == relations


def test_plans_are_read_back() -> None:
    text = "exactly two big red fish in the left half in a column . blue cup at d4 . at night"
    request = parse_request(text)
    assert request.scene == "night"
    assert request.groups == (
        Group(2, "red", "fish", "big", "left half", (), "column"),
        Group(1, "blue", "cup", cells=("d4",)),
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a photo of a cat", "'photo'"),
        ("红色的圆", "does not know"),
        ("", "nothing to draw"),
        ("on a plain background", "nothing to draw"),
        ("seven red fish", "at most five"),
        ("12 red fish", "at most five"),
        ("red cars", "how many"),
        ("a fish", "the colour of 'fish'"),
        ("a black cat at night", "black things at night"),
        ("a red fish between a blue cup", "between"),
        ("five big red fish", "no room"),
        ("a big red fish at a1 b1", "four cells"),
        ("left of a red fish", "left of"),
        ("a red fish above", "above"),
        ("a red fish left of a red fish", "tell apart"),
        ("two red fish at a1", "one cell"),
        (" and ".join(f"four {color} fish" for color in list(COLORS)[:3]), "room for 10"),
    ],
)
def test_what_the_world_lacks_is_refused_with_the_way_out(text: str, hint: str) -> None:
    with pytest.raises(OutsideWorldError, match="--mllm") as caught:
        parse_request(text)
    assert hint in str(caught.value)


def test_impossible_layouts_are_none() -> None:
    text = "a red fish left of a blue house and the blue house left of the red fish"
    assert lay_out(parse_request(text), "") is None


def test_kept_cells_stay_and_the_seed_decides_the_rest() -> None:
    request = parse_request("two red fish left of three blue houses")
    layouts = [lay_out(request, seed, {0: ("a1", "b4")}) for seed in "xxyz"]
    assert layouts[0] == layouts[1]
    assert len(set(map(str, layouts))) > 1
    assert all(layout and layout[0] == ("a1", "b4") for layout in layouts)


def test_wordings_are_recognised() -> None:
    text = "two red fish left of three red houses"
    request = parse_request(text)
    cells = lay_out(request, text)
    assert cells
    prompts = {
        "plain": text,
        "regions": write_regions(request),
        "coordinates": write_cells(request, cells),
    }
    assert {name: style_of(prompt or "", text, request) for name, prompt in prompts.items()} == {
        name: name for name in prompts
    }
    assert style_of("a poem", text, request) is None


def test_big_things_get_four_cells_and_no_region_too_small() -> None:
    request = parse_request("two big red houses, a green cat and a blue cup and a pink fish")
    cells = lay_out(request, "")
    assert cells
    assert [len(group) for group in cells] == [8, 1, 1, 1]
    assert satisfied(request, cells)
    assert write_regions(request) is None  # a quarter has no room for two


@pytest.mark.parametrize(
    ("said", "scene"),
    [
        ("on white paper", "plain"),
        ("on a white background", "plain"),
        ("on the grass", "meadow"),
        ("in the field", "meadow"),
        ("at night", "night"),
        ("on a beach", "beach"),
    ],
)
def test_a_scene_may_be_said_in_the_usual_ways(said: str, scene: str) -> None:
    for asked in (f"two red fish {said}", f"{said}, two red fish"):
        assert parse_request(asked).scene == scene
        assert tokenise(asked)
