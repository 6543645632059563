"""The Verifier's evaluation: pictures of known truth, ways of asking, figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gems_graph import Settings, Store
from gems_graph.errors import ConfigError, ModelError, UsageError
from gems_graph.evaluation.asking import Evaluation
from gems_graph.evaluation.cases import Case, Question, labelled
from gems_graph.evaluation.figures import Answered, calibration, figures
from gems_graph.evaluation.scenes import scenes
from gems_graph.evaluation.verifier import along, evaluate, ways
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.players import settings_and_toolbox
from gems_graph.state import Verdict
from gems_graph.testing import ScriptedChat, paint, text_of

SETTINGS = Settings(retry_wait=0, attempts=1, concurrency=1)
MODES = {"verify": ["per-criterion", "batched"]}


def measured(store: Store, chat: Any, cases: list[Case], grid: Any = None, **about: Any) -> Any:
    """The report on a model; `mini` if there is none."""
    settings = about.pop("settings", SETTINGS)
    _, make = settings_and_toolbox(chat, None, store)
    asked = ways(settings, *(along(dial, values) for dial, values in (grid or {}).items()))
    return BACKGROUND.run(lambda: evaluate(cases, asked, Evaluation(make, **about)))


def case(*questions: tuple[str, bool], name: str = "one") -> Case:
    data = paint(name, 1, (64, 64))
    return Case(name, lambda: data, tuple(Question(*each) for each in questions))


def says(**answers: Any) -> ScriptedChat:
    """A model that answers by question."""

    def answer(prompt: str) -> Any:
        question = prompt.rpartition("<criterion>")[2].split("</criterion>")[0].strip()
        return answers[question.removesuffix("?")]

    return ScriptedChat(script={"verify": answer})


def word(answer: str) -> dict[str, str]:
    return {"evidence": "seen", "answer": answer}


def test_right_wrong_and_unsure_are_told_apart(store: Store) -> None:
    asked = case(("A?", True), ("B?", False), ("C?", True), ("D?", False))
    chat = says(A=word("yes"), B=word("yes"), C=word("unsure"), D="what?")
    row = measured(store, chat, [asked])["ways"]["as set"]
    assert (row["questions"], row["accuracy"], row["unsure"]) == (4, 0.25, 0.5)
    assert (row["false_yes"], row["false_no"], row["unreadable"]) == (0.5, 0.0, 1)
    assert (row["with_p_yes"], row["brier"], row["ece"]) == (0, None, None)


def test_no_answer_and_no_other_picture_is_shown(store: Store) -> None:
    chat = says(A=word("yes"), B=word("no"))
    measured(store, chat, [case(("A?", True), ("B?", False))])
    prompts = [text_of(messages[0]) for messages in chat.asked("verify")]
    assert [prompt.count("[picture]") for prompt in prompts] == [1, 1]
    assert all(("A?" in prompt) != ("B?" in prompt) for prompt in prompts)


def test_every_combination_is_asked_and_compared(store: Store) -> None:
    grid = {**MODES, "vision_max_side": [64, 128]}
    report = measured(store, None, [*scenes(3, seed=1)], grid)
    names = [f"{mode} {side}" for mode in MODES["verify"] for side in (64, 128)]
    assert [*report["ways"]] == names
    assert report["agreement"][0]["between"] == names[:2]
    assert len(report["agreement"]) == 6
    calls = {name: row["used"]["calls"] for name, row in report["ways"].items()}
    assert calls["per-criterion 64"] == report["questions"]
    assert calls["batched 128"] < calls["per-criterion 128"]
    sent = {name: row["used"]["bytes"] for name, row in report["ways"].items()}
    assert sent["per-criterion 64"] < sent["per-criterion 128"]


def test_a_failed_picture_is_counted_and_judges_nobody(store: Store) -> None:
    good, bad = case(("A?", True)), case(("B?", True), name="two")
    report = measured(store, says(A=word("yes"), B=ModelError("down")), [good, bad])
    row = report["ways"]["as set"]
    assert (row["accuracy"], row["questions"], row["pictures_failed"]) == (1.0, 1, 1)
    assert "down" in report["items"][1]["errors"]["as set"]
    assert report["items"][1]["criteria"][0]["said"] == {"as set": None}


def test_what_was_paid_is_not_paid_again_and_caps_hold_over_all_ways(store: Store) -> None:
    chat, asked = says(A=word("yes")), [case(("A?", True)), case(("A?", True), name="two")]
    grid = {"temperature": [0, 1]}
    capped = SETTINGS.model_copy(update={"max_calls": 3})
    report = measured(store, chat, asked, grid, settings=capped)
    assert sum(row["pictures_not_asked"] for row in report["ways"].values()) == 1
    assert "cap on calls" in report["stopped"]
    report = measured(store, chat, asked, grid)
    assert (report["stopped"], len(chat.asked("verify"))) == (None, 4)


def test_a_value_that_is_none_is_told_before_anything_is_asked() -> None:
    with pytest.raises(ConfigError, match="verify"):
        ways(SETTINGS, along("verify", ["per-criterion", "by mood"]))


def verdict(answer: str, p: float | None) -> Verdict:
    return Verdict(answer=answer, p_yes=p, evidence="")  # type: ignore[typeddict-item]


def test_brier_and_calibration_error_by_hand() -> None:
    said = [(0.9, True), (0.9, False), (0.1, False), (None, True)]
    answered = [Answered(verdict("yes", p), holds, "") for p, holds in said]
    # Brier: (0.01 + 0.81 + 0.01) / 3; ECE: two of 0.9 with half right, one of 0.1 with none
    expected = {"with_p_yes": 3, "brier": 0.2767, "ece": round((0.8 + 0.1) / 3, 4)}
    assert calibration(answered) == expected
    assert calibration([Answered(verdict("yes", 1.0), True, "")])["ece"] == 0.0


def test_the_interval_by_hand() -> None:
    answered = [Answered(verdict("yes", None), k < 9, "") for k in range(10)]
    row = figures(answered)
    assert (row["accuracy"], row["accuracy_95"]) == (0.9, [0.5958, 0.9821])  # Wilson, 9 of 10
    assert figures([])["accuracy"] is None


def test_scenes_are_the_same_for_a_seed_and_half_of_the_answers_are_yes() -> None:
    first, again = ([*scenes(50, seed=3)] for _ in range(2))
    assert [c.questions for c in first] == [c.questions for c in again]
    assert [c.load() for c in first] == [c.load() for c in again]
    assert len({c.load() for c in first}) == 50
    holds = [q.holds for c in first for q in c.questions]
    assert 0.4 < sum(holds) / len(holds) < 0.6
    assert {q.skill for c in first for q in c.questions} == {
        "count", "attribute", "object", "position"
    }  # fmt: skip


def test_mini_reads_its_own_world(store: Store) -> None:
    report = measured(store, None, [*scenes(40, seed=5)])
    assert report["ways"]["as set"]["accuracy"] >= 0.98


def folder(path: Path, *lines: Any) -> Path:
    path.mkdir()
    Image.new("RGB", (8, 8), "red").save(path / "a.png")
    text = "".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines)
    (path / "labels.jsonl").write_text(text, encoding="utf-8")
    return path


RED = {"image": "a.png", "criteria": [{"question": "Is it red?", "answer": "yes"}]}


def test_a_folder_of_labelled_pictures(store: Store, tmp_path: Path) -> None:
    [only] = labelled(folder(tmp_path / "set", RED))
    assert only.questions == (Question("Is it red?", True),)
    chat = ScriptedChat(script={"verify": word("yes")})
    assert measured(store, chat, [only])["ways"]["as set"]["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2: this is no JSON object"),
        ([], "line 2: this is no JSON object; write one a line"),
        ({**RED, "label": 1}, "nothing else"),
        ({**RED, "image": "b.png"}, "line 2: there is no picture 'b.png'"),
        ({**RED, "image": "../set/a.png"}, "there is no picture"),
        ({**RED, "image": None}, "there is no picture None"),
        ({**RED, "criteria": []}, "`criteria` must be a list"),
        ({**RED, "criteria": ["Is it red?"]}, "a criterion has `question` and `answer`"),
        ({**RED, "criteria": [{"question": "", "answer": "yes"}]}, "must be texts"),
        ({**RED, "criteria": [{"question": "x?", "answer": True}]}, 'must be "yes" or "no"'),
        ({**RED, "criteria": [{"question": "x?", "answer": ["no"]}]}, 'must be "yes" or "no"'),
    ],
)
def test_a_malformed_label_is_named(tmp_path: Path, line: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        labelled(folder(tmp_path / "set", RED, line))


def test_a_folder_without_labels_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"labels\.jsonl"):
        labelled(tmp_path)
