"""Answers that nobody can read: the loop goes on without them, and says so; `strict` ends it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage

from gems_graph.errors import AnswerError, RefusedError, UnreadableError
from tests.conftest import criteria, letters, verdicts

JUNK = "Sure! Let me \x1b[31mramble about it."
REFUSAL = AIMessage("I cannot judge people.", response_metadata={"finish_reason": "refusal"})


def end(loop: Any, script: dict[str, Any], **dials: Any) -> Any:
    return loop({"decompose": criteria(2), **script}, attempts=2, **dials).run("a cat")


def test_a_probe_that_nobody_can_read_is_unsure_and_noted(loop: Any) -> None:
    out = end(loop, {"verify": ["yes", JUNK]}, max_iterations=1)
    assert sorted(letters(out["rounds"][0])) == ["u", "y"]
    [unsure] = [v for v in out["rounds"][0]["verdicts"] if v["answer"] == "unsure"]
    assert unsure["unanswered"] == "unreadable"
    assert "no readable answer; it began: “Sure! Let me" in unsure["evidence"]
    assert out["notes"][0].startswith("Round 1: 1 answers count as unsure. The verifier 'Scripted")
    assert out["result"]["stop"]["reason"] == "max_iterations"
    assert out["result"]["verified"]


def test_the_loop_goes_on_after_a_round_that_nobody_could_read(loop: Any) -> None:
    out = end(loop, {"verify": [JUNK] * 4 + ["no", "no"]}, max_iterations=2)
    assert [letters(r) for r in out["rounds"]] == ["uu", "nn"]
    assert (out["result"]["round"], out["result"]["verified"]) == (2, True)


@pytest.mark.parametrize("reply", [REFUSAL, JUNK])
def test_a_round_of_which_nothing_was_answered_is_not_verified(loop: Any, reply: Any) -> None:
    out = end(loop, {"verify": reply}, max_iterations=1)
    assert letters(out["rounds"][0]) == "uu"
    result = out["result"]
    assert (result["verified"], result["success"], result["round"]) == (False, False, 1)
    assert result["why"].startswith("no round was verified: the Verifier answered no criterion")


def test_one_refused_probe_of_two_leaves_the_round_verified(loop: Any) -> None:
    out = end(loop, {"verify": [REFUSAL, "no"]}, max_iterations=1)
    assert out["result"]["verified"]
    assert out["notes"] == []


def test_an_unreadable_choice_of_skills_is_none(loop: Any) -> None:
    out = end(loop, {"select-skills": JUNK})
    assert out["skills"] == []
    assert out["rounds"][0]["prompt"] == "a cat"
    assert out["notes"][0].startswith("No skill was picked. The planner ")


@pytest.mark.parametrize(
    ("script", "dials"),
    [
        ({"select-skills": {"skills": ["text-rendering"]}, "apply-skills": JUNK}, {}),
        ({"apply-skills": JUNK}, {"enhance": True, "max_skills": 0}),
    ],
)
def test_an_unreadable_first_prompt_is_the_request(loop: Any, script: Any, dials: Any) -> None:
    out = end(loop, script, **dials)
    assert out["rounds"][0]["prompt"] == "a cat"
    assert out["notes"][-1].startswith("The first prompt is the request as it stands. The planner")


def test_an_unreadable_refinement_draws_the_same_prompt_with_the_next_seed(loop: Any) -> None:
    script = {"refine": JUNK, "verify": verdicts("yn", "yy")}
    one, two = end(loop, script, seed=5, reseed=False)["rounds"]
    assert (one["prompt"], one["seed"], one["origin"]) == ("a cat", 5, "planner")
    assert (two["prompt"], two["seed"], two["origin"]) == ("a cat", 6, "seed")


def test_what_went_wrong_names_the_role_and_what_came_back(loop: Any) -> None:
    script = {"refine": JUNK + "x" * 500, "verify": verdicts("yn", "yy")}
    [note] = end(loop, script)["notes"]
    assert note.startswith("Round 2 draws the prompt before it anew, with another seed. ")
    assert "The refiner 'ScriptedChat' gave no usable answer in 2 attempts." in note
    said = note.partition("It began: ")[2]
    assert said.startswith("“Sure! Let me [31mramble about it.xxx")
    assert 200 <= len(said) < 210


STRICT = {
    "select-skills": {}, "apply-skills": {"select-skills": {"skills": ["text-rendering"]}},
    "decompose": {}, "verify": {}, "refine": {"verify": "no"}, "compress": {"verify": "no"},
}  # fmt: skip


@pytest.mark.parametrize("task", STRICT)
def test_strict_ends_the_run_at_what_nobody_can_read(loop: Any, task: str) -> None:
    made = loop({**STRICT[task], task: JUNK}, strict=True, raise_on_error=True, attempts=1)
    with pytest.raises(AnswerError, match="gave no usable answer") as caught:
        made.run()
    assert not isinstance(caught.value, UnreadableError)


@pytest.mark.parametrize("task", ["select-skills", "refine"])
def test_a_refusal_of_a_role_that_writes_is_an_error(loop: Any, task: str) -> None:
    with pytest.raises(RefusedError, match="refused to answer: I cannot judge people"):
        loop({"verify": "no", task: REFUSAL}, raise_on_error=True).run()
