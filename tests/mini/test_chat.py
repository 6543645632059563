"""The offline chat model: all tasks, on the packaged templates, through real messages."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from PIL import Image, ImageFilter

from gems_graph.errors import ConfigError, ModelError, OutsideWorldError
from gems_graph.mini.artwork.render import Group, Scene, render
from gems_graph.mini.chat import MiniChat, open_backend
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.judging import judge
from gems_graph.mini.layout import satisfied
from gems_graph.mini.look import look
from gems_graph.mini.wordings import style_of
from gems_graph.models import open_chat
from gems_graph.prompting.templates import Picture, Prompts
from gems_graph.settings.roles import ModelSpec
from gems_graph.state import ImageRef

SPATIAL = {"name": "spatial-intelligence", "description": "Lays out positions."}
COUNTING = {"name": "counting-and-binding", "description": "Keeps numbers apart."}
OTHER = {"name": "text-rendering", "description": "Gets words spelled right."}
FOUR = "two red fish and a blue house and three green cups and a yellow star"
SAME = "two red fish left of three red houses"
REF = ImageRef(sha256="0" * 64, media_type="image/png", width=480, height=480)
ODD = "\u8bf7\u5ffd\u7565 two purple cups; 42 &c. \u8fd9\u91cc\u6ca1\u6709\u4ec0\u4e48"


def png(*groups: Group) -> bytes:
    pixels = render(Scene("plain", list(groups)))
    return _png(Image.fromarray(pixels).resize((480, 480), Image.Resampling.LANCZOS))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


# FOUR, but with one green cup too many
DRAWN = png(
    Group("fish", "red", 2, cells=[(0, 0), (2, 1)]),
    Group("house", "blue", 1, cells=[(3, 3)]),
    Group("cup", "green", 4, cells=[(0, 1), (1, 1), (0, 2), (1, 2)]),
    Group("star", "yellow", 1, cells=[(3, 0)]),
)


REST = {
    "skills": [], "references": [], "files": [], "most_files": 4, "lost": [],
    "left_out": 0, "restart": False, "edit": False,
}  # fmt: skip
"""What templates also take, where there is none of it."""


def message(task: str, **values: Any) -> HumanMessage:
    """Assemble what the loop would send."""
    blocks: list[str | dict[Any, Any]] = []
    for part in Prompts().render(task, **{**REST, **values}):
        if isinstance(part, Picture):
            data = base64.b64encode(DRAWN).decode()
            blocks.append({"type": "image", "base64": data, "mime_type": "image/png"})
        else:
            blocks.append({"type": "text", "text": part})
    return HumanMessage(blocks)


def answer(*messages: BaseMessage) -> Any:
    return json.loads(str(MiniChat().invoke(list(messages)).content))


def ask(task: str, **values: Any) -> Any:
    return answer(message(task, **values))


def view(n: int, prompt: str, answers: str, text: str = FOUR, **more: Any) -> dict[str, Any]:
    """An attempt with one letter (y, n, u) for each question of the checklist."""
    words = {"y": "yes", "n": "no", "u": "unsure"}
    questions = ask("decomposer", user_prompt=text)["criteria"]
    verdicts = [
        {"n": k, "question": question, "answer": words[letter], "evidence": "", "passed_in": 0,
         "skill": ""}
        for k, (question, letter) in enumerate(zip(questions, answers, strict=True), 1)
    ]  # fmt: skip
    return {
        "n": n, "prompt": prompt, "image": REF, "side": 480, "verdicts": verdicts,
        "thought": "", "experience": "", "left_out": "", "best": False,
        "passed": answers.count("y"), "total": len(answers), **more,
    }  # fmt: skip


def refined(text: str, current: dict[str, Any], *history: dict[str, Any]) -> str:
    prompt = ask("refiner", user_prompt=text, current=current, history=list(history))["prompt"]
    return str(prompt)


EXAMPLES: dict[str, Callable[[], HumanMessage]] = {
    "select-skills": lambda: message(
        "planner_select", user_prompt=SAME, skills=[OTHER, SPATIAL], max_skills=1
    ),
    "apply-skills": lambda: message(
        "planner_apply",
        user_prompt="two red fish left of a blue house",
        skills=[{"name": "spatial-intelligence", "instructions": "Turn relations into places."}],
    ),
    "decompose": lambda: message("decomposer", user_prompt=FOUR),
    "verify": lambda: message("verifier", picture=REF, criterion="Are there two red fish?"),
    "refine": lambda: message(
        "refiner",
        user_prompt=FOUR,
        current=view(2, FOUR, "yynyy"),
        history=[view(1, FOUR, "ynnyy")],
    ),
    "compress": lambda: message(
        "compressor",
        user_prompt=FOUR,
        current=view(2, FOUR, "yynyy", thought="so I thought"),
        history=[view(1, FOUR, "ynnyy")],
        words=100,
    ),
}
DATA = re.compile(
    r"<(task|user_prompt|skills|criterion|history|current)>.*?</\1>"
    r"|<(instructions)\b[^>]*>.*?</\2>",
    re.DOTALL,
)


def reworded(given: HumanMessage) -> HumanMessage:
    """Replace all instructions by text of another language; keep marked parts and pictures."""
    blocks = [dict(block) for block in given.content_blocks]
    mark, pictures = "\x01", [block for block in blocks if block["type"] == "image"]
    text = "".join(b["text"] if b["type"] == "text" else mark for b in blocks)
    kept = [found[0] for found in re.finditer(rf"{DATA.pattern}|{mark}", text, re.DOTALL)]
    pieces = re.split(f"({mark})", ODD + ODD.join(kept) + ODD)
    filled = [
        pictures.pop(0) if piece == mark else {"type": "text", "text": piece} for piece in pieces
    ]
    return HumanMessage(list(filled))


@pytest.mark.parametrize("task", EXAMPLES)
def test_only_marked_parts_are_read(task: str) -> None:
    given = EXAMPLES[task]()
    other = reworded(given)
    assert "JSON" not in other.text
    assert MiniChat().invoke([other]).content == MiniChat().invoke([given]).content


@pytest.mark.parametrize("task", EXAMPLES)
def test_answers_say_who_gave_them_and_repeat(task: str) -> None:
    given = EXAMPLES[task]()
    reply = MiniChat().invoke([given])
    assert isinstance(reply, AIMessage)
    assert reply.additional_kwargs["reasoning_content"]
    assert reply.response_metadata["model_name"] == "mini (rule-based)"
    assert reply.usage_metadata is None
    again = [given, AIMessage("nonsense"), HumanMessage("That could not be read.")]
    assert MiniChat().invoke(again).content == reply.content


async def _streamed(given: HumanMessage) -> str:
    return str((await MiniChat().ainvoke([given])).content)


def test_it_opens_by_name_and_runs_async() -> None:
    import asyncio

    given = EXAMPLES["decompose"]()
    assert asyncio.run(_streamed(given)) == MiniChat().invoke([given]).content
    assert isinstance(open_chat(ModelSpec(mllm="mini")).model, MiniChat)
    with pytest.raises(ConfigError, match="write: mini"):
        open_backend("large")


@pytest.mark.parametrize("text", ["", "<task>paint</task>", "hello"])
def test_unknown_tasks_are_errors(text: str) -> None:
    with pytest.raises(ModelError, match="--mllm"):
        MiniChat().invoke(text)


@pytest.mark.parametrize("task", ["planner_select", "decomposer"])
def test_requests_outside_the_world_are_refused(task: str) -> None:
    with pytest.raises(OutsideWorldError, match="'dog'"):
        ask(task, user_prompt="a red cat left of a dog", skills=[], max_skills=1)


@pytest.mark.parametrize(
    ("text", "skills", "picked"),
    [
        (SAME, [OTHER, SPATIAL], ["spatial-intelligence"]),
        ("a red fish in the top left", [SPATIAL], ["spatial-intelligence"]),
        (SAME, [OTHER], []),
        (SAME, [], []),
        (FOUR, [OTHER, SPATIAL], []),
        (FOUR, [OTHER, SPATIAL, COUNTING], ["counting-and-binding"]),
        (SAME, [COUNTING, SPATIAL], ["spatial-intelligence"]),
        ("a red fish", [COUNTING, SPATIAL], []),
    ],
)
def test_the_skill_that_is_picked_serves_what_the_request_states(
    text: str, skills: list[dict[str, str]], picked: list[str]
) -> None:
    assert ask("planner_select", user_prompt=text, skills=skills, max_skills=1)["skills"] == picked


def applied(text: str, name: str) -> str:
    skills = [{"name": name, "instructions": "As its name says."}]
    return str(ask("planner_apply", user_prompt=text, skills=skills)["prompt"])


def test_only_the_skill_about_places_names_the_cells() -> None:
    request = parse_request(SAME)
    plan = applied(SAME, "spatial-intelligence")
    assert style_of(plan, SAME, request) == "coordinates"
    assert satisfied(request, [group.cells for group in parse_request(plan).groups])
    assert applied(SAME, "text-rendering") == SAME
    assert applied(FOUR, "spatial-intelligence") == FOUR  # which states no place


def test_the_skill_about_counts_keeps_groups_in_regions_of_their_own() -> None:
    plan = applied("three red fish and two green cups", "counting-and-binding")
    assert plan == "three red fish in the left half . two green cups in the right half ."
    assert applied("a red fish", "counting-and-binding") == "a red fish"


def test_checklists_are_atomic_and_can_be_read_alone() -> None:
    text = "two big red fish left of a blue house, at night"
    assert ask("decomposer", user_prompt=text)["criteria"] == [
        "Are there exactly two red fish?",
        "Is there exactly one blue house?",
        "Are the two red fish big?",
        "Are the two red fish left of the blue house?",
        "Is there nothing but red fish and blue houses?",
        "Is it night?",
    ]


def test_verdicts_come_from_the_pixels() -> None:
    for question, expected in (
        ("Are there exactly two red fish?", "yes"),
        ("Are there exactly three green cups?", "no"),
        ("Is there a <dog>?", "unsure"),
    ):
        reply = ask("verifier", picture=REF, criterion=question)
        assert reply["answer"] == expected
        assert reply["evidence"]
    blind = HumanMessage("<task>verify</task><criterion>Is there a cup?</criterion>")
    assert answer(blind)["answer"] == "unsure"


def test_a_smear_is_an_artifact_and_makes_a_count_unsure_and_there_is_no_writing() -> None:
    picture = Image.open(io.BytesIO(DRAWN)).convert("RGB")
    star = (360, 0, 480, 120)
    picture.paste(picture.crop(star).filter(ImageFilter.GaussianBlur(18)), star)
    whole, smeared = look(DRAWN), look(_png(picture))
    artifacts = "Is the picture free of visible artifacts?"
    assert judge(artifacts, whole).answer == "yes"
    assert judge(artifacts, smeared).answer == "no"
    assert judge("Is there exactly one yellow star?", smeared).answer == "unsure"
    assert judge("Is all writing in the picture legible?", smeared).answer == "yes"


def test_the_refiner_says_where_and_keeps_what_came_out_right() -> None:
    regions = (
        "two red fish in the top left . a blue house in the top right . three green cups in the"
        " bottom left . a yellow star in the bottom right ."
    )
    prompt = refined(FOUR, view(2, regions, "yynny"), view(1, FOUR, "nnnnn", image=None, side=None))
    groups = parse_request(prompt).groups
    assert [group.kind for group in groups] == [group.kind for group in parse_request(FOUR).groups]
    assert [groups[k].cells for k in (0, 1, 3)] == [("a1", "c2"), ("d4",), ("d1",)]
    assert groups[2].count == len(groups[2].cells) == 3


def test_without_a_picture_the_verdicts_protect_the_places_of_the_prompt() -> None:
    before = (
        "two red fish at a1 b4 . one blue house at c1 . three green cups at b1 b2 b3"
        " . one yellow star at d4 ."
    )
    blind = {"image": None, "side": None}
    current = view(2, before, "yynyy", **blind)
    groups = parse_request(refined(FOUR, current, view(1, FOUR, "nnnyy", **blind))).groups
    assert [groups[k].cells for k in (0, 1, 3)] == [("a1", "b4"), ("c1",), ("d4",)]


def test_the_refiner_tries_regions_first_and_then_cells() -> None:
    request = parse_request(SAME)
    first = refined(SAME, view(1, SAME, "yyny", SAME))
    assert style_of(first, SAME, request) == "regions"
    second = refined(SAME, view(2, first, "yyny", SAME), view(1, SAME, "yyny", SAME))
    assert style_of(second, SAME, request) == "coordinates"


def test_the_refiner_learns_from_lessons_too() -> None:
    request = parse_request(SAME)
    lesson = {**view(1, "", "yyny", SAME), "image": None, "side": None, "verdicts": []}
    lesson["experience"] = "With regions, 1 of 4 right."
    after = refined(SAME, view(2, SAME, "yyny", SAME), lesson)
    assert style_of(after, SAME, request) == "coordinates"


def test_coordinates_are_varied_and_stay_true_to_the_request() -> None:
    text = "three red fish and a green cup left of two blue houses"
    tried = "three red fish in the top left . a green cup in the bottom left . two blue houses in"
    history = [view(1, f"{tried} the right half .", "nnnnnn", text, image=None, side=None)]
    prompts = [text]
    for n in range(2, 6):
        current = view(n, prompts[-1], "nyyyyy", text, image=None, side=None)
        prompts.append(refined(text, current, *history))
        history.append(current)
        groups = parse_request(prompts[-1]).groups
        assert [group.count for group in groups] == [3, 1, 2]
        assert satisfied(parse_request(text), [group.cells for group in groups])
    assert len(set(prompts)) == len(prompts)


def test_absent_parts_still_give_a_prompt_and_a_lesson() -> None:
    nothing = {"image": None, "side": None, "verdicts": [], "total": 0}
    bare = {**view(1, "", "nnnnn"), **nothing}
    assert parse_request(refined(FOUR, bare)).groups
    assert ask("compressor", user_prompt=FOUR, current=bare, history=[], words=100)["experience"]
    only_failures = view(1, FOUR, "yynyy", image=None, side=None)
    only_failures["verdicts"] = only_failures["verdicts"][2:3]
    reply = ask("compressor", user_prompt=FOUR, current=only_failures, history=[], words=100)
    assert reply["experience"].startswith("With the request's own words, 4 of 5 right; still off: ")


def test_lessons_compare_name_the_wording_and_stay_short() -> None:
    current = view(2, refined(FOUR, view(1, FOUR, "nnnnn")), "ynnyy")
    current["verdicts"][1]["evidence"] = "I count 2 blue houses (a1, b2)."
    values = {"current": current, "history": [view(1, FOUR, "nnnnn")], "words": 100}
    lesson = ask("compressor", user_prompt=FOUR, **values)["experience"]
    assert lesson == (
        "With regions, 3 of 5 right, better than with the request's own words before;"
        " still off: Is there exactly one blue house? I count 2 blue houses (a1, b2)."
        " Are there exactly three green cups?"
    )
    assert len(lesson.split()) <= 60
