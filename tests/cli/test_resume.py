"""`gems resume` of what has ended or waits: nothing twice, more rounds, no more questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Gems

NEVER = "Are there nine yellow stars?"
"""No picture of a red fish passes this."""


def folders() -> set[str]:
    return {folder.name for folder in Path("gems-out").iterdir()}


@pytest.fixture
def spent(gems: Gems, tmp_path: Path) -> dict[str, Any]:
    """A trajectory `t` that has spent its two rounds; its record."""
    (tmp_path / "criteria.txt").write_text(NEVER)
    options = ["--criteria", "criteria.txt", "--max-iterations", "2", "--seed", "1"]
    result = gems("run", "a red fish", "--thread", "t", *options, "--json")
    assert result.code == 3
    record: dict[str, Any] = result.json
    return record


@pytest.mark.usefixtures("spent")
def test_what_has_ended_is_told_and_not_written_again(gems: Gems) -> None:
    result = gems("resume", "t")
    assert result.code == 3
    assert "t had ended: nothing was done. More rounds: gems resume t --set max_it" in result.err
    assert result.out.splitlines()[1:] == ["gems-out/t/image.png", "gems-out/t/rounds.png"]
    assert folders() == {"t"}


def test_what_passed_is_told_to_be_forked(gems: Gems) -> None:
    gems("run", "a red fish", "--thread", "p", "--seed", "1")
    result = gems("resume", "p", "--set", "max_iterations=9")
    assert (result.code, folders()) == (0, {"p"})
    assert "p had ended: nothing was done. Another way: gems fork p.\n" in result.err


@pytest.mark.usefixtures("spent")
def test_the_folder_of_what_has_ended_is_written_where_it_is_missing(gems: Gems) -> None:
    result = gems("resume", "t", "--out", "elsewhere", "--quiet")
    assert (result.out, result.err) == ("elsewhere/image.png\n", "")
    assert Path("elsewhere/rounds.png").is_file()
    record = gems("resume", "t", "--out", "elsewhere", "--json").json
    assert record["stop_reason"] == "max_iterations"
    assert not Path("elsewhere-2").exists()


def test_more_rounds_go_on_where_the_rounds_were_spent(gems: Gems, spent: dict[str, Any]) -> None:
    result = gems("resume", "t", "--set", "max_iterations=4", "--json")
    after = result.json
    assert result.code == 3
    assert after["trajectory"] == spent["trajectory"]
    assert after["rounds"][:2] == spent["rounds"]
    assert [round_["n"] for round_ in after["rounds"]] == [1, 2, 3, 4]
    assert len(after["experiences"]) == 3
    assert after["ledger"]["generator"]["images"] == 4
    assert after["settings"] == {**spent["settings"], "max_iterations": 4}
    assert folders() == {"t", "t-2"}
    assert "t had ended" in gems("resume", "t").err  # and so it does again
    assert folders() == {"t", "t-2"}


@pytest.mark.usefixtures("spent")
@pytest.mark.parametrize("rounds", ["1", "2"])
def test_no_more_rounds_than_there_are_change_nothing(gems: Gems, rounds: str) -> None:
    assert "had ended" in gems("resume", "t", "--set", f"max_iterations={rounds}").err
    assert len(gems("show", "t", "--json").json["rounds"]) == 2


@pytest.mark.parametrize("pause", ["criteria", "verdicts", "both"])
def test_what_waits_goes_on_when_nobody_is_to_be_asked_any_more(gems: Gems, pause: str) -> None:
    assert gems("run", "a red fish", "--thread", "w", "--seed", "1", "--pause", pause).code == 4
    result = gems("resume", "w", "--set", "pause=never")
    assert result.code == 0
    assert folders() >= {"w"}


def test_what_waits_still_asks_where_the_other_setting_does_too(gems: Gems) -> None:
    assert gems("run", "a red fish", "--thread", "w", "--seed", "1", "--pause", "both").code == 4
    assert gems("resume", "w", "--set", "pause=criteria").code == 4
    assert gems("resume", "w", "--set", "pause=verdicts").code == 4  # past the criteria
    assert "Waiting for a word on the verdict" in gems("resume", "w").err
