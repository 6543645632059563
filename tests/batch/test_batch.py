"""Many prompts at once, over real HTTP on loopback: what is drawn, skipped, paid and told."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gems_graph.persistence.locks import claim
from gems_graph.testing import ChatServer, Fault, Hang, ImageServer
from tests.conftest import Gems, criteria, wait_until

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


class World:
    """A chat server and an image server, and what was asked of them."""

    def __init__(self, script: dict[str, Any], images: Any = ()) -> None:
        self.chat, self.pictures = ChatServer(script), ImageServer(images)

    @property
    def options(self) -> list[str]:
        return [
            "--mllm", "compat:m", "--mllm-url", self.chat.url, "--seed", "7",
            "--generator", f"http:{self.pictures.url}", "--set", "retries=0",
        ]  # fmt: skip

    def asked(self) -> Counter[str]:
        """Count the requests so far, by kind."""
        return Counter(r["kind"] for r in [*self.chat.requests, *self.pictures.requests])


@pytest.fixture
def world() -> Iterator[Callable[..., World]]:
    running: list[World] = []

    def start(script: dict[str, Any] | None = None, images: Any = ()) -> World:
        made = World({"decompose": criteria(2), **(script or {})}, images)
        made.chat.__enter__()
        made.pictures.__enter__()
        running.append(made)
        return made

    yield start
    for each in running:
        each.chat.__exit__()
        each.pictures.__exit__()


def write(name: str, *lines: str | dict[str, Any]) -> str:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    Path(name).write_text("\n".join(texts))
    return name


def summary(base: str = "gems-out/p") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(base, "summary.jsonl").read_text().splitlines()]


def record(folder: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(Path(folder, "trajectory.json").read_text())
    return told


def unless(word: str, fault: Any, answer: Any) -> Callable[[str], Any]:
    """Answer with a fault to requests that hold a word."""
    return lambda prompt: fault if word in prompt else answer


# ------------------------------------------------------------------ one batch


def test_a_batch_leaves_a_folder_a_prompt_and_a_summary(gems: Gems, world: Any) -> None:
    w = world()
    result = gems("run", "--prompts", write("p.txt", "a cat", "", "# no", "a dog"), *w.options)
    assert result.code == 0
    assert result.out.splitlines() == [
        "2 in all: 2 passed; cost unknown",
        "gems-out/p/summary.jsonl",
    ]
    assert result.err.splitlines()[0] == "2 prompts: 2 to draw, 2 at a time."
    *ended, report = result.err.splitlines()[3:]
    assert sorted(ended) == [
        f"{k}/2 {id_} passed 2/2, 1 round, cost unknown"
        for k, id_ in enumerate([line.split()[1] for line in ended], start=1)
    ]
    assert report == "Report: gems-out/p/report.html"
    names = {"image.png", "round-1.png", "trajectory.json"}
    for id_, prompt in (("0001", "a cat"), ("0004", "a dog")):
        assert {file.name for file in Path("gems-out/p", id_).iterdir()} == names
        assert record(f"gems-out/p/{id_}")["prompt"] == prompt
    assert [(r["id"], r["prompt"], r["status"], r["rounds"], r["passed"]) for r in summary()] == [
        ("0001", "a cat", "passed", 1, 2),
        ("0004", "a dog", "passed", 1, 2),
    ]
    assert [r["thread"] for r in summary()] == [record(r["folder"])["thread"] for r in summary()]


def test_stdin_gives_prompts(gems: Gems, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read, put = os.pipe()
    os.write(put, '{"prompt": "a cat"}\n{"prompt": "一只猫", "id": "x"}\n'.encode())
    os.close(put)
    monkeypatch.setattr(sys, "stdin", os.fdopen(read))
    result = gems("run", "--prompts", "-", *world().options, "--json", "-q")
    told = {r["id"]: r["prompt"] for r in map(json.loads, result.out.splitlines())}
    assert told == {"0001": "a cat", "x": "一只猫"}
    assert result.err == ""
    assert Path("gems-out/stdin/x/image.png").is_file()


def test_the_readmes_example_works(gems: Gems, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    wishes, command = re.findall(r"^printf '(.*)' \| gems (run --prompts - .*)$", text, re.M)[0]
    stdin = io.TextIOWrapper(io.BytesIO(wishes.replace("\\n", "\n").encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert gems(*command.split(), "--seed", "1").code in (0, 3)
    assert len(summary("gems-out/stdin")) == 2


def test_a_prompt_may_have_settings_a_seed_and_criteria_of_its_own(gems: Gems, world: Any) -> None:
    w = world({"verify": {"evidence": "-", "answer": "no"}})
    file = write(
        "p.jsonl",
        {"prompt": "a", "settings": {"max_iterations": 1, "size": "96x64"}},
        {"prompt": "b", "id": 17, "seed": 3, "criteria": ["Is it b?", "Is it good?", "Really?"]},
    )
    result = gems("run", "--prompts", file, *w.options, "--max-iterations", "2", "-q")
    assert (result.code, result.out) == (3, "gems-out/p/summary.jsonl\n")
    first, second = record("gems-out/p/0001"), record("gems-out/p/17")
    assert [len(first["rounds"]), len(second["rounds"])] == [1, 2]
    assert (first["settings"]["size"], first["settings"]["seed"]) == ("96x64", 7)
    assert second["settings"]["seed"] == 3
    assert [c["question"] for c in second["criteria"]] == ["Is it b?", "Is it good?", "Really?"]
    assert w.asked()["decompose"] == 1


def test_so_many_are_drawn_at_once_and_no_more(gems: Gems, world: Any) -> None:
    together = threading.Barrier(3)

    def decompose(prompt: str) -> Any:
        together.wait(30)  # breaks unless three ask at the same time
        return criteria(1)

    w = world({"decompose": decompose})
    file = write("p.txt", *"abcdef")
    result = gems("run", "--prompts", file, *w.options, "--concurrency", "3")
    assert result.code == 0
    assert w.pictures.most_at_once <= 3


def test_a_cap_shared_by_name_holds_over_the_batch(gems: Gems, world: Any) -> None:
    w = world()
    caps = ["--set", "max_images=2", "--set", "budget=b", "--concurrency", "1"]
    result = gems("run", "--prompts", write("p.txt", *"abcd"), *w.options, *caps)
    assert (result.code, w.asked()["image"]) == (1, 2)
    assert [r["status"] for r in summary()] == ["passed", "passed", "failed", "failed"]
    caps[1] = "max_images=4"
    assert gems("run", "--prompts", "p.txt", *w.options, *caps).code == 0
    assert (w.asked()["image"], w.asked()["decompose"]) == (4, 4)  # what was asked is not again


# ------------------------------------------------------------------ failures


def test_one_failed_prompt_stops_no_other_and_the_same_command_retries_it(
    gems: Gems, world: Any
) -> None:
    w = world({"decompose": unless("bad", Fault(500), criteria(2))})
    file = write("p.txt", "bad", "b", "c", "d")
    result = gems("run", "--prompts", file, *w.options, "--concurrency", "2")
    assert result.code == 1
    assert result.out.splitlines()[0] == "4 in all: 3 passed, 1 failed; cost unknown"
    assert "0001 failed" in result.err
    assert "HTTP 500: the server failed" in result.err
    assert result.err.splitlines()[-1] == "1 failed; the same command tries them again."
    assert (summary()[0]["status"], summary()[0]["folder"]) == ("failed", None)
    before = w.asked()
    w.chat.script["decompose"] = criteria(2)
    result = gems("run", "--prompts", file, *w.options, "--json")
    assert result.code == 0
    told = {r["id"]: (r["status"], r["skipped"]) for r in map(json.loads, result.out.splitlines())}
    assert told == {
        "0001": ("passed", False),
        **dict.fromkeys(("0002", "0003", "0004"), ("passed", True)),
    }
    assert summary() == sorted(map(json.loads, result.out.splitlines()), key=lambda r: r["id"])
    more = w.asked() - before
    del more["select-skills"]  # which had been answered, or was cut off
    assert more == {"decompose": 1, "image": 1, "verify": 2}


def test_an_outage_after_a_picture_is_taken_up_in_its_place(gems: Gems, world: Any) -> None:
    no, yes = {"evidence": "-", "answer": "no"}, {"evidence": "-", "answer": "yes"}
    w = world({"decompose": criteria(1), "verify": [no, yes], "refine": Fault(500)})
    result = gems("run", "--prompts", write("p.txt", "a"), *w.options)
    assert result.code == 3
    assert "0001 failed 0/1, 1 round, cost unknown: ModelError: " in result.err
    assert record("gems-out/p/0001")["stop_reason"] == "error"
    w.chat.script["refine"] = {"rationale": "-", "prompt": "better"}
    result = gems("run", "--prompts", "p.txt", *w.options)
    assert result.code == 0
    assert [len(record("gems-out/p/0001")["rounds"]), w.asked()["image"]] == [2, 2]
    assert {file.name for file in Path("gems-out/p").iterdir()} == {
        "0001", "report.html", "summary.jsonl",
    }  # fmt: skip


def test_what_a_failed_prompt_had_cost_is_told_as_the_least(gems: Gems, world: Any) -> None:
    w = world(images=[Fault(500)])
    Path("gems.toml").write_text("prices = {m = {input = 100, output = 100}, http = {image = 1}}")
    result = gems("run", "--prompts", write("p.txt", "a", "b"), *w.options, "--concurrency", "1")
    call = 110 * 100 / 1e6
    assert [r["cost"] for r in summary()] == pytest.approx([2 * call, 4 * call + 1])
    assert result.out.startswith("2 in all: 1 passed, 1 failed; cost at least 1.0660\n")


def test_what_fails_for_all_is_tried_five_times_only(gems: Gems, world: Any) -> None:
    w = world({"decompose": Fault(401)})
    file = write("p.txt", *map(str, range(12)))
    result = gems("run", "--prompts", file, *w.options, "--concurrency", "1")
    assert result.code == 1
    assert w.asked()["decompose"] == 5
    assert result.out.startswith("12 in all: 5 failed, 7 not begun; cost ")
    first, second = result.err.splitlines()[-2:]
    assert first.startswith(
        "Stopped, as prompt after prompt failed in the same way: The chat model"
    )
    assert "HTTP 401" in first
    assert second == "Mend that, and go on with the same command."
    w.chat.script["decompose"] = criteria(2)
    assert gems("run", "--prompts", file, *w.options, "-q").code == 0
    assert len(summary()) == 12


def test_a_picture_between_failures_lets_the_rest_be_tried(gems: Gems, world: Any) -> None:
    w = world({"decompose": unless("bad", Fault(500), criteria(1))})
    file = write("p.txt", *["bad"] * 4, "b", *["bad"] * 4, "c")
    result = gems("run", "--prompts", file, *w.options, "--concurrency", "1")
    assert result.out.startswith("10 in all: 2 passed, 8 failed; cost ")


def test_prompts_outside_the_small_world_fail_alone_however_many(gems: Gems) -> None:
    file = write("p.txt", *["a dog"] * 7, "a red fish")
    result = gems("run", "--prompts", file, "--seed", "1", "--set", "retries=0")
    assert result.code == 1
    assert [r["status"] for r in summary()] == ["failed"] * 7 + ["passed"]
    assert "does not know 'dog'" in summary()[0]["error"]


def test_a_model_that_cannot_be_opened_is_told_before_anything_is_drawn(
    gems: Gems, world: Any
) -> None:
    file = write("p.jsonl", {"prompt": "a"}, {"prompt": "b", "settings": {"generator": "nobody"}})
    w = world()
    result = gems("run", "--prompts", file, *w.options)
    assert (result.code, w.asked().total()) == (2, 0)
    assert "nobody" in result.err.splitlines()[-1]
    assert not Path("gems-out").exists()


# ------------------------------------------------------------------ once more


def test_what_the_folder_has_is_skipped_and_what_changed_gets_another(
    gems: Gems, world: Any
) -> None:
    w = world()
    gems("run", "--prompts", write("p.txt", "a", "b", "b"), *w.options)
    assert w.asked()["image"] == 3  # the same words twice are two wishes
    result = gems("run", "--prompts", "p.txt", *w.options)
    assert (result.code, w.asked()["image"]) == (0, 3)
    assert result.err.splitlines()[0] == "3 prompts, all done before: nothing to draw."
    write("p.txt", "new", "a", "b", "b")  # the other lines have only moved
    result = gems("run", "--prompts", "p.txt", *w.options)
    assert (result.code, w.asked()["image"]) == (0, 4)
    assert [Path(r["folder"]).name for r in summary()] == ["0001-2", "0001", "0002", "0003"]
    assert record("gems-out/p/0001")["prompt"] == "a"
    assert record("gems-out/p/0001-2")["prompt"] == "new"


def test_a_changed_prompt_under_the_same_id_is_drawn_beside_the_old(gems: Gems, world: Any) -> None:
    w = world()
    gems("run", "--prompts", write("p.jsonl", {"id": "x", "prompt": "old"}), *w.options)
    gems("run", "--prompts", write("p.jsonl", {"id": "x", "prompt": "new"}), *w.options)
    prompts = {name: record(f"gems-out/p/{name}")["prompt"] for name in ("x", "x-2")}
    assert prompts == {"x": "old", "x-2": "new"}
    assert [r["folder"] for r in summary()] == ["gems-out/p/x-2"]


def test_other_settings_draw_nothing_again_and_say_so(gems: Gems, world: Any) -> None:
    w = world()
    gems("run", "--prompts", write("p.txt", "a"), *w.options)
    result = gems("run", "--prompts", "p.txt", *w.options, "--seed", "8", "--set", "call_timeout=9")
    assert w.asked()["image"] == 1
    assert "1 of those done before were drawn with other settings (seed)" in result.err
    without_seed = [*w.options[:4], *w.options[6:]]
    result = gems("run", "--prompts", "p.txt", *without_seed)
    assert (w.asked()["image"], "other settings" in result.err) == (1, False)
    result = gems("run", "--prompts", "p.txt", *w.options, "--seed", "8", "--out", "other")
    assert (w.asked()["image"], record("other/0001")["settings"]["seed"]) == (2, 8)


def test_a_folder_that_was_lost_is_written_again_for_nothing(gems: Gems, world: Any) -> None:
    w = world()
    gems("run", "--prompts", write("p.txt", "a", "b", "c"), *w.options)
    before, picture = w.asked(), Path("gems-out/p/0001/image.png")
    drawn = picture.read_bytes()
    picture.unlink()
    Path("gems-out/p/0002/trajectory.json").write_text("{")  # what is not ours stays
    Path("gems-out/p/0003").rename("gems-out/p/.old-0003")
    Path("gems-out/p/.part-3").mkdir()
    result = gems("run", "--prompts", "p.txt", *w.options)
    assert result.err.splitlines()[0] == "3 prompts, 1 done before: 2 to draw, 2 at a time."
    assert (w.asked(), picture.read_bytes()) == (before, drawn)
    assert {file.name for file in Path("gems-out/p").iterdir()} == {
        "0001", "0002", "0002-2", "0003", "report.html", "summary.jsonl",
    }  # fmt: skip


def test_a_dry_run_asks_nobody(gems: Gems, world: Any) -> None:
    w = world()
    result = gems("run", "--prompts", write("p.txt", "a", "b"), *w.options, "--dry-run")
    assert (result.code, result.err, w.asked().total()) == (0, "", 0)
    assert result.out.splitlines() == [
        "2 prompts: 2 to draw, 2 at a time.",
        "They take 2 to 10 images and 16 to 82 chat calls (6 criteria each assumed); repeats come "
        "on top.",
        f"Cost unknown: there is no price for http:{w.pictures.url}, compat:m; see `prices`.",
    ]
    assert not Path("gems-out").exists()


def test_the_data_of_a_benchmark_lies_beside_its_records(gems: Gems, world: Any) -> None:
    data = {"skills": ["count"], "prompt_id": 7}
    w = world()
    file = write("p.jsonl", {"prompt": "a", **data}, {"prompt": "b"})
    result = gems("run", "--prompts", file, *w.options)
    assert "Kept with each record, as data: skills, prompt_id." in result.err
    assert [each["data"] for each in summary()] == [data, {}]
    assert record("gems-out/p/0001")["batch"]["data"] == data
    again = gems("run", "--prompts", file, *w.options, "--json")
    assert [json.loads(line)["data"] for line in again.out.splitlines()] == [data, {}]


def test_the_estimate_holds(gems: Gems, world: Any) -> None:
    """What happens lies between the least and the most, and is both where it goes that way."""
    no = {"evidence": "-", "answer": "no"}
    w = world({"decompose": criteria(6), "select-skills": {"skills": ["spatial-intelligence"]}})
    w.chat.script["verify"] = no
    alone = ["--set", "skill_criteria=false", "--max-iterations", "3"]
    result = gems("run", "--prompts", write("p.txt", "a"), *w.options, *alone)
    assert "It takes 1 to 3 images and 8 to 25 chat calls" in result.err
    asked = w.asked()
    assert (asked["image"], asked.total() - asked["image"]) == (3, 25)
    before = w.asked()
    w.chat.script["verify"] = {"evidence": "-", "answer": "yes"}
    w.chat.script["select-skills"] = {"skills": []}
    result = gems("run", "--prompts", write("p.txt", "b"), *w.options, *alone)
    asked = w.asked() - before
    assert (asked["image"], asked.total() - asked["image"]) == (1, 8)


# ------------------------------------------------------------------ killed and stopped


def start(world: World, *more: str) -> subprocess.Popen[str]:
    """Start a batch over `p.txt` in a process of its own."""
    command = [sys.executable, "-m", "gems_graph.cli", "run", "--prompts", "p.txt"]
    return subprocess.Popen(
        [*command, *world.options, *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(("options", "strips"), [((), 0), (("--strips",), 2)])
def test_strips_are_drawn_where_they_are_asked_for(
    gems: Gems, world: Any, options: tuple[str, ...], strips: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def strip(state: Any, store: Any) -> Image.Image:
        drawn.append(state["prompt"])
        return Image.new("RGB", (8, 8))

    monkeypatch.setattr("gems_graph.report.strip.strip", strip)
    write("p.txt", "a", "b")
    assert gems("run", "--prompts", "p.txt", *world().options, *options).code == 0
    assert len(drawn) == len([*Path("gems-out/p").glob("*/rounds.png")]) == strips


def test_strips_of_one_picture_need_no_flag(gems: Gems) -> None:
    done = gems("run", "a red fish", "--strips")
    assert (done.code, "goes with --prompts" in done.err) == (2, True)


@posix
def test_after_a_kill_the_same_command_pays_nothing_twice(gems: Gems, world: Any) -> None:
    w = world(images=[None, None, Hang(), Hang()])
    write("p.txt", *"abcdef")
    child = start(w, "--concurrency", "2")
    wait_until(lambda: w.asked()["image"] == 4)  # two are drawn, two are being drawn
    wait_until(lambda: len(summary()) == 2)
    result = gems("run", "--prompts", "p.txt", *w.options)
    assert result.code == 2
    assert "gems-out/p is being worked on by another process" in result.err
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=30)
    folders = {file.name for file in Path("gems-out/p").iterdir()} - {"summary.jsonl"}
    assert len(folders) == 2
    assert all(Path("gems-out/p", name, "trajectory.json").is_file() for name in folders)
    assert {r["id"] for r in summary()} == folders
    result = gems("run", "--prompts", "p.txt", *w.options)
    assert result.code == 0
    assert [r["status"] for r in summary()] == ["passed"] * 6
    asked = w.asked()
    assert asked == {"select-skills": 6, "decompose": 6, "image": 6 + 2, "verify": 12}


@posix
@pytest.mark.parametrize("signals", [1, 2])
def test_ctrl_c_ends_all_and_says_how_to_go_on(
    gems: Gems, world: Any, monkeypatch: pytest.MonkeyPatch, signals: int
) -> None:
    both, over, err = threading.Barrier(2), threading.Event(), io.StringIO()
    yes = {"evidence": "-", "answer": "yes"}

    def verify(prompt: str) -> Any:
        """Answer only when both pictures are looked at and the signals were understood."""
        if over.is_set():
            return yes
        if both.wait(30) == 0:
            os.kill(os.getpid(), signal.SIGINT)
        wait_until(lambda: "Stopping when this step is done" in err.getvalue())
        if signals == 2:
            if both.wait(30) == 0:
                os.kill(os.getpid(), signal.SIGINT)
            over.wait(30)
        return yes

    w = world({"decompose": criteria(1), "verify": verify})
    monkeypatch.setattr(sys, "stderr", err)
    file = write("p.txt", *"abcd")
    result = gems("run", "--prompts", file, *w.options, "--concurrency", "2")
    over.set()
    assert result.code == 130
    assert result.out.splitlines()[0] == "4 in all: 2 interrupted, 2 not begun; cost unknown"
    last = err.getvalue().splitlines()[-1]
    assert last == "Interrupted: 0 of 4 have ended. Go on with the same command."
    assert [r["status"] for r in summary()] == ["interrupted"] * 2
    assert record("gems-out/p/0001")["stop_reason"] == "cancelled"  # its picture is not lost
    assert gems("run", "--prompts", "p.txt", *w.options, "-q").code == 0
    asked = w.asked()
    assert (asked["image"], asked["decompose"]) == (4, 4)
    assert asked["verify"] == 4 + (2 if signals == 2 else 0)
    assert {file.name for file in Path("gems-out/p").iterdir()} == {
        "0001", "0002", "0003", "0004", "report.html", "summary.jsonl",
    }  # fmt: skip


# ------------------------------------------------------------------ resume --all


def test_resume_all_takes_up_what_did_not_end_well(gems: Gems, world: Any) -> None:
    w = world({"decompose": unless("bad", Fault(500), criteria(1))})
    for name, prompt in (("fine", "a"), ("down", "bad"), ("out", "worse is bad")):
        gems("run", prompt, *w.options, "--thread", name, "-q")
    gems("run", "c", *w.options, "--thread", "asks", "--pause", "criteria", "-q")
    cap = ["--set", "max_images=1"]
    w.chat.script["verify"] = {"evidence": "-", "answer": "no"}
    gems("run", "d", *w.options, *cap, "--thread", "poor", "-q")
    w.chat.script |= {"decompose": criteria(1), "verify": {"evidence": "-", "answer": "yes"}}
    gems("run", "again", *w.options, "--set", "max_cost=1", "--thread", "fine", "-q")  # no price
    before = w.asked()
    result = gems("resume", "--all", "--set", "max_images=9", "--out", "again")
    assert result.code == 0
    assert result.err.splitlines()[:2] == [
        "3 to take up.",
        "asks waits for an answer: gems resume asks",
    ]
    told = {r["id"]: (r["prompt"], r["status"]) for r in summary("again")}
    assert told == {
        "down": ("bad", "passed"), "out": ("worse is bad", "passed"), "poor": ("d", "passed"),
    }  # fmt: skip
    assert (w.asked() - before)["image"] == 3
    assert record("again/down")["thread"] == "down"
    result = gems("resume", "--all")
    assert (result.code, result.err.splitlines()[0]) == (0, "0 to take up.")


def test_what_another_works_on_is_left_alone(gems: Gems, world: Any) -> None:
    w = world({"decompose": Fault(500)})
    gems("run", "a", *w.options, "--thread", "t", "-q")
    before = w.asked()
    with claim("t"):
        result = gems("resume", "--all")
        assert (result.code, result.err.splitlines()) == (
            0, ["0 to take up.", "t is being worked on by another process."],
        )  # fmt: skip
        for arguments in (["resume", "t"], ["run", "b", *w.options, "--thread", "t"]):
            assert gems(*arguments).code in (1, 2)
    assert w.asked() == before


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["run", "a cat", "--prompts", "p.txt"], "A PROMPT goes with one picture"),
        (["run", "--prompts", "p.txt", "--thread", "t"], "--thread goes with one picture"),
        (["run", "--prompts", "p.txt", "--pause", "both"], "--pause goes with one picture"),
        (["run", "--prompts", "p.txt", "--show-context"], "--show-context goes with one"),
        (["run", "--prompts", "nowhere.txt"], "Cannot read prompts from nowhere.txt"),
        (["run", "--prompts", "p.txt", "--concurrency", "0"], "--concurrency"),
        (["run", "a cat", "--concurrency", "2"], "--concurrency goes with --prompts"),
        (["run", "a cat", "--dry-run"], "--dry-run goes with --prompts"),
        (["resume", "t", "--all"], "A THREAD goes without --all"),
        (["resume", "--all", "--accept"], "An answer goes without --all"),
        (["resume", "t", "--concurrency", "2"], "--concurrency goes with --all"),
    ],
)
def test_wrong_usage_exits_2_and_names_the_remedy(
    gems: Gems, arguments: list[str], remedy: str
) -> None:
    write("p.txt", "a red fish")
    result = gems(*arguments)
    assert (result.code, result.out) == (2, "")
    assert remedy in result.err
