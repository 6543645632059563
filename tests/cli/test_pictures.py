"""`gems show PICTURE` and `gems run --like PICTURE`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from gems_graph.images.texts.carried import Carried, carrying
from gems_graph.report.recalled import read_parameters, recalled, wish_of
from tests.conftest import Gems

PICTURE = "out/image.png"


def a_picture(file: str, facts: dict[str, Any], parameters: str = "x\nSeed: 1") -> str:
    """Write a picture that tells what somebody wants it to tell."""
    Image.new("RGB", (8, 8), "red").save(file)
    data = carrying(Path(file).read_bytes(), Carried(facts, parameters), "somebody")
    Path(file).write_bytes(data)
    return file


@pytest.fixture
def fish(gems: Gems) -> Gems:
    done = gems("run", "a red fish", "--seed", "7", "--max-iterations", "2", "--thread", "fish",
                "--set", "probe=direct", "--out", "out", "-q")  # fmt: skip
    assert done.code == 0
    return gems


def test_a_picture_tells_and_then_its_trajectory_as_long_as_that_is_kept(fish: Gems) -> None:
    result = fish("show", PICTURE)
    for line in ("request     a red fish", "seed        7", "thread      fish",
                 "settings    seed = 7", "state       passed", "Round 1: "):  # fmt: skip
        assert f"\n{line}" in f"\n{result.out}"
    assert "probe = 'direct'" in result.out
    told = fish("show", PICTURE, "--json").json
    assert told["picture"]["facts"]["trajectory"] == told["trajectory"]["trajectory"]
    assert fish("rm", "fish", "--yes").code == 0
    result = fish("show", PICTURE)
    assert (result.code, "Round 1" in result.out) == (0, False)
    assert "request     a red fish" in result.out
    assert "is not kept in" in result.err
    assert fish("show", PICTURE, "--json").json["trajectory"] is None


def test_a_thread_used_again_is_another_trajectory(fish: Gems) -> None:
    assert fish("run", "a blue fish", "--thread", "fish", "--out", "other", "-q").code == 0
    result = fish("show", PICTURE)
    assert "a blue fish" not in result.out
    assert "is not kept in" in result.err


def test_like_repeats_request_seed_and_dials_to_the_same_picture(fish: Gems) -> None:
    result = fish("run", "--like", PICTURE, "--out", "again")
    assert "taken from the picture: the request 'a red fish', seed 7" in result.err
    assert "max_iterations 2" in result.err
    assert "probe direct" in result.err
    assert "not taken: models (mllm mini, generator mini)" in result.err
    old, new = (Image.open(f"{folder}/image.png") for folder in ("out", "again"))
    assert new.tobytes() == old.tobytes()


def test_explicit_options_win_over_the_picture_and_it_over_the_environment(
    fish: Gems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMS_SEED", "99")
    monkeypatch.setenv("GEMS_MAX_COST", "5")
    monkeypatch.setenv("GEMS_MAX_ITERATIONS", "9")
    result = fish("run", "a blue fish", "--like", PICTURE, "--set", "probe=evidence", "--json",
                  "--max-iterations", "1")  # fmt: skip
    settings = result.json["settings"]
    assert result.json["prompt"] == "a blue fish"
    assert {n: settings[n] for n in ("seed", "probe", "max_iterations", "max_cost")} == {
        "seed": 7, "probe": "evidence", "max_iterations": 1, "max_cost": 5.0,
    }  # fmt: skip
    assert "request" not in result.err.partition("taken from")[2].partition("\n")[0]


def test_nothing_that_opens_or_spends_is_taken_from_a_strangers_picture(gems: Gems) -> None:
    settings = {
        "seed": 3, "mllm": "compat:x", "mllm_url": "http://evil/v1", "generator": "http:http://e",
        "generator_url": "http://evil", "prompts": "/etc", "skills": ["/etc"], "max_cost": 1e9,
        "roles": {"judge": "compat:x"}, "extra_body": {"a": 1}, "budget": "theirs", "no_dial": 1,
        "pause": "both", "generator_options": {"script": "x"}, "retries": 20,
    }  # fmt: skip
    facts = {"prompt": "a red fish", "settings": settings, "models": {"mllm": "compat:x"},
             "criteria": [{"question": "Is it?", "source": "user"}], "references": 1}  # fmt: skip
    wish = wish_of(recalled(Path(a_picture("x.png", facts))), Path("x.png"))
    assert wish.dials == {"seed": 3}
    assert [each.partition(":")[0] for each in wish.left_out] == [
        "models (mllm compat", "criteria of its own", "pictures to go by",
    ]  # fmt: skip
    assert gems("run", "--like", "x.png", "-q").code == 0


HOSTILE: list[dict[str, Any]] = [
    {"prompt": ["a"], "settings": [1]}, {"prompt": None, "settings": {"preset": ["paper"]}},
    {"prompt": "a", "settings": {"seed": "x"}}, {"prompt": "a", "settings": {"seed": -1}},
    {"prompt": "a", "settings": {"strategy": "../x"}}, {"prompt": "\x1b[2J\u202e", "cut": 5},
    {"prompt": "a", "thread": "\x00", "criteria": {"a": 1}, "models": [1], "made": 3},
    {"prompt": "a", "thread": 5, "trajectory": {}}, {"prompt": "a" * 90, "cut": ["prompt"]},
]  # fmt: skip


@pytest.mark.parametrize("facts", HOSTILE)
def test_a_strangers_picture_is_told_safely_or_refused_in_one_sentence(
    gems: Gems, facts: dict[str, Any]
) -> None:
    a_picture("x.png", facts)
    shown = gems("show", "x.png")
    assert shown.code == 0
    assert not any(c in shown.out + shown.err for c in "\x1b\u202e\x00")
    again = gems("run", "--like", "x.png", "--dry-run")
    assert again.code == 2
    assert again.err.count("\n") == 1


def test_what_is_no_picture_of_ours_is_one_sentence(gems: Gems, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save("bare.png")
    Path("text.png").write_text("a red fish")
    Path("cut.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    Path("folder.png").mkdir()
    for name, words in {"bare.png": "tells nothing", "text.png": "no PNG, JPEG or WebP",
                        "cut.jpg": "ends in the middle", "folder.png": "is no picture file",
                        "none.png": "none.png"}.items():  # fmt: skip
        for arguments in (("show", name), ("run", "--like", name)):
            result = gems(*arguments)
            assert (result.code, result.out) == (2, "")
            assert words in result.err
            assert result.err.count("\n") == 1


def test_pictures_of_a1111_are_read_by_their_parameters(gems: Gems) -> None:
    text = (
        "a fox,\nred: very\nNegative prompt: blur, rain\nSteps: 20, Sampler: Euler a, "
        "CFG scale: 7.5, Seed: 4294967295, Size: 512x768, Model hash: 1, Model: x"
    )
    prompt, dials = read_parameters(text)
    assert prompt == "a fox,\nred: very"
    assert dials == {"steps": "20", "guidance": "7.5", "size": "512x768", "negative": "blur, rain"}
    assert read_parameters("only words, Hat: red") == ("only words, Hat: red", {})
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", "a red fish\nSteps: 20, Seed: 5")
    Image.new("RGB", (8, 8)).save("theirs.png", pnginfo=texts)
    assert "Seed: 5" in gems("show", "theirs.png").out
    result = gems("run", "--like", "theirs.png", "--json")
    assert (result.json["prompt"], result.json["settings"]["seed"]) == ("a red fish", 5)
    assert json.loads(result.out)["settings"]["steps"] == 20
