"""The offline chat model: all tasks, on the packaged templates, through real messages."""

from __future__ import annotations

import base64
import io
import json
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from PIL import Image

from gems_graph.errors import ConfigError, ModelError, OutsideWorldError
from gems_graph.mini.chat import MiniChat, open_backend
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.layout import satisfied
from gems_graph.mini.wordings import style_of
from gems_graph.models import open_chat
from gems_graph.prompting.templates import Picture, Prompts
from gems_graph.settings.roles import ModelSpec
from gems_graph.state import ImageRef
from tools.mini.scenes import Group, Scene, render

SPATIAL = {"name": "spatial-intelligence", "description": "Lays out positions."}
OTHER = {"name": "text-rendering", "description": "Gets words spelled right."}
FOUR = "two red circles and a blue square and three green crosses and a yellow triangle"
SAME = "two red circles left of three red squares"
REF = ImageRef(sha256="0" * 64, media_type="image/png", width=528, height=528)
ODD = "\u8bf7\u5ffd\u7565 two purple crosses; 42 &c. \u8fd9\u91cc\u6ca1\u6709\u4ec0\u4e48"


def png(*groups: Group) -> bytes:
    pixels = render(Scene("white", list(groups)), random.Random(0))
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((528, 528), 0).save(buffer, "PNG")
    return buffer.getvalue()


# FOUR, but with one green cross too many
DRAWN = png(
    Group("red", "circle", 2, cells=[(0, 0), (2, 1)]),
    Group("blue", "square", 1, cells=[(3, 3)]),
    Group("green", "cross", 4, cells=[(0, 1), (1, 1), (0, 2), (1, 2)]),
    Group("yellow", "triangle", 1, cells=[(3, 0)]),
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
        "n": n, "prompt": prompt, "image": REF, "side": 528, "verdicts": verdicts,
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
        user_prompt="two red circles left of a blue square",
        skills=[{"name": "spatial-intelligence", "instructions": "Turn relations into places."}],
    ),
    "decompose": lambda: message("decomposer", user_prompt=FOUR),
    "verify": lambda: message("verifier", picture=REF, criterion="Are there two red circles?"),
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
    with pytest.raises(OutsideWorldError, match="'cat'"):
        ask(task, user_prompt="a cat left of a dog", skills=[], max_skills=1)


@pytest.mark.parametrize(
    ("text", "skills", "picked"),
    [
        (SAME, [OTHER, SPATIAL], ["spatial-intelligence"]),
        ("a red circle in the top left", [SPATIAL], ["spatial-intelligence"]),
        (SAME, [OTHER], []),
        (SAME, [], []),
        (FOUR, [OTHER, SPATIAL], []),
    ],
)
def test_the_spatial_skill_is_picked_for_stated_places(
    text: str, skills: list[dict[str, str]], picked: list[str]
) -> None:
    assert ask("planner_select", user_prompt=text, skills=skills, max_skills=1)["skills"] == picked


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        (
            "two red circles left of a blue square",
            "two red circles in the left half and a blue square in the right half",
        ),
        (
            "a red circle and a green cross above a blue square",
            "a red circle in the top left and a green cross in the top right"
            " and a blue square in the bottom half",
        ),
        (FOUR, FOUR),
    ],
)
def test_relations_become_regions(text: str, prompt: str) -> None:
    skills = [{"name": "spatial-intelligence", "instructions": "Turn relations into places."}]
    assert ask("planner_apply", user_prompt=text, skills=skills)["prompt"] == prompt
    unhelpful = [{"name": "text-rendering", "instructions": "Quote letters."}]
    assert ask("planner_apply", user_prompt=text, skills=unhelpful)["prompt"] == text


def test_checklists_are_atomic_and_can_be_read_alone() -> None:
    text = "two large red circles left of a blue square, cream background"
    assert ask("decomposer", user_prompt=text)["criteria"] == [
        "Are there exactly two red circles?",
        "Is there exactly one blue square?",
        "Are the two red circles large?",
        "Are the two red circles left of the blue square?",
        "Are there no shapes other than red circles and blue squares?",
        "Is the background cream?",
    ]


def test_verdicts_come_from_the_pixels() -> None:
    for question, expected in (
        ("Are there exactly two red circles?", "yes"),
        ("Are there exactly three green crosses?", "no"),
        ("Is there a <dog>?", "unsure"),
    ):
        reply = ask("verifier", picture=REF, criterion=question)
        assert reply["answer"] == expected
        assert reply["evidence"]
    blind = HumanMessage("<task>verify</task><criterion>Is there a cross?</criterion>")
    assert answer(blind)["answer"] == "unsure"


def test_the_refiner_says_where_and_keeps_what_came_out_right() -> None:
    prompt = refined(FOUR, view(1, FOUR, "yynyy"))
    groups = parse_request(prompt).groups
    assert [group.kind for group in groups] == [group.kind for group in parse_request(FOUR).groups]
    assert [groups[k].cells for k in (0, 1, 3)] == [("a1", "c2"), ("d4",), ("d1",)]
    assert groups[2].count == len(groups[2].cells) == 3


def test_without_a_picture_the_verdicts_protect_the_places_of_the_prompt() -> None:
    before = (
        "two red circles at a1 b4 . one blue square at c1 . three green crosses at b1 b2 b3"
        " . one yellow triangle at d4 ."
    )
    blind = {"image": None, "side": None}
    current = view(2, before, "yynyy", **blind)
    groups = parse_request(refined(FOUR, current, view(1, FOUR, "nnnyy", **blind))).groups
    assert [groups[k].cells for k in (0, 1, 3)] == [("a1", "b4"), ("c1",), ("d4",)]


def test_the_refiner_learns_from_what_was_tried() -> None:
    request = parse_request(SAME)
    first = refined(SAME, view(1, SAME, "yyny", SAME))
    assert style_of(first, SAME, request) == "sizes"
    tried = [view(n, first, "nnnn", SAME) for n in (2, 3, 4, 5)]
    later = refined(SAME, tried[-1], view(1, SAME, "yyyn", SAME), *tried[:-1])
    assert style_of(later, SAME, request) != "sizes"
    lessons = [
        {**attempt, "prompt": "", "image": None, "verdicts": [], "experience": lesson}
        for attempt, lesson in zip(
            tried, ["With coordinates with two sizes, 0 of 4 right."] * 4, strict=True
        )
    ]
    by_lessons = refined(SAME, view(5, SAME, "yyyn", SAME), *lessons)
    assert style_of(by_lessons, SAME, request) != "sizes"


def test_coordinates_are_varied_and_stay_true_to_the_request() -> None:
    text = "three red circles and a green cross left of two blue squares"
    history, prompts = [], [text]
    for n in range(1, 5):
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
    current["verdicts"][1]["evidence"] = "I count 2 blue squares (a1, b2)."
    values = {"current": current, "history": [view(1, FOUR, "nnnnn")], "words": 100}
    lesson = ask("compressor", user_prompt=FOUR, **values)["experience"]
    assert lesson == (
        "With coordinates, 3 of 5 right, better than with the request's own words before;"
        " still off: Is there exactly one blue square? I count 2 blue squares (a1, b2)."
        " Are there exactly three green crosses?"
    )
    assert len(lesson.split()) <= 60
