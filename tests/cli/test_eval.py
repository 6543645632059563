"""`gems eval`: tables, reports, exit codes, one sentence an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gems_graph.testing import ChatServer
from tests.evaluation.test_matching import PAIRS

PAGE = Path(__file__).parents[2] / "docs" / "evaluation.md"


def shown(command: str) -> list[str]:
    """What the docs say that a command prints."""
    block = PAGE.read_text(encoding="utf-8").partition(f"$ {command}\n")[2]
    return block.partition("\n```")[0].splitlines()


def test_the_decomposer_offline(gems: Any) -> None:
    result = gems("eval", "decomposer")
    assert result.code == 0
    assert "mini: 24 calls" in result.out
    *figures, _seconds = shown("gems eval decomposer")
    assert [line for line in figures if line not in result.out] == []


def test_the_verifier_offline(gems: Any) -> None:
    result = gems("eval", "verifier", "--pictures", "5", "--side", "96", "--side", "528")
    assert result.code == 0
    assert "questions about 5 pictures a way" in result.out
    report = gems("eval", "verifier", "--pictures", "5", "--json").json
    assert [*report["ways"]] == [
        "evidence per-criterion", "evidence batched", "direct per-criterion", "direct batched"
    ]  # fmt: skip


def test_a_report_lies_in_a_file(gems: Any, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    result = gems("eval", "decomposer", "--limit", "2", "--json", "--out", str(out))
    assert result.json == json.loads(out.read_text(encoding="utf-8"))
    assert len(result.json["items"]) == 2


def test_any_server_and_any_dial(gems: Any) -> None:
    with ChatServer() as chat:
        model = ["--mllm", "compat:m", "--mllm-url", chat.url]
        grid = ["--vary", "temperature=0", "--vary", "temperature=1"]
        report = gems("eval", "verifier", "--pictures", "1", *model, *grid, "--json").json
    assert [*report["ways"]] == ["0", "1"]
    assert {request["temperature"] for request in chat.requests} == {0.0, 1.0}


def test_p_yes_has_a_table_where_a_server_gives_log_probabilities(gems: Any) -> None:
    tops = [{"token": word, "logprob": lp} for word, lp in (("yes", -0.1), ("no", -2.4))]
    with ChatServer({"verify": "yes"}, logprobs=[{**tops[0], "top_logprobs": tops}]) as chat:
        model = ["--mllm", "compat:m", "--mllm-url", chat.url, "--probe", "direct"]
        result = gems("eval", "verifier", "--pictures", "4", *model)
        report = gems("eval", "verifier", "--pictures", "4", *model, "--json").json
    assert "p(yes)  answers  Brier" in result.out
    row = report["ways"]["as set"]
    assert row["with_p_yes"] == row["questions"]
    assert row["false_yes"] == 1.0  # it says yes to everything, and half of that is wrong
    assert 0.3 < row["brier"] < 0.7


def test_mini_tells_of_prompts_outside_its_world(gems: Any) -> None:
    result = gems("eval", "decomposer", "--data", str(PAIRS))
    assert result.code == 1
    assert "9 of 9 requests failed" in result.out
    assert "`mini` does not know 'backpack', 'pig'" in result.out


def test_a_cap_ends_with_3_and_says_how_to_go_on(gems: Any) -> None:
    result = gems("eval", "decomposer", "--max-calls", "3")
    assert result.code == 3
    assert "21 of 24 requests were not asked" in result.out
    assert "The same command goes on" in result.err
    assert gems("eval", "decomposer").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["decomposer", "--data", "no-such"], "Cannot read no-such"),
        (["decomposer", "--out", "no/such/folder/x"], "Cannot write the report"),
        (["verifier", "--data", "no-such"], "name a folder of pictures"),
        (["verifier", "--verify", "by mood"], "The setting verify"),
        (["verifier", "--vary", "mood=good"], "There is no setting 'mood'"),
        (["verifier", "--vary", "mood"], "NAME=VALUE"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_2(gems: Any, arguments: list[str], words: str) -> None:
    result = gems("eval", *arguments)
    assert result.code == 2
    assert words in result.err
    assert "Traceback" not in result.err
