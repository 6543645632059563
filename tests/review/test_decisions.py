"""Questions as actions that chat clients draw buttons for, and decisions as answers."""

from __future__ import annotations

from typing import Any

import pytest

from gems_graph.review.answers import UnfitAnswerError, check
from gems_graph.review.decisions import answer_of, decisions_in, with_actions

CRITERIA: Any = {
    "kind": "criteria", "request": "a cat", "prompt": "a fine cat", "skills": [],
    "criteria": [
        {"question": "Is there a cat?", "source": "decomposer"},
        {"question": "Is it fine?", "source": "decomposer"},
    ],
    "answers": {"criteria": "...", "prompt": "..."},
}  # fmt: skip
VERDICT: Any = {
    "kind": "verdict", "request": "a cat", "prompt": "a $fine$ cat", "round": 2,
    "max_iterations": 5, "passed": 1, "total": 2, "best": 1,
    "image": {
        "sha256": "a" * 64, "media_type": "image/png", "width": 8, "height": 8, "url": "http://h/p",
    },
    "verdicts": [
        {"n": 1, "question": "Is there a cat?", "source": "user", "answer": "yes", "p_yes": None,
         "evidence": "a cat"},
        {"n": 2, "question": "Is it 2. fine?", "source": "user", "answer": "no", "p_yes": None,
         "evidence": "it is not"},
    ],
    "answers": {"verdicts": "...", "accept": "...", "prompt": "..."},
}  # fmt: skip


def decided(question: Any, **decision: Any) -> Any:
    """Return the answer of one decision."""
    return answer_of(question, decisions_in({"decisions": [decision]}))


def edited(question: Any, **changes: str) -> Any:
    """Return the answer of a client that sends all arguments back, some of them changed."""
    [action] = with_actions(question)["action_requests"]
    assert changes.keys() <= action["args"].keys()
    args = {**action["args"], **changes}
    return decided(question, type="edit", edited_action={"name": action["name"], "args": args})


def written(verdicts: str) -> Any:
    action = {"name": "any", "args": {"verdicts": verdicts}}
    return {"decisions": [{"type": "edit", "edited_action": action}]}


@pytest.mark.parametrize(
    ("question", "allowed"),
    [(CRITERIA, ["approve", "edit"]), (VERDICT, ["approve", "edit", "reject"])],
)
def test_a_question_has_the_shape_that_chat_clients_know(question: Any, allowed: Any) -> None:
    asked = with_actions(question)
    [action], [config] = asked["action_requests"], asked["review_configs"]
    assert config == {"action_name": action["name"], "allowed_decisions": allowed}
    assert all(isinstance(value, str) for value in action["args"].values())  # a field of text each
    assert {name: asked[name] for name in question} == question  # and what it was


def test_the_picture_and_its_prompt_are_in_the_question() -> None:
    [action] = with_actions(VERDICT)["action_requests"]
    assert action["name"] == "Round 2: 1 of 2"
    assert "![Round 2](http://h/p)" in action["description"]
    assert r"a \$fine\$ cat" in action["description"]  # a dollar would begin mathematics


def test_what_was_wrong_with_an_answer_is_in_the_next_question() -> None:
    [action] = with_actions({**VERDICT, "problem": "No."})["action_requests"]
    assert action["description"].startswith("**No.**")


def test_decisions_about_criteria() -> None:
    assert decided(CRITERIA, type="approve") == {}
    assert edited(CRITERIA) == {}
    assert edited(CRITERIA, prompt="a door") == {"prompt": "a door"}
    lines = "Is there a cat?\n\n Is it red? \n"
    assert edited(CRITERIA, criteria=lines) == {"criteria": ["Is there a cat?", "Is it red?"]}


def test_decisions_about_a_verdict() -> None:
    assert decided(VERDICT, type="approve") == {"accept": True}
    assert decided(VERDICT, type="reject") == {}
    why = decided(VERDICT, type="reject", message=" too dark ")
    assert why == {"verdicts": {"2": "no: too dark"}}  # at the first that fails
    assert edited(VERDICT, prompt="a door") == {"prompt": "a door"}
    lines = "1. Is there a cat? no: it is a dog\n2. Is it 2. fine? yes"
    changed = {"1": "no: it is a dog", "2": "yes"}
    assert edited(VERDICT, verdicts=lines) == {"verdicts": changed}
    assert edited(VERDICT, verdicts="2. yes") == {"verdicts": {"2": "yes"}}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("approve", {"accept": True}),
        (" Approve ", {"accept": True}),
        ("reject", {}),
        ("Reject: too dark\nand flat", {"verdicts": {"2": "no: too dark\nand flat"}}),
    ],
)
def test_an_agent_that_has_but_words_decides_too(said: str, answer: Any) -> None:
    assert answer_of(VERDICT, decisions_in(said)) == answer
    check(VERDICT, said)


@pytest.mark.parametrize("said", ["go on", "approved", True, None, {}, {"accept": True}])
def test_what_is_no_decision_is_left_to_others(said: Any) -> None:
    assert decisions_in(said) is None


def test_once_the_rounds_are_spent_no_prompt_is_offered() -> None:
    spent = {**VERDICT, "answers": {"verdicts": "...", "accept": "..."}}
    [action] = with_actions(spent)["action_requests"]
    assert action["args"].keys() == {"verdicts"}
    assert edited(spent, verdicts="2. yes") == {"verdicts": {"2": "yes"}}


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        (CRITERIA, {"decisions": [{"type": "reject"}]}, "'reject' is none that this takes"),
        (VERDICT, {"decisions": [{"type": "wat"}]}, "approve, edit or reject"),
        (VERDICT, {"decisions": ["approve"]}, "None is none that this takes"),
        (VERDICT, {"decisions": []}, "One question takes one decision"),
        (VERDICT, {"decisions": "approve"}, "One question takes one decision"),
        (VERDICT, written("7. no"), "no criterion 7"),
        (VERDICT, written("hm"), "verdicts.hm is not valid"),
        (VERDICT, {"decisions": [{"type": "edit", "edited_action": "x"}]}, "edited_action"),
    ],
)  # fmt: skip
def test_a_decision_that_does_not_fit_is_told_in_a_sentence(
    question: Any, answer: Any, said: str
) -> None:
    with pytest.raises(UnfitAnswerError) as error:
        check(question, answer)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
