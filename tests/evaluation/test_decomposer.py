"""The Decomposer's evaluation: what is asked, what is counted, what is paid."""

from __future__ import annotations

from typing import Any

import pytest

from gems_graph import Settings, Store
from gems_graph.errors import ConfigError, ModelError
from gems_graph.evaluation.asking import Evaluation
from gems_graph.evaluation.atoms import Request, read
from gems_graph.evaluation.decomposer import evaluate
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.players import settings_and_toolbox
from gems_graph.testing import ScriptedChat, text_of
from tests.evaluation.test_matching import PAIRS

REQUESTS = read(PAIRS)
SETTINGS = Settings(retry_wait=0, attempts=1, concurrency=1)


def measured(store: Store, chat: ScriptedChat, requests: list[Request], **about: Any) -> Any:
    """The report on a scripted model."""
    settings = about.pop("settings", SETTINGS)
    _, make = settings_and_toolbox(chat, None, store)
    return BACKGROUND.run(lambda: evaluate(requests, settings, Evaluation(make, **about)))


def decompose(*answers: Any) -> ScriptedChat:
    return ScriptedChat(script={"decompose": [*answers]})


def test_criteria_are_compared_with_atoms(store: Store) -> None:
    chat = decompose({"criteria": ["Is there exactly one green backpack?", "Is it nice?"]})
    report = measured(store, chat, REQUESTS[:1])
    assert (report["recall"], report["precision"], report["compound"]) == (0.6, 0.5, 1)
    assert report["by_skill"]["count"] == {"atoms": 2, "covered": 1, "recall": 0.5}
    [item] = report["items"]
    assert item["status"] == "read"
    assert item["missed"] == ["How many pigs are in the image?", "Are there any pigs in the image?"]
    assert [each["covers"] for each in item["criteria"]][1] == []
    assert report["used"]["decomposer"]["calls"] == 1


def test_the_model_sees_the_prompt_and_nothing_of_the_atoms(store: Store) -> None:
    chat = decompose({"criteria": ["Is there a pig?"]})
    measured(store, chat, REQUESTS)
    shown = [text_of(messages[0]) for messages in chat.asked("decompose")]
    assert len(shown) == len(REQUESTS)
    for request, text in zip(REQUESTS, shown, strict=True):
        assert request.prompt in text
        assert not any(atom.question in text for atom in request.atoms)


def test_unreadable_and_failed_are_counted_each_in_its_own_way(store: Store) -> None:
    chat = decompose("a b c", ModelError("down"), {"criteria": ["Is there exactly one turtle?"]})
    report = measured(store, chat, REQUESTS[:3])
    assert [item["status"] for item in report["items"]] == ["unreadable", "failed", "read"]
    assert (report["unreadable"], report["failed"], report["not_asked"]) == (1, 1, 0)
    judged = REQUESTS[0], REQUESTS[2]  # an outage says nothing about criteria
    assert report["atoms"] == sum(len(request.atoms) for request in judged)
    assert report["recall"] == round(2 / report["atoms"], 4)
    assert "No usable criteria" in report["items"][0]["error"]
    assert "down" in report["items"][1]["error"]


def test_a_cap_ends_it_and_the_same_command_goes_on(store: Store) -> None:
    chat = decompose({"criteria": ["Is there a pig?"]})
    capped = SETTINGS.model_copy(update={"max_calls": 2})
    report = measured(store, chat, REQUESTS[:4], settings=capped)
    assert (report["read"], report["not_asked"]) == (2, 2)
    assert "cap on calls" in report["stopped"]
    report = measured(store, chat, REQUESTS[:4])
    assert (report["read"], report["stopped"]) == (4, None)
    assert len(chat.asked("decompose")) == 4  # two were paid before
    measured(store, chat, REQUESTS[:4], again=True)
    assert len(chat.asked("decompose")) == 8


def test_one_cause_that_fails_again_and_again_stops_it(store: Store) -> None:
    chat = decompose(ModelError("the server is gone"))
    report = measured(store, chat, REQUESTS * 2)
    assert report["failed"] == 5
    assert report["not_asked"] == len(REQUESTS) * 2 - 5
    assert "the server is gone" in report["stopped"]


def test_a_wrong_model_is_told_at_once(store: Store) -> None:
    _, make = settings_and_toolbox(None, None, store)
    settings = SETTINGS.model_copy(update={"mllm": "nonsense:x"})
    with pytest.raises(ConfigError, match="nonsense"):
        BACKGROUND.run(lambda: evaluate(REQUESTS, settings, Evaluation(make)))
