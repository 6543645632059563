"""The benchmark of busy servers: slots, what a kill cost, and which limits were missed."""

from __future__ import annotations

import io
import json
import signal
from pathlib import Path

import pytest
from PIL import Image

from gems_graph.benchmarks.listing import open_task
from tools import bench_serving
from tools.bench_serving import Phase, busy, missed, twice, windows, write_prompts
from tools.serving import SCRIPT, Served, Slots, Told, _named


def served(key: str, came: float, begin: float, end: float, kind: str = "verify") -> Served:
    return Served(kind, key, came, begin, end)


def test_slots_let_the_others_wait_their_turn() -> None:
    slots = Slots(2, 1.0)
    assert [slots.take(0.0), slots.take(0.0), slots.take(0.5)] == [(0, 1), (0, 1), (1, 2)]
    assert slots.take(5.0) == (5, 6)
    slots.clear()
    assert slots.take(5.5) == (5.5, 6.5)


def test_busy_is_work_within_the_windows() -> None:
    work = [served("a", 0, 0, 1), served("b", 0, 1, 2), served("c", 0, 0, 1)]
    assert busy(work, 2, [(0, 2)]) == pytest.approx(0.75)
    assert busy(work, 2, [(0, 1), (1.5, 2)]) == pytest.approx((2 + 0.5) / 3)
    assert busy(work, 2, []) == 0


def test_windows_end_with_the_kill_and_with_the_last_beginning() -> None:
    told = Told(
        [served("a", 1, 1, 2, "decompose"), served("b", 7, 7, 8, "decompose"),
         served("c", 8, 8, 9)], [], 0.0,
    )  # fmt: skip
    phases = [Phase(0, 5, 1, 1, -signal.SIGKILL), Phase(6, 20, 1, 1, 0)]
    assert windows(told, phases) == [(1, 5), (7, 7)]


def test_what_was_answered_well_before_the_kill_and_came_again_was_paid_twice() -> None:
    chat = [
        served("answered", 0, 0, 1), served("waiting", 4, 6, 7), served("under way", 4, 4, 6),
        served("just answered", 3, 3, 4.5), served("answered", 8, 8, 9),
        served("waiting", 8, 8, 9), served("just answered", 8, 8, 9),
    ]  # fmt: skip
    assert twice(Told(chat, [], 0.0), killed=5.0) == (2, 3, 1)


def test_every_limit_that_is_missed_is_named() -> None:
    good = {
        "codes": [-9, 3], "memory": 500e6, "cpu": 0.4, "paid_twice": 0, "again": 5, "under_way": 5,
        "trajectories": 800, "chat_busy": 0.95, "image_busy": 0.95,
    }  # fmt: skip
    assert missed(good) == []
    bad = {"codes": [-9, 1], "memory": 900e6, "cpu": 0.6, "paid_twice": 1, "image_busy": 0.8}
    assert len(missed(good | bad)) == len(bad)
    assert "busy slots" not in missed(good | {"image_busy": 0.1, "trajectories": 60})


def test_prompts_come_again_with_a_number_where_there_are_too_few(tmp_path: Path) -> None:
    assert write_prompts(85, tmp_path / "nowhere", tmp_path / "data") == "80 of shapes"
    texts = [prompt.text for prompt in open_task("geneval2").load(tmp_path / "data")]
    assert len(set(texts)) == 85
    assert texts[80] == f"{texts[0]}, number 2"


def test_no_two_pictures_are_the_same_and_all_can_be_read() -> None:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(out, "PNG")
    one, other = _named(out.getvalue(), "one"), _named(out.getvalue(), "other")
    assert one != other
    image = Image.open(io.BytesIO(one))
    image.load()
    assert (image.getpixel((0, 0)), image.info["Comment"]) == ((255, 0, 0), "one")


def test_what_the_servers_say_follows_from_the_request() -> None:
    wish = "<task>decompose</task><user_prompt>\nthree red fish\n</user_prompt>"
    criteria = SCRIPT["decompose"](wish)["criteria"]
    assert len(criteria) == 5
    assert all("three red fish" in each for each in criteria)
    last = [SCRIPT["verify"](f"[picture {n}] {criteria[-1]}")["answer"] for n in range(400)]
    assert 0.2 < last.count("yes") / 400 < 0.4
    assert SCRIPT["verify"](f"[picture] {criteria[0]}")["answer"] == "yes"


def test_arguments_have_defaults() -> None:
    options = bench_serving.arguments(["--prompts", "60"])
    assert (options.prompts, options.door) == (60, "eval")
    assert json.dumps(bench_serving.DOORS)
