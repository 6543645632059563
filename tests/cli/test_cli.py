"""The command line, over real HTTP on loopback: exit codes, streams, files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gems_graph.testing import ChatServer, Fault, ImageServer
from tests.conftest import Gems, criteria, two_rounds, verdicts


@pytest.fixture
def servers() -> Iterator[Callable[..., list[str]]]:
    """Start loopback servers by script, and return the options that point at them."""
    running: list[Any] = []

    def start(script: dict[str, Any], images: Any = ()) -> list[str]:
        chat, pictures = ChatServer(script), ImageServer(images)
        running.extend([chat.__enter__(), pictures.__enter__()])
        return [
            "--mllm", "compat:m", "--mllm-url", chat.url, "--generator", f"http:{pictures.url}",
            "--set", "retry_wait=0", "--set", "retries=1", "--seed", "7",
        ]  # fmt: skip

    yield start
    for server in running:
        server.__exit__()


def test_a_run_leaves_pictures_a_strip_and_a_record(gems: Gems, servers: Any) -> None:
    result = gems("run", "猫 and a dog", *servers(two_rounds()), "--out", "here")
    assert result.code == 0
    assert result.out.splitlines() == [
        "Passed: round 2 passes all 2 criteria.",
        str(Path("here/image.png")),
        str(Path("here/rounds.png")),
    ]
    assert result.err.splitlines() == [
        "2 criteria",
        "round 1: 1 of 2",
        "  not yet: Is there B?",
        "round 2: 2 of 2",
        "used: 8 chat calls, 2 images, 880 tokens, cost unknown",
    ]
    names = {"image.png", "round-1.png", "round-2.png", "rounds.png", "trajectory.json"}
    assert {file.name for file in Path("here").iterdir()} == names
    assert Image.open("here/image.png").size == (64, 64)
    record = json.loads(Path("here/trajectory.json").read_text())
    assert record["prompt"] == "猫 and a dog"
    assert [r["seed"] for r in record["rounds"]] == [7, 8]
    assert [r["thought"] for r in record["rounds"]] == ["", "say where"]
    assert record["experiences"] == ["saying where helps"]
    assert record["stop_reason"] == "passed"
    assert record["settings"]["mllm"] == "compat:m"
    assert {"gems-graph", "langgraph", "python"} <= record["versions"].keys()
    assert {t["node"] for t in record["timings"]} >= {"planner", "generator", "select"}
    assert record["models"]["verifier"] == "compat:m"
    assert record["ledger"]["verifier"]["calls"] == 4
    assert all(Path("here", r["file"]).is_file() for r in record["rounds"])


def test_json_alone_stands_on_stdout(gems: Gems, servers: Any) -> None:
    result = gems("run", "p", *servers(two_rounds()), "--json", "--quiet")
    assert json.loads(result.out)["result"]["success"]
    assert result.err == ""


def test_quiet_prints_the_picture_alone(gems: Gems, servers: Any) -> None:
    result = gems("run", "p", *servers(two_rounds()), "-q", "--out", "x")
    assert (result.code, result.out, result.err) == (0, f"{Path('x/image.png')}\n", "")


def test_a_best_effort_exits_3(gems: Gems, servers: Any) -> None:
    script = {"decompose": criteria(2), "verify": verdicts("yn")}
    result = gems("run", "p", *servers(script), "--max-iterations", "2")
    assert result.code == 3
    assert "Best effort: round 1 passes 1 of 2" in result.out


def test_an_error_after_an_image_exits_3_and_says_so(gems: Gems, servers: Any) -> None:
    script = {"decompose": criteria(2), "verify": verdicts("yn"), "refine": Fault(401)}
    result = gems("run", "p", *servers(script))
    assert result.code == 3
    assert "Stopped in refiner" in result.out
    assert "HTTP 401" in result.out


def test_an_unverified_image_exits_3(gems: Gems, servers: Any) -> None:
    result = gems("run", "p", *servers({"verify": Fault(500)}), "--out", "x")
    assert result.code == 3
    assert "no round was verified" in result.out
    assert Path("x/round-1.png").is_file()
    assert Path("x/rounds.png").is_file()


def test_an_error_without_an_image_exits_1(gems: Gems, servers: Any) -> None:
    result = gems("run", "p", *servers({}, [Fault(500), Fault(500)]), "--out", "x")
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith("gems: The generator 'http:")
    assert not Path("x").exists()


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["run"], "say what to draw"),
        (["run", " "], "say what to draw"),
        (["run", "p", "--size", "big"], "WIDTHxHEIGHT"),
        (["run", "p", "--max-iterations", "0"], "max_iterations"),
        (["run", "p", "--preset", "fast"], "preset"),
        (["run", "p", "--criteria", "no-such-file"], "no-such-file"),
        (["run", "p", "--set", "x"], "NAME=VALUE"),
        (["run", "p", "--set", "colour=red"], "no setting 'colour'"),
        (["run", "p", "--no-such-option"], "--no-such-option"),
        (["run", "p", "--role", "verifer=mini"], "no role 'verifer'"),
        (["run", "p", "--set", "strategy=none"], "no strategy 'none'"),
        (["paint"], "paint"),
    ],
)
def test_wrong_usage_exits_2_and_names_the_remedy(
    gems: Gems, arguments: list[str], remedy: str
) -> None:
    result = gems(*arguments)
    assert result.code == 2
    assert remedy in result.err
    assert result.out == ""


def test_a_second_run_never_overwrites_the_first(gems: Gems, servers: Any) -> None:
    options = servers({"decompose": criteria(1), "verify": verdicts("y")})
    gems("run", "one", *options, "--out", "x")
    result = gems("run", "two", *options, "--out", "x", "-q")
    assert result.out == f"{Path('x-2/image.png')}\n"
    assert json.loads(Path("x/trajectory.json").read_text())["prompt"] == "one"


@pytest.mark.parametrize("text", ["Is it A?\n\n Is it B? \n", '["Is it A?", "Is it B?"]'])
def test_own_criteria_replace_the_decomposer(gems: Gems, servers: Any, text: str) -> None:
    Path("criteria.txt").write_text(text)
    result = gems("run", "p", *servers({}), "--criteria", "criteria.txt", "--json", "-q")
    record = json.loads(result.out)
    assert [c["question"] for c in record["criteria"]] == ["Is it A?", "Is it B?"]
    assert {c["source"] for c in record["criteria"]} == {"user"}


def test_variables_and_dotenv_do_what_options_do(
    gems: Gems, servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = servers({"decompose": criteria(1), "verify": verdicts("n")})
    values = dict(zip(options[:6:2], options[1:6:2], strict=True))
    monkeypatch.setenv("GEMS_MLLM", values["--mllm"])
    monkeypatch.setenv("GEMS_RETRY_WAIT", "0")
    lines = {"GEMS_MLLM_URL": "--mllm-url", "GEMS_GENERATOR": "--generator"}
    text = [f"{key}={values[flag]}" for key, flag in lines.items()]
    Path(".env").write_text("\n".join([*text, "GEMS_MAX_ITERATIONS=2"]))
    for key in (*lines, "GEMS_MAX_ITERATIONS"):
        monkeypatch.setenv(key, "")  # so that what load_dotenv adds is taken back after the test
        monkeypatch.delenv(key)
    record = json.loads(gems("run", "p", "--json", "-q").out)
    assert record["settings"]["generator"] == values["--generator"]
    assert len(record["rounds"]) == 2


def test_what_is_no_setting_has_a_variable_too(
    gems: Gems, servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.txt").write_text("Is it A?")
    variables = {"CRITERIA": "mine.txt", "OUT": "there", "THREAD": "t", "JSON": "1", "QUIET": "1"}
    for name, value in variables.items():
        monkeypatch.setenv(f"GEMS_{name}", value)
    result = gems("run", "p", *servers({}))
    record = json.loads(result.out)
    assert (record["thread"], record["criteria"][0]["question"]) == ("t", "Is it A?")
    assert Path("there/image.png").is_file()
    assert result.err == ""


def test_trajectories_persist_under_gems_home(gems: Gems, servers: Any, tmp_path: Path) -> None:
    gems("run", "p", *servers(two_rounds()), "--thread", "a/../b", "-q")
    home = tmp_path / "home"
    assert (home / "trajectories.sqlite").stat().st_size > 0
    assert [file.name[:4] for file in Path("gems-out").iterdir()] == ["a_b-"]
    pictures = [f for f in (home / "images").rglob("*") if f.is_file()]
    assert len(pictures) == 2
    stored = (home / "trajectories.sqlite").read_bytes()
    assert all(picture.read_bytes()[:64] not in stored for picture in pictures)


def test_a_home_that_cannot_be_used_is_named(
    gems: Gems, servers: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GEMS_HOME", str(tmp_path / "file"))
    result = gems("run", "p", *servers({}))
    assert result.code == 1
    assert "GEMS_HOME" in result.err


def test_stdin_gives_the_prompt(gems: Gems, servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.write(write, b"a long prompt\n")
    os.close(write)
    monkeypatch.setattr(sys, "stdin", os.fdopen(read))
    record = json.loads(gems("run", "-", *servers(two_rounds()), "--json", "-q").out)
    assert record["prompt"] == "a long prompt"


def test_settings_lists_every_dial(gems: Gems) -> None:
    result = gems("settings")
    assert result.code == 0
    assert "max_iterations = 5" in result.out
    assert "N_max" in result.out


def test_a_run_that_ended_on_an_outage_is_taken_up_again(gems: Gems, servers: Any) -> None:
    script = {**two_rounds(), "refine": [Fault(503), Fault(503), {"prompt": "better"}]}
    first = gems("run", "p", *servers(script), "--thread", "t", "--json", "-q")
    before = json.loads(first.out)
    assert (first.code, before["stop_reason"], len(before["rounds"])) == (3, "error", 1)
    result = gems("resume", "t", "--json", "-q")
    after = json.loads(result.out)
    assert (result.code, after["stop_reason"]) == (0, "passed")
    assert after["rounds"][0] == before["rounds"][0]  # not drawn again
    assert after["rounds"][1]["prompt"] == "better"
    assert after["settings"] == before["settings"]
    assert after["trajectory"] == before["trajectory"]
    assert {folder.name for folder in Path("gems-out").iterdir()} == {"t", "t-2"}


def test_a_spent_budget_can_be_raised(gems: Gems, servers: Any) -> None:
    options = [*servers(two_rounds()), "--set", "max_images=1", "--thread", "t"]
    assert json.loads(gems("run", "p", *options, "--json", "-q").out)["stop_reason"] == "budget"
    assert gems("resume", "-q").code == 3  # the latest thread, the cap as it was
    result = gems("resume", "--set", "max_images=2", "--json", "-q")
    assert (result.code, json.loads(result.out)["stop_reason"]) == (0, "passed")


def test_a_finished_run_is_only_written_out_again(gems: Gems, servers: Any) -> None:
    gems("run", "p", *servers(two_rounds()), "--thread", "t", "-q")
    result = gems("resume", "t", "--out", "again", "-q")
    assert (result.code, result.out) == (0, f"{Path('again/image.png')}\n")


def test_resuming_nothing_is_named(gems: Gems) -> None:
    result = gems("resume", "nobody")
    assert result.code == 2
    assert "no trajectory 'nobody'" in result.err
    result = gems("resume")
    assert result.code == 2
    assert "no trajectory in" in result.err
