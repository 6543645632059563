"""`gems skills try`, over real HTTP on loopback: what it prints, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gems_graph.testing import ChatServer, Fault
from tests.evaluation.test_skills import oracle
from tests.skills.test_skills import plain, write

QUICK = ["--set", "retry_wait=0", "--set", "retries=0", "--set", "attempts=1"]


def tried(gems: Any, answers: Any, *arguments: str, reasoning: str | None = None) -> Any:
    """The result of the command on a server that answers so."""
    with ChatServer({"select-skills": answers}, reasoning=reasoning) as chat:
        model = ["--mllm", "compat:m", "--mllm-url", chat.url]
        return gems("skills", "try", *arguments, *model, *QUICK)


def test_the_whole_table_on_a_model_that_knows_it(gems: Any) -> None:
    result = tried(gems, oracle())
    assert result.code == 0
    assert "120 of 120 right (100.0 %)." in result.out
    assert "compat:m: 120 calls" in result.out
    assert result.err.startswith("Asking compat:m which of 9 skills fits: 120 calls of about 1,1")


def test_wrong_ones_are_listed_with_what_was_picked_instead(gems: Any) -> None:
    result = tried(gems, {"skills": ["text"]}, "--only", "none", "--limit", "2")
    assert result.code == 0
    assert "0 of 2 right (0.0 %)." in result.out
    assert "text-rendering 2" in result.out
    assert "text-rendering instead of none: a photo of a hedgehog" in result.out


def test_json_alone_stands_on_stdout(gems: Any) -> None:
    result = tried(gems, oracle(), "--limit", "3", "--json", "--quiet", reasoning="because")
    assert (result.code, result.err) == (0, "")
    report = json.loads(result.out)
    assert (report["requests"], report["right"]) == (3, 3)
    assert {item["thought"] for item in report["items"]} == {"because"}


def test_one_request_shows_the_skill_and_the_reasoning(gems: Any) -> None:
    result = tried(gems, {"skills": ["text"]}, "a sign “OPEN”", reasoning="It is to be read.")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == ["text-rendering", "It is to be read."]
    assert tried(gems, {"skills": []}, "a cat").out == "none\n"
    assert tried(gems, {"skills": ["cooking"]}, "a cat").out.splitlines() == [
        "unknown", "note: The Planner asked for a skill 'cooking', which does not exist.",
    ]  # fmt: skip
    report = json.loads(tried(gems, {"skills": []}, "a cat", "--json").out)
    assert (report["request"], report["picked"]) == ("a cat", "none")


def test_ones_own_skills_and_table(gems: Any, tmp_path: Path) -> None:
    write(tmp_path / "more", "neon-signs", plain("neon-signs", "Makes neon glow."))
    table = tmp_path / "mine.jsonl"
    table.write_text('{"request": "a bar with a neon sign", "skill": "neon-signs"}\n')
    result = tried(
        gems, {"skills": ["neon"]}, "--data", str(table), "--skills", str(tmp_path / "more")
    )
    assert result.code == 0
    assert "1 of 1 right" in result.out
    assert "which of 10 skills fits: 1 call of about" in result.err


def test_what_could_not_be_answered_is_counted_apart_and_exits_3_or_1(gems: Any) -> None:
    answers = [Fault(500), "who knows", {"skills": []}, Fault(500)]
    result = tried(gems, answers, "--only", "none", "--limit", "4", "--set", "concurrency=1")
    assert result.code == 3
    assert "1 of 1 right" in result.out
    assert "1 of 4 requests could not be read." in result.out
    assert "2 of 4 requests failed." in result.out
    result = tried(gems, Fault(500), "--again", "--set", "concurrency=1")
    assert result.code == 1
    assert "115 of 120 requests were not asked." in result.out  # five in a row are enough
    assert "Stopped early" in result.err


def test_an_outage_at_one_request_exits_1(gems: Any) -> None:
    result = tried(gems, Fault(500), "a cat")
    assert (result.code, result.out) == (1, "")
    [line] = result.err.splitlines()
    assert "HTTP 500" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a cat", "--only", "none"], "--only is for a table of requests."),
        (["a cat", "--limit", "3"], "--limit is for a table of requests."),
        (["--only", "cooking"], "there are some for: "),
        (["--data", "no-such"], "Cannot read no-such"),
        (["--skills", "no-such"], "create it or drop it"),
        (["--set", "mood=good"], "no setting 'mood'"),
        ([" "], "say what to draw"),
        (["a dog"], "`mini` does not know 'dog'"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_2(gems: Any, arguments: list[str], words: str) -> None:
    result = gems("skills", "try", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert "Traceback" not in result.err
