"""`gems verify`: criteria about any picture; the exit code tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from gems_graph.testing import ChatServer
from tests.conftest import Gems, criteria, verdicts


@pytest.fixture
def picture(tmp_path: Path) -> str:
    Image.new("RGB", (64, 48), "red").save(tmp_path / "red.png")
    return "red.png"


def test_the_exit_code_tells_whether_all_hold(gems: Gems, picture: str) -> None:
    for letters, code in (("yy", 0), ("yn", 3), ("yu", 3)):
        with ChatServer({"verify": verdicts(letters)}) as chat:
            model = ["--mllm", "compat:m", "--mllm-url", chat.url]
            done = gems("verify", picture, "Is there A?", "Is there B?", *model)
        assert done.code == code
        assert done.out.splitlines()[1] == "yes: Is there A? (A seen)"


def test_json_and_a_wish_and_criteria_of_a_file(gems: Gems, picture: str, tmp_path: Path) -> None:
    (tmp_path / "criteria.txt").write_text("Is there A?\n")
    with ChatServer({"verify": verdicts("yn"), "decompose": criteria(2)}) as chat:
        model = ["--mllm", "compat:m", "--mllm-url", chat.url, "--json"]
        wished = gems("verify", picture, "--wish", "a cat", *model)
        listed = gems("verify", picture, "--criteria", "criteria.txt", *model)
    assert (wished.code, wished.json["passed"], wished.json["total"]) == (3, 1, 2)
    assert wished.json["criteria"][1]["source"] == "decomposer"
    assert (listed.json["total"], listed.json["image"]["width"]) == (1, 64)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["red.png"], "Give yes/no criteria"),
        (["red.png", "Is there A?", "--wish", "a cat"], "Give yes/no criteria"),
        (["red.png", " "], "none of them blank"),
        (["blue.png", "Is there A?"], "blue.png"),
    ],
)
def test_wrong_usage_is_told(gems: Gems, picture: str, arguments: list[str], said: str) -> None:
    done = gems("verify", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_an_outage_is_an_error_and_no_verdict(gems: Gems, picture: str) -> None:
    nobody = ["--mllm", "compat:m", "--mllm-url", "http://127.0.0.1:9/v1", "--set", "attempts=1"]
    done = gems("verify", picture, "Is there A?", *nobody)
    assert (done.code, done.out) == (1, "")
