"""Search: N seeds, three ways of grading, the earliest best; a lost draw loses no other."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gems_graph.errors import ConfigError
from gems_graph.testing import Painter
from tests.conftest import criteria, letters, prompts_of, verdicts
from tests.strategies.test_openings import calls


def grade(overall: float, **more: Any) -> dict[str, Any]:
    return {"evidence": "-", "accuracy": 5, "quality": 5, "coherence": 5, "overall": overall} | more


def grades(*overall: float | None) -> Any:
    """Script one grade a picture; candidates ask in any order."""

    def answer(prompt: str) -> Any:
        found = overall[len(answer.asked)]  # type: ignore[attr-defined]
        answer.asked.append(prompt)  # type: ignore[attr-defined]
        return "hm" if found is None else grade(found)

    answer.asked = []  # type: ignore[attr-defined]
    return answer


def earliest_best(out: Any) -> int:
    """Return the number of the first round with the highest grade."""
    graded = {r["n"]: r["verdicts"][0]["p_yes"] or 0 for r in out["rounds"]}
    assert list(graded) == sorted(graded)
    return max(graded, key=graded.__getitem__)


def search(loop: Any, script: Any, **build: Any) -> Any:
    return loop(script, **{"strategy": "search", "concurrency": 1, "attempts": 1, **build})


def test_five_seeds_are_drawn_of_the_request_as_it_is_and_each_is_graded_once(loop: Any) -> None:
    made = search(loop, {"score": grades(3, 7, 9, 9, 2)})
    out = made.run("a cat")
    assert sorted(made.painter.calls) == [("a cat", seed) for seed in range(1, 6)]
    assert calls(out) == {"generator": (0, 5), "verifier": (5, 0)}
    assert made.chat.asked("decompose") == []
    assert all("<criterion>\na cat\n</criterion>" in p for p in prompts_of(made.chat, "score"))
    assert sorted(r["verdicts"][0]["p_yes"] for r in out["rounds"]) == [0.2, 0.3, 0.7, 0.9, 0.9]
    assert (out["result"]["round"], out["result"]["success"]) == (earliest_best(out), True)
    assert out["result"]["stop"]["reason"] == "passed"


def test_without_a_grade_that_passes_it_ends_when_n_are_drawn(loop: Any) -> None:
    out = search(loop, {"score": grades(3, 7.5, 7)}, max_iterations=3).run()
    assert (out["result"]["round"], out["result"]["success"]) == (earliest_best(out), False)
    assert out["result"]["stop"]["reason"] == "max_iterations"
    assert search(loop, {"score": grades(3)}, max_iterations=1, search_pass=3).run()["result"][
        "success"
    ]


def test_listwise_asks_once_and_shows_all_pictures_in_the_order_of_their_seeds(loop: Any) -> None:
    told = [grade(k, n=n) for n, k in ((3, 9), (1, 2), (2, 9))]
    made = search(
        loop, {"score-all": {"grades": told}}, search_scoring="listwise", max_iterations=3
    )
    out = made.run()
    assert calls(out) == {"generator": (0, 3), "verifier": (1, 0)}
    [prompt] = prompts_of(made.chat, "score-all")
    assert re.findall(r"Picture (\d)", prompt) == ["1", "2", "3"]
    assert prompt.count("[picture]") == 3
    assert [r["verdicts"][0]["p_yes"] for r in out["rounds"]] == [0.2, 0.9, 0.9]
    assert out["result"]["round"] == 2


def test_listwise_grades_that_are_missing_or_double_are_unsure(loop: Any) -> None:
    told = [grade(9, n=1), grade(2, n=1), grade(4, n=2), grade(10, n=7)]
    out = search(
        loop, {"score-all": {"grades": told}}, search_scoring="listwise", max_iterations=3
    ).run()
    assert [letters(round_) for round_ in out["rounds"]] == ["u", "n", "u"]
    assert out["result"]["round"] == 2


def test_a_checklist_is_made_once_and_judged_on_every_picture(loop: Any) -> None:
    said = verdicts("yn", "yy", "nn")
    made = search(
        loop, {"decompose": criteria(2), "verify": said},
        search_scoring="checklist", max_iterations=3,
    )  # fmt: skip
    out = made.run()
    assert calls(out) == {"decomposer": (1, 0), "generator": (0, 3), "verifier": (6, 0)}
    assert out["result"]["passed"] == 2


def test_your_own_checklist_is_judged_whatever_the_scoring(loop: Any) -> None:
    out = search(loop, {}, max_iterations=2).run(checklist=["Is it a cat?"])
    assert calls(out) == {"generator": (0, 2), "verifier": (2, 0)}
    assert [c["source"] for c in out["criteria"]] == ["user"]


def test_one_failing_draw_never_loses_the_others(loop: Any) -> None:
    painter = Painter([None, RuntimeError("boom")])
    made = search(loop, {"score": grades(3, 9)}, generator=painter, max_iterations=3, retries=0)
    out = made.run()
    assert len(out["rounds"]) == 2
    [lost] = out["failed"]
    assert "boom" in lost["error"]
    assert out["result"]["success"]


def test_a_grade_that_fails_or_cannot_be_read_loses_no_other(loop: Any) -> None:
    out = search(loop, {"score": grades(3, None, 2)}, max_iterations=3).run()
    assert sorted(letters(round_) for round_ in out["rounds"]) == ["n", "n", "u"]
    assert out["result"]["round"] == next(
        r["n"] for r in out["rounds"] if r["verdicts"][0]["p_yes"] == 0.3
    )
    script = {"score": [grade(3), OSError("no power"), grade(4)]}
    out = search(loop, script, max_iterations=3, retries=0).run()
    assert (len(out["rounds"]), len(out["failed"])) == (2, 1)


def test_a_grade_out_of_bounds_is_asked_for_again(loop: Any) -> None:
    made = search(loop, {"score": [grade(11), grade(6)]}, max_iterations=1, attempts=2)
    assert made.run()["rounds"][0]["verdicts"][0]["p_yes"] == 0.6


def test_a_cap_on_pictures_bounds_n(loop: Any) -> None:
    made = search(loop, {}, max_images=2)
    out = made.run()
    assert (len(made.painter.calls), out.get("failed", [])) == (2, [])


def test_a_wrong_scoring_is_answered_with_the_choices(loop: Any) -> None:
    with pytest.raises(ConfigError, match="'scalar', 'listwise'"):
        search(loop, {}, search_scoring="best")
