"""Maestro: which calls it makes in which round, its stop rules, and the best that it tracks."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import pytest
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from PIL import Image

from gems_graph import Store, build_graph
from gems_graph.batch import estimate
from gems_graph.batch.plan import Task
from gems_graph.settings import settle
from gems_graph.testing import Painter, ScriptedChat, paint, task_of, text_of
from tests.conftest import criteria, prompts_of
from tests.strategies.test_openings import calls


def colour(data: bytes) -> Any:
    return Image.open(io.BytesIO(data)).convert("RGB").getpixel((0, 0))


class Taste(ScriptedChat):
    """A scripted model that prefers pictures as it is told: by their prompt and seed."""

    likes: Mapping[tuple[str, int], int]

    def _generate(self, messages: list[BaseMessage], *more: Any, **named: Any) -> ChatResult:
        if task_of(text_of(messages[0])) == "compare":
            by_colour = {colour(paint(*each, (64, 64))): like for each, like in self.likes.items()}
            first, second = (by_colour[shown] for shown in self._shown(messages[0]))
            better = "same" if first == second else "first" if first > second else "second"
            self.script = {**self.script, "compare": {"rationale": "-", "better": better}}
        return super()._generate(messages, *more, **named)

    @staticmethod
    def _shown(message: BaseMessage) -> list[Any]:
        blocks = [each for each in message.content if isinstance(each, dict)]
        return [colour(base64.b64decode(each["base64"])) for each in blocks if "base64" in each]


class Run:
    """A run of Maestro whose pictures are liked as told."""

    def __init__(
        self, store: Store, likes: Mapping[tuple[str, int], int], script: Any = None,
        painter: Painter | None = None, **dials: Any,
    ) -> None:  # fmt: skip
        base = {
            "questions": [criteria(1), criteria(2)], "rewrite": {"prompt": "a fine cat"},
            "verify": {"evidence": "dark", "answer": "no"},
        }  # fmt: skip
        self.chat = Taste(script={**base, **(script or {})}, likes=likes)
        self.painter = painter or Painter()
        fixed = {"strategy": "maestro", "seed": 1, "retry_wait": 0, "concurrency": 1}
        graph = build_graph(
            mllm=self.chat, generator=self.painter, store=store, **{**fixed, **dials}
        )
        self.out: Any = graph.invoke({"prompt": "a cat"})

    @property
    def pictures(self) -> list[tuple[str, int]]:
        return sorted(self.painter.calls, key=lambda call: call[1])


ALL = {
    ("a cat", 1): 1, ("a fine cat", 2): 2, ("an edited prompt", 3): 3, ("an improved prompt", 4): 5,
    ("an edited prompt", 5): 4, ("an improved prompt", 6): 4,
}  # fmt: skip


def test_three_rounds_of_two_pictures_and_every_call_of_the_specification(store: Store) -> None:
    run = Run(store, ALL)
    assert run.pictures == list(ALL)
    assert calls(run.out) == {
        "decomposer": (2, 0),  # two passes
        "planner": (1, 0),
        "generator": (0, 6),
        "comparator": (6 + 12 + 12, 0),  # round 1 has no best to compare with
        "verifier": (2 * 2, 0),  # |Q| about the best of round 1 and of round 2
        "editor": (2, 0), "improver": (2, 0),
        "checker": (2 * 2, 0),  # nothing was missing
    }  # fmt: skip
    assert run.out["result"]["round"] == 4  # tracked: not the last one
    assert run.out["result"]["prompt"] == "an improved prompt"
    assert run.out["result"]["why"].startswith("round 4 won 6 of 6 votes against round 5; ")
    assert run.out["result"]["stop"]["reason"] == "max_iterations"


def test_the_authors_four_rounds_are_a_dial(store: Store) -> None:
    likes = {**ALL, ("an edited prompt", 7): 0, ("an improved prompt", 8): 0}
    run = Run(store, likes, maestro_rounds=4)
    assert len(run.pictures) == 8
    assert calls(run.out)["verifier"] == (4, 0)  # the best of round 2 stays: nothing new is asked


def test_the_second_pass_sees_the_first_and_wins(store: Store) -> None:
    run = Run(store, ALL)
    first, second = prompts_of(run.chat, "questions")
    assert "<draft>" not in first
    assert '<question n="1">Is there A?</question>' in second
    assert [each["question"] for each in run.out["criteria"]] == ["Is there A?", "Is there B?"]


def test_the_editor_sees_what_failed_and_why_and_the_improver_only_the_picture(
    store: Store,
) -> None:
    run = Run(store, ALL)
    edit, improve = (
        prompts_of(run.chat, "edit-prompt")[0],
        prompts_of(run.chat, "improve-prompt")[0],
    )
    assert "<prompt>a fine cat</prompt>" in edit
    assert "Is there A? <seen>dark</seen>" in edit
    assert "[picture]" not in edit
    assert "<prompt>a fine cat</prompt>" in improve
    assert "[picture]" in improve
    assert "Is there" not in improve


def test_every_vote_is_a_call_of_its_own_and_half_are_swapped(store: Store) -> None:
    run = Run(store, {("a cat", 1): 1, ("a fine cat", 2): 2}, maestro_rounds=1, maestro_votes=2)
    shown = [Taste._shown(messages[0]) for messages in run.chat.asked("compare")]
    assert len(shown) == 4
    assert sorted(map(str, shown)).count(str(shown[0])) == 2
    assert {str(pair) for pair in shown} == {str(shown[0]), str(shown[0][::-1])}
    assert run.out["result"]["why"] == (
        "round 2 won 4 of 4 votes against round 1; nobody judged it by the criteria"
    )
    assert run.out["result"]["verified"] is False


def test_a_judge_that_always_says_first_changes_nothing(store: Store) -> None:
    said = {"compare": {"rationale": "-", "better": "first"}}
    out = build_graph(
        mllm=ScriptedChat(script=said), generator=Painter(), store=store, strategy="maestro", seed=1
    ).invoke({"prompt": "a cat"})
    assert out["result"]["round"] == 1
    assert "no majority" in out["result"]["why"]


def test_a_tie_keeps_the_best_so_far(store: Store) -> None:
    run = Run(store, dict.fromkeys(ALL, 1))
    assert run.out["result"]["round"] == 1


def test_votes_that_cannot_be_read_count_for_neither(store: Store) -> None:
    chat = ScriptedChat(script={"compare": "hm"})
    out = build_graph(
        mllm=chat, generator=Painter(), store=store, strategy="maestro", seed=1, attempts=1,
        maestro_rounds=1,
    ).invoke({"prompt": "a cat"})  # fmt: skip
    assert out["result"]["round"] == 1
    assert sum("counts for neither" in note for note in out["notes"]) == 6


def test_a_prompt_is_mended_until_it_is_clean_or_three_checks_are_made(store: Store) -> None:
    def mend(prompt: str) -> dict[str, Any]:
        text = prompt.partition("<prompt>")[2].partition("</prompt>")[0].strip()
        if "edited" in text and text.count("!") < 1:
            return {"missing": [1], "prompt": f"{text}!"}
        if "improved" in text:
            return {"missing": [1], "prompt": f"{text}!"}
        return {"missing": [], "prompt": ""}

    likes = {**ALL, ("an edited prompt!", 3): 3, ("an improved prompt!!!", 4): 3}
    run = Run(store, likes, {"check-prompt": mend}, maestro_rounds=2)
    assert run.pictures[2:] == [("an edited prompt!", 3), ("an improved prompt!!!", 4)]
    assert calls(run.out)["checker"] == (2 + 3, 0)
    assert "checker" not in calls(Run(store, ALL, maestro_rounds=2, maestro_checks=0).out)


def test_failed_questions_may_be_edited_one_after_another(store: Store) -> None:
    steps = [{"rationale": "-", "prompt": f"step {k}"} for k in (1, 2)]
    likes = {**ALL, ("step 2", 3): 0}
    run = Run(store, likes, {"edit-prompt": steps}, maestro_edits="each", maestro_rounds=2)
    assert calls(run.out)["editor"] == (2, 0)
    assert "<prompt>step 1</prompt>" in prompts_of(run.chat, "edit-prompt")[1]
    assert ("step 2", 3) in run.pictures


def test_where_nothing_failed_the_best_prompt_is_drawn_once_more(store: Store) -> None:
    yes = {"verify": {"evidence": "-", "answer": "yes"}}
    run = Run(store, {**ALL, ("a fine cat", 3): 0}, yes, maestro_rounds=2)
    assert ("a fine cat", 3) in run.pictures
    assert "editor" not in calls(run.out)
    stopped = Run(store, ALL, yes, maestro_stop_at_pass=True)
    assert len(stopped.pictures) == 2
    assert stopped.out["result"]["success"]


def test_it_may_end_where_no_round_brings_a_better_picture(store: Store) -> None:
    likes = {**dict.fromkeys(ALL, 0), ("a cat", 1): 9}
    assert len(Run(store, likes, maestro_stagnation=1).pictures) == 4
    assert len(Run(store, likes).pictures) == 6


def test_a_failing_draw_leaves_its_rival_and_a_failing_vote_the_best(store: Store) -> None:
    run = Run(store, ALL, painter=Painter([RuntimeError("boom")]), retries=0)
    assert calls(run.out)["generator"] == (0, 5)
    assert "boom" in run.out["failed"][0]["error"]
    broken = {"compare": OSError("no power")}
    out = build_graph(
        mllm=ScriptedChat(script=broken), generator=Painter(), store=store, strategy="maestro",
        seed=1, retries=0,
    ).invoke({"prompt": "a cat"})  # fmt: skip
    assert (out["result"]["round"], out["result"]["stop"]["reason"]) == (2, "error")


def test_a_cap_of_five_pictures_leaves_the_sixth_undrawn(store: Store) -> None:
    run = Run(store, ALL, max_images=5)
    assert len(run.pictures) == 5
    assert run.out["result"]["round"] == 4


@pytest.mark.parametrize("dials", [{}, {"maestro_votes": 1}, {"maestro_edits": "each"}])
def test_an_estimate_holds_what_a_run_takes(dials: Any, store: Store, tmp_path: Any) -> None:
    run = Run(store, {**ALL, ("an edited prompt", 3): 0}, **dials)
    spent = sum(used["calls"] for used in run.out["ledger"].values())
    settings = settle({"strategy": "maestro", **dials})
    numbers = estimate([Task("1", "1", "t", "a cat", None, settings, tmp_path)], [], 1).need
    assert numbers is not None
    assert (numbers.least.images, numbers.most.images) == (6, 6)
    assert spent <= numbers.most.calls
