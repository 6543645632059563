"""Which skill is picked: the table that ships, what is counted, what a model is shown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Settings, Store
from gems_graph.errors import ModelError, UsageError
from gems_graph.evaluation.asking import Evaluation
from gems_graph.evaluation.skill_requests import NONE, Request, read
from gems_graph.evaluation.skills import evaluate
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.players import settings_and_toolbox
from gems_graph.skills import Skill
from gems_graph.testing import ScriptedChat, text_of
from tests.skills.test_skills import PACKAGED

KINDS = {
    "geneval", "geneval2", "dpg", "oneig-en", "oneig-zh", "wise", "longtext-en", "longtext-zh",
    "spatialgeneval", "crea", "artimuse",
}  # fmt: skip
SETTINGS = Settings(retry_wait=0, retries=0, attempts=1, concurrency=1)
FOUR = [
    Request("one", "a sign “OPEN”", "text-rendering"),
    Request("two", "a cat", NONE),
    Request("three", "two cats on a mat", "spatial-intelligence", ("counting-and-binding",)),
    Request("four", "a creative cat", "creative-drawing"),
]


def measured(
    store: Store, chat: Any, requests: list[Request], settings: Settings = SETTINGS, **about: Any
) -> Any:
    _, make = settings_and_toolbox(chat, None, store, about.pop("skills", None))
    return BACKGROUND.run(lambda: evaluate(requests, settings, Evaluation(make, **about)))


def picking(*names: Any) -> ScriptedChat:
    """A model that picks these in turn; what is no name is its answer as it stands."""
    answers = [{"skills": [name] if name else []} if name is None or isinstance(name, str) else name
               for name in names]  # fmt: skip
    return ScriptedChat(script={"select-skills": answers})


def oracle() -> Callable[[str], dict[str, list[str]]]:
    """A model that knows the table by heart."""
    known = {request.text: request.skill for request in read()}

    def answer(prompt: str) -> dict[str, list[str]]:
        text = prompt.partition("<user_prompt>\n")[2].partition("\n</user_prompt>")[0]
        skill = known[text]
        return {"skills": [] if skill == NONE else [skill]}

    return answer


def test_the_table_has_120_requests_of_all_kinds_and_for_every_skill() -> None:
    requests = read()
    assert len(requests) == len({r.id for r in requests}) == len({r.text for r in requests}) == 120
    assert {request.id.rpartition("-")[0] for request in requests} == KINDS
    wanted = Counter(request.skill for request in requests)
    assert wanted.keys() == {*PACKAGED, NONE}
    assert wanted[NONE] >= 25
    assert min(wanted.values()) >= 6
    assert sum(any("\u4e00" <= char <= "\u9fff" for char in r.text) for r in requests) >= 12
    assert all({*r.also} <= {*PACKAGED, NONE} - {r.skill} for r in requests)


def test_right_wrong_and_another_that_is_as_right(store: Store) -> None:
    chat = picking("text-rendering", "creative", "counting-and-binding", None)
    report = measured(store, chat, FOUR)
    assert [item["status"] for item in report["items"]] == ["right", "wrong", "right", "wrong"]
    assert (report["right"], report["wrong"], report["accuracy"]) == (2, 2, 0.5)
    assert report["by_skill"]["creative-drawing"]["instead"] == {"none": 1}
    assert report["by_skill"]["none"] == {
        "requests": 1, "right": 0, "instead": {"creative-drawing": 1},
    }  # fmt: skip
    assert report["used"]["planner"]["calls"] == 4


def test_a_skill_that_does_not_exist_is_not_none(store: Store) -> None:
    report = measured(store, picking("cooking"), FOUR[1:2])
    assert [(i["picked"], i["status"]) for i in report["items"]] == [("unknown", "wrong")]


def test_unreadable_and_failed_are_counted_apart(store: Store) -> None:
    chat = ScriptedChat(
        script={"select-skills": ["who knows", ModelError("down"), {"skills": ["spatial"]}]}
    )
    report = measured(store, chat, FOUR[:3])
    assert [item["status"] for item in report["items"]] == ["unreadable", "failed", "right"]
    assert (report["unreadable"], report["failed"], report["accuracy"]) == (1, 1, 1.0)
    assert "down" in report["items"][1]["error"]


def test_a_cap_leaves_requests_unasked_and_nothing_is_paid_twice(store: Store) -> None:
    chat = picking("text", None, "spatial", "creative")
    first = measured(store, chat, FOUR, SETTINGS.model_copy(update={"max_calls": 2}))
    assert (first["right"], first["not_asked"]) == (2, 2)
    assert first["stopped"]
    second = measured(store, chat, FOUR)
    assert (second["right"], second["not_asked"]) == (4, 0)
    assert len(chat.asked("select-skills")) == 4
    measured(store, chat, FOUR[:1], again=True)
    assert len(chat.asked("select-skills")) == 5


def test_the_model_sees_the_request_and_the_manifest_but_no_answer(store: Store) -> None:
    chat = picking(None)
    mine = Skill("mine", "Does mine.", "Secret instructions.")
    measured(store, chat, [Request("geneval-7", "a cat", "mine")], skills=[mine])
    [[message]] = chat.asked("select-skills")
    shown = text_of(message)
    assert "a cat" in shown
    assert '<skill name="mine">Does mine.</skill>' in shown
    assert "geneval" not in shown
    assert "Secret" not in shown
    assert "at most 1" in shown


def test_whoever_knows_the_table_gets_all_of_it_right(store: Store) -> None:
    report = measured(store, ScriptedChat(script={"select-skills": oracle()}), read())
    assert (report["right"], report["accuracy"]) == (120, 1.0)


def test_the_offline_model_is_right_about_places_and_counts(store: Store) -> None:
    """It knows the skills about places and counts, and refuses what is not of its world."""
    report = measured(store, None, read())
    answered = {item["id"]: item for item in report["items"] if item["picked"]}
    assert (len(answered), report["right"], report["wrong"]) == (9, 9, 0)
    picked = {item["picked"] for item in answered.values()}
    assert picked == {"spatial-intelligence", "counting-and-binding", NONE}
    assert report["failed"] == 111


def test_a_part_of_the_table_is_spread_over_it() -> None:
    assert {request.skill for request in read(only=["none", "creative-drawing"])} == {
        "none", "creative-drawing",
    }  # fmt: skip
    twelve = read(limit=12)
    assert len(twelve) == 12
    assert len({request.id.rpartition("-")[0] for request in twelve}) >= 8
    assert read(limit=1000) == read()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no JSON", "line 2: this is no JSON object"),
        ("[1]", "line 2: this is no JSON object; write one a line"),
        ('{"request": "a cat"}', "line 2: write"),
        ('{"request": " ", "skill": null}', "line 2: write"),
        ('{"request": "a cat", "skill": 1}', "line 2: write"),
        ('{"request": "a cat", "skill": null, "or": "x"}', "line 2: write"),
        ('{"request": "a cat", "skill": null, "more": 1}', "line 2: write"),
    ],
)
def test_a_line_that_is_not_right_is_named(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps({"request": "a cat", "skill": None}) + "\n" + line + "\n")
    with pytest.raises(UsageError, match=words):
        read(file)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="there are some for: action-and-contact, "):
        read(only=["cooking"])
