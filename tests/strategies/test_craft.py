"""CRAFT: questions with parents, standing checks, edits of what failed, exits and the choice."""

from __future__ import annotations

import re
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from gems_graph.batch import estimate
from gems_graph.batch.plan import Task
from gems_graph.errors import ConfigError
from gems_graph.settings import settle
from gems_graph.state import Criterion
from gems_graph.strategies.craft_parents import STANDING, Item, criteria_of, levels
from tests.conftest import letters, prompts_of
from tests.generators.test_edits import Editor
from tests.strategies.test_openings import calls

DOG = {
    "questions": [
        {"question": "Is there a dog?", "parents": []},
        {"question": "Is the dog brown?", "parents": [1]},
        {"question": "Does the dog's brown shine?", "parents": [2]},
        {"question": "Is it night?", "parents": []},
    ]
}


def answering(*rounds: dict[str, str]) -> Any:
    """Script the answers of each round by a word of the question; what is not named is right."""
    turns: dict[str, int] = {}

    def answer(prompt: str) -> dict[str, Any]:
        question = prompt.rpartition("<criterion>")[2].partition("</criterion>")[0].strip()
        turn = turns[question] = turns.get(question, -1) + 1
        said = rounds[min(turn, len(rounds) - 1)]
        word = next((word for word in said if word in question), "")
        return {"evidence": f"{word} is off" * bool(word), "answer": said.get(word, "yes")}

    return answer


def craft(loop: Any, *rounds: dict[str, str], script: Any = None, **build: Any) -> Any:
    said = {"questions-with-parents": DOG, "verify": answering(*rounds or ({},))}
    return loop({**said, **(script or {})}, strategy="craft", **build)


def asked(made: Any) -> list[str]:
    found = [
        re.search(r"<criterion>\s*(.*?)\s*</criterion>", p) for p in prompts_of(made.chat, "verify")
    ]
    return [match[1] for match in found if match]


def test_a_picture_that_passes_ends_it_after_one_round(loop: Any) -> None:
    made = craft(loop)
    out = made.run("a brown dog")
    assert made.painter.calls == [("a brown dog", 1)]  # no rewriting before round 1
    assert calls(out) == {"decomposer": (1, 0), "generator": (0, 1), "verifier": (6, 0)}
    assert (out["result"]["stop"]["reason"], out["result"]["success"]) == ("passed", True)
    assert (out["result"]["user_total"], out["result"]["total"]) == (4, 6)


def test_the_standing_checks_stand_behind_the_questions_and_must_pass(loop: Any) -> None:
    made = craft(loop, {"artifacts": "no"}, {})
    out = made.run()
    assert tuple(each["question"] for each in out["criteria"][-2:]) == STANDING
    assert {each["source"] for each in out["criteria"][-2:]} == {"strategy:craft"}
    assert [letters(each) for each in out["rounds"]] == ["yyyyny", "yyyyyy"]


def test_children_of_a_failed_parent_fail_unasked(loop: Any) -> None:
    made = craft(loop, {"there a dog": "no"}, max_iterations=1)
    out = made.run()
    assert letters(out["rounds"][0]) == "nnnyyy"
    assert sorted(asked(made)) == sorted(["Is there a dog?", "Is it night?", *STANDING])
    assert [v["evidence"] for v in out["rounds"][0]["verdicts"][:3]] == [
        "there a dog is off", "it hangs on “Is there a dog?”, which failed",
        "it hangs on “Is the dog brown?”, which failed",
    ]  # fmt: skip


def test_children_of_a_doubtful_parent_are_asked(loop: Any) -> None:
    made = craft(loop, {"there a dog": "unsure"}, max_iterations=1)
    assert letters(made.run()["rounds"][0]) == "uyyyyy"


def test_in_one_call_all_are_asked_and_children_fail_all_the_same(loop: Any) -> None:
    def batch(prompt: str) -> dict[str, Any]:
        found = re.findall(r'<criterion n="(\d+)">(.*?)</criterion>', prompt)
        said = [(int(n), "no" if "there a dog" in q else "yes") for n, q in found]
        return {"verdicts": [{"n": n, "evidence": "-", "answer": a} for n, a in said]}

    sides = {"detail_max_side": None, "scene_max_side": None}
    made = craft(loop, script={"verify-all": batch}, max_iterations=1, verify="batched", **sides)
    out = made.run()
    assert calls(out)["verifier"] == (1, 0)
    assert letters(out["rounds"][0]) == "nnnyyy"


def test_the_editor_is_told_what_failed_and_why_and_sees_no_picture(loop: Any) -> None:
    made = craft(loop, {"night": "no"}, {}, script={"edit-failed": {"prompt": "a dog, night"}})
    out = made.run("a dog")
    assert made.painter.calls == [("a dog", 1), ("a dog, night", 2)]
    assert calls(out)["refiner"] == (1, 0)
    [prompt] = prompts_of(made.chat, "edit-failed")
    assert 'answer="no">Is it night? <seen>night is off</seen>' in prompt
    assert 'answer="yes">Is the dog brown?</verdict>' in prompt
    assert "[picture]" not in prompt


def test_five_rounds_are_the_most_and_the_latest_of_the_best_is_returned(loop: Any) -> None:
    two, one = {"night": "no", "brown?": "no"}, {"night": "no"}
    made = craft(loop, two, one, one, two, two)
    out = made.run()
    assert len(made.painter.calls) == 5
    assert calls(out)["refiner"] == (4, 0)
    assert (out["result"]["round"], out["result"]["stop"]["reason"]) == (3, "max_iterations")
    earliest = craft(loop, two, one, one, two, two, craft_ties="earliest").run()
    assert earliest["result"]["round"] == 2


def test_it_may_begin_with_a_rewriting(loop: Any) -> None:
    made = craft(loop, script={"rewrite": {"prompt": "a fine dog"}}, craft_rewrite=True)
    assert calls(made.run("a dog"))["planner"] == (1, 0)
    assert made.painter.calls == [("a fine dog", 1)]


def test_your_own_checklist_stands_in_for_the_questions(loop: Any) -> None:
    made = craft(loop)
    out = made.run("a dog", checklist=["Is it a dog?"])
    assert [each["source"] for each in out["criteria"]] == ["user", *["strategy:craft"] * 2]
    assert made.chat.asked("questions-with-parents") == []


def test_questions_that_nobody_can_read_leave_the_request(loop: Any) -> None:
    out = craft(loop, script={"questions-with-parents": "hm"}, attempts=1).run("a dog")
    assert [each["source"] for each in out["criteria"]] == ["prompt", *["strategy:craft"] * 2]
    assert "No usable questions" in out["notes"][0]


def test_an_edit_that_nobody_can_read_draws_the_prompt_again(loop: Any) -> None:
    made = craft(loop, {"night": "no"}, {}, script={"edit-failed": "hm"}, attempts=1)
    out = made.run("a dog")
    assert made.painter.calls == [("a dog", 1), ("a dog", 2)]
    assert out["rounds"][1]["origin"] == "seed"


def test_quoted_text_is_kept_by_edits(loop: Any) -> None:
    script = {"edit-failed": {"prompt": "a sign"}}
    made = craft(loop, {"night": "no"}, {}, script=script)
    made.run('a sign that says "OPEN"')
    assert '"OPEN"' in made.painter.calls[1][0]


def test_a_person_may_be_asked_and_their_edits_of_the_questions_keep_the_parents(loop: Any) -> None:
    at: Any = {"configurable": {"thread_id": "t"}}
    made = craft(loop, {"dog brown": "no"}, pause="both", checkpointer=InMemorySaver(),
                 max_iterations=2)  # fmt: skip
    made.graph.invoke({"prompt": "a dog"}, at)
    kept = ["Is the dog brown?", "Does the dog's brown shine?"]
    out = made.graph.invoke(Command(resume={"criteria": kept}), at)
    assert letters(out["rounds"][0]) == "nn"
    assert len(made.chat.asked("verify")) == 1
    out = made.graph.invoke(Command(resume={"accept": True}), at)
    assert out["result"]["stop"]["reason"] == "accepted"


def test_numbers_of_parents_that_make_no_sense_are_left_out() -> None:
    items = [
        Item(question="A?", parents=[1, 2, 9, 0, -1]), Item(question="B?", parents=[1, 1]),
        Item(question="A?", parents=[2]), Item(question="?!", parents=[]),
        Item(question="C?", parents=[3, 4]),
    ]  # fmt: skip
    assert [(each["question"], each["parents"]) for each in criteria_of(items)] == [
        ("A?", []), ("B?", ["A?"]), ("C?", ["A?"]),
    ]  # fmt: skip


def test_parents_come_first_and_a_circle_is_asked_at_once() -> None:
    def made(question: str, *parents: str) -> Criterion:
        return Criterion(question=question, source="decomposer", parents=[*parents])

    assert levels([made("C", "B"), made("B", "A"), made("A"), made("D", "gone")]) == [
        [2, 3], [1], [0],
    ]  # fmt: skip
    assert levels([made("A", "B"), made("B", "A")]) == [[0, 1]]


@pytest.mark.parametrize(("dials", "most"), [({}, 1 + 5 * 6 + 4), ({"craft_rewrite": True}, 36)])
def test_an_estimate_counts_its_modules(dials: Any, most: int, tmp_path: Any) -> None:
    settings = settle({"strategy": "craft", **dials})
    numbers = estimate([Task("1", "1", "t", "a dog", None, settings, tmp_path)], [], 1).need
    assert numbers is not None
    assert (numbers.least.images, numbers.most.images, numbers.most.calls) == (1, 5, most)


def test_where_the_generator_edits_the_last_picture_is_changed_by_an_instruction(loop: Any) -> None:
    painter = Editor()
    answer = {"rationale": "-", "instruction": "Make it night.", "prompt": "a dog, night"}
    made = craft(loop, {"night": "no"}, {}, script={"edit-failed": answer}, generator=painter,
                 edit=True)  # fmt: skip
    out = made.run("a dog")
    first, second = painter.requests
    assert (first.images, first.instruction) == ((), "")
    assert (len(second.images), second.instruction) == (1, "Make it night.")
    assert second.prompt == "a dog, night"
    assert out["rounds"][1]["instruction"] == "Make it night."
    with pytest.raises(ConfigError, match="edit"):
        craft(loop, edit=True).run("a dog")
