"""What is listed and shown of kept trajectories, however they stand."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from PIL import Image
from rich.console import Console

from gems_graph.cli.history import print_lines
from gems_graph.errors import ModelError
from gems_graph.persistence.catalogue import thread_names
from gems_graph.persistence.history import Line, history
from gems_graph.persistence.show import look_up
from gems_graph.persistence.threads import config_of
from tests.conftest import Gems
from tests.kept import Kept, kept


async def lines_of(on: Kept) -> dict[str, Line]:
    return {line["thread"]: line async for line in history(on.threads)}


async def stop(on: Kept, thread: str, prompt: str = "p", **at: Any) -> None:
    """Run a thread until before or after a node."""
    await on.graph.ainvoke({"prompt": prompt}, config_of(thread), durability="sync", **at)


@pytest.mark.usefixtures("database")
def test_every_trajectory_has_a_line_the_one_worked_on_last_first() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("one", "a cat")
            on.says["B"] = "yes"
            await on.run("two", "a dog")
            new = await on.fork("one", round=1, prompt="a cow")
            await on.run("one", "a pig")
            lines = await lines_of(on)
            assert [*lines] == ["one", new, "two"]
            one = lines["one"]  # used again: the latest trajectory
            assert (one["prompt"], one["rounds"], one["verdict"]) == ("a pig", 1, "passed 2/2")
            assert (one["state"], one["passed"], one["total"], one["error"]) == ("passed", 2, 2, "")
            assert one["trajectory"] == (await on.state("one"))["trajectory"]
            assert one["cost"] is None  # nobody knows what the doubles cost
            assert one["when"] is not None
            assert one["when"] > str(lines["two"]["when"])
            assert (lines[new]["state"], lines[new]["verdict"]) == ("interrupted", "1/2 so far")

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_lines_tell_how_each_stands() -> None:
    async def scenario() -> None:
        async with kept(max_iterations=2) as on:
            await on.run("spent")
            await stop(on, "cut", interrupt_after=["planner"])
            await stop(on, "blind", interrupt_after=["generator"])
            await stop(on, "new", interrupt_before=["begin"])
            await stop(on, "busy", interrupt_after=["planner"])
            async with on.threads.claim("busy"):
                lines = await lines_of(on)
        told = {name: (line["state"], line["verdict"]) for name, line in lines.items()}
        assert told == {
            "spent": ("best effort", "best effort 1/2"),
            "cut": ("interrupted", "no image"),
            "blind": ("interrupted", "not verified"),
            "new": ("not begun", "no image"),
            "busy": ("running", "no image"),
        }

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("build", "state", "verdict", "error"),
    [
        ({"max_images": 1}, "best effort", "best effort 1/2", "cap on images"),
        ({"script": {"refine": ModelError("down")}}, "failed", "best effort 1/2", "down"),
        ({"script": {"verify": ModelError("down")}}, "failed", "not verified", "down"),
        ({"script": {"decompose": ModelError("down")}}, "failed", "no image", "down"),
        ({"pause": "verdicts"}, "waiting", "1/2 so far", ""),
        ({"pause": "criteria"}, "waiting", "no image", ""),
    ],
)
def test_lines_tell_what_went_wrong(
    build: dict[str, Any], state: str, verdict: str, error: str
) -> None:
    async def scenario() -> None:
        async with kept(retries=0, **build) as on:
            try:
                await on.run("t")
            except ModelError:
                assert verdict == "no image"
            line = (await lines_of(on))["t"]
            assert (line["state"], line["verdict"]) == (state, verdict)
            assert error in line["error"]
            assert bool(error) == bool(line["error"])

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_run_that_was_cancelled_was_interrupted_and_did_not_fail() -> None:
    drawing = threading.Event()

    async def hang(prompt: str, *, seed: int, size: Any) -> bytes:
        drawing.set()
        return await asyncio.Future()

    async def scenario() -> None:
        async with kept(generator=hang) as on:
            task = asyncio.create_task(on.run("t"))
            await asyncio.to_thread(drawing.wait)
            task.cancel()
            await asyncio.wait([task])
            line = (await lines_of(on))["t"]
            assert (line["state"], line["error"]) == ("interrupted", "")

    asyncio.run(scenario())


class Host(TypedDict, total=False):
    prompt: str
    result: dict[str, Any]
    topic: str


@pytest.mark.usefixtures("database")
def test_a_nested_loop_has_no_line_of_its_own_nor_has_another_graph() -> None:
    async def scenario() -> None:
        async with kept() as on:
            builder = StateGraph(Host)
            builder.add_node("draw", on.graph.copy(update={"checkpointer": True}))
            builder.add_edge(START, "draw")
            builder.add_edge("draw", END)
            host = builder.compile(checkpointer=on.saver)
            await host.ainvoke({"topic": "cats", "prompt": "a cat"}, config_of("host"))
            other = StateGraph(Host)
            other.add_node("nothing", lambda _: {"topic": "dogs"})
            other.add_edge(START, "nothing")
            await other.compile(checkpointer=on.saver).ainvoke({"topic": ""}, config_of("other"))
            await on.run("mine")
            places = [
                found.config["configurable"]["checkpoint_ns"]
                async for found in on.saver.alist(config_of("host"))
            ]
            assert any(places)  # the nested loop is kept
            lines = await lines_of(on)
            assert len(lines) == len({*lines}) <= 2
            assert "other" not in lines

    asyncio.run(scenario())


def test_only_what_is_shown_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with kept() as on:
            for name in "abcdef":
                await on.run(name)
            read: list[int] = []
            serde = on.saver.serde
            loads = serde.loads_typed
            monkeypatch.setattr(serde, "loads_typed", lambda data: read.append(1) or loads(data))
            seen = 0
            async for _ in history(on.threads):
                seen += 1
                if seen == 2:
                    break
            assert len(read) < 2 * 20  # two checkpoints with what was written after them
            read.clear()
            assert await thread_names(on.saver) == ["f", "e", "d", "c", "b", "a"]
            assert not read

    asyncio.run(scenario())


def test_damaged_and_newer_trajectories_are_listed_as_such() -> None:
    async def scenario() -> None:
        async with kept() as on:
            for name in ("fine", "damaged", "newer"):
                await on.run(name)
            await on.graph.aupdate_state(config_of("newer"), {"schema": 99}, as_node="select")
            await on.damage("damaged")
            lines = await lines_of(on)
            assert lines["fine"]["state"] == "best effort"
            assert lines["damaged"]["state"] == lines["newer"]["state"] == "unreadable"
            assert "damaged" in lines["damaged"]["error"]
            assert "schema 99" in lines["newer"]["error"]

    asyncio.run(scenario())


# --------------------------------------------------------------------------- the command line


@pytest.fixture
def some(gems: Gems) -> None:
    """Keep a passed one, a best effort, and one that was interrupted."""

    async def scenario() -> None:
        async with kept() as on:
            await on.run("effort", "two\tcats\nin \x1b[31ma \u202ehat")
            on.says["B"] = "yes"
            await on.run("fine", "a dog")
            await stop(on, "cut", "a cow", interrupt_after=["generator"])

    asyncio.run(scenario())


@pytest.mark.usefixtures("some")
def test_history_is_lines_of_tabs_for_other_programs(gems: Gems) -> None:
    result = gems("history")
    assert result.code == 0
    assert result.err == "Go on with one that did not end well, or waits: gems resume THREAD\n"
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert all(Path(row.pop()).is_file() for row in rows)
    assert [[row[0], *row[2:]] for row in rows] == [
        ["cut", "a cow", "0", "not verified", "unknown", "interrupted"],
        ["fine", "a dog", "1", "passed 2/2", "unknown", "passed"],
        [
            "effort", "two cats in \\u001b[31ma \\u202ehat", "3", "best effort 1/2", "unknown",
            "best effort",
        ],
    ]  # fmt: skip


@pytest.mark.usefixtures("some")
def test_history_filters_and_counts(gems: Gems) -> None:
    def names(*options: str) -> list[str]:
        return [line.split("\t")[0] for line in gems("history", *options).out.splitlines()]

    assert names("--limit", "2") == ["cut", "fine"]
    assert names("-n", "1", "--all") == ["cut", "fine", "effort"]
    assert names("--state", "passed", "--state", "best effort") == ["fine", "effort"]
    assert names("--grep", "CATS") == ["effort"]
    assert names("--grep", "fin") == ["fine"]
    assert names("--grep", "cats", "--state", "passed") == []
    result = gems("history", "--state", "finished")
    assert result.code == 2
    assert "no state 'finished'; the states are running, waiting, passed, accepted" in result.err


@pytest.mark.usefixtures("some")
def test_history_is_one_json_list(gems: Gems) -> None:
    told = json.loads(gems("history", "--json", "--limit", "2").out)
    assert [line["thread"] for line in told] == ["cut", "fine"]
    assert told[1]["prompt"] == "a dog"
    assert (told[1]["passed"], told[1]["total"], told[1]["cost"]) == (2, 2, None)


def test_old_words_for_states_are_understood(gems: Gems) -> None:
    async def scenario() -> None:
        async with kept(retries=0, max_iterations=2) as on:
            await on.run("effort")
            on.says["B"] = "yes"
            await on.run("fine")
        async with kept(max_images=1) as on:
            await on.run("spent")
        async with kept(retries=0, script={"refine": ModelError("down")}) as on:
            await on.run("down")

    def names(*words: str) -> set[str]:
        options = [option for word in words for option in ("--state", word)]
        return {line.split("\t")[0] for line in gems("history", *options).out.splitlines()}

    asyncio.run(scenario())
    assert names("best effort") == {"effort", "spent"}
    assert names("budget") == {"spent"}
    assert names("error") == names("failed") == {"down"}
    assert names("done") == names("passed") == {"fine"}
    assert names("done", "error") == {"fine", "down"}
    told = {line["thread"]: line for line in gems("history", "--json").json}
    assert {name: line["open"] for name, line in told.items()} == {
        "effort": False, "spent": True, "fine": False, "down": True,
    }  # fmt: skip
    assert told["spent"]["stop_reason"] == "budget"


def test_an_empty_history_is_no_error(gems: Gems) -> None:
    result = gems("history")
    assert (result.code, result.out, result.err) == (0, "", "There is no such trajectory.\n")
    assert gems("history", "--json").out == "[]\n"
    assert gems("show").code == 2


LINE = Line(
    thread="abcdefabcdef", trajectory="", when="2026-01-02T03:04:05+00:00",
    prompt="three red fish \x1b[2J and " + "a very long request " * 9, image="0" * 64, rounds=3,
    verdict="best effort 4/5", passed=4, total=5, cost=0.25, state="best effort",
    stop_reason="max_iterations", open=False, error="",
)  # fmt: skip


def listed(width: int, **about: Any) -> list[str]:
    """Print a line on a terminal of some width; return the rows without escape sequences."""
    file = io.StringIO()
    line = Line(**{**LINE, **about})  # type: ignore[typeddict-item]
    console = Console(file=file, force_terminal=True, width=width, color_system=None)
    print_lines([(line, "gems-out/" + "long/" * 30 + "image.png")], console)
    assert "\x1b" not in file.getvalue()
    return [row.rstrip() for row in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [40, 80, 130])
def test_a_terminal_leads_with_prompt_and_picture_and_cuts_the_prompt_alone(width: int) -> None:
    prompt, picture, facts = listed(width)
    assert prompt.startswith("three red fish \\u001b[2J and a very")
    assert prompt.endswith("…")
    assert len(prompt) <= width
    assert picture == "  gems-out/" + "long/" * 30 + "image.png"
    assert facts.startswith("  best effort 4/5, 3 rounds, 2026-01-02 ")
    assert facts.endswith(", cost 0.2500, abcdefabcdef")


def test_one_that_cannot_be_read_says_why_on_a_terminal() -> None:
    about = {"prompt": "", "state": "unreadable", "total": None, "error": "It is damaged.\x1b"}
    assert listed(80, **about)[0] == "It is damaged.\\u001b"


@pytest.mark.usefixtures("some")
def test_show_tells_all_of_a_trajectory(gems: Gems) -> None:
    result = gems("show", "effort")
    assert result.code == 0
    out = result.out
    assert "state       best effort\n" in out
    assert "two\tcats\n            in \\u001b[31ma \\u202ehat" in out
    assert " Is there B?   ✗    ✗    ✗" in out
    assert "\nRound 2: 1 of 2\n  prompt    a better prompt\n" in out
    assert "            by the Refiner, seed 2\n" in out
    assert "  no        Is there B? B seen\n" in out
    assert "  learned   saying where helps\n" in out
    assert "result      round 1 passes 1 of 2, the most of 3 rounds\n" in out
    pictures = [Path(line[12:]) for line in out.splitlines() if line.startswith("  picture ")]
    assert len(pictures) == 3
    assert all(picture.is_file() for picture in pictures)  # in the image store
    assert result.err == "To have the pictures as files: gems show effort --out DIR\n"
    assert "verifier    6 calls, 0 images, " in out
    assert "in all      12 calls, 3 images, " in out
    settings = out.partition("settings    ")[2].split()
    assert "".join(settings) == (
        "mllm='python:ScriptedChat'generator='python:painter'seed=1max_iterations=3retry_wait=0.0"
    )
    assert "\x1b" not in out


@pytest.mark.usefixtures("some")
def test_show_names_the_folder_of_the_run_and_the_pictures_in_it(gems: Gems) -> None:
    gems("show", "effort", "--out", "gems-out/effort")
    newest = gems("show", "effort", "--out", "gems-out/effort").out.strip()
    assert newest == "gems-out/effort-2"
    result = gems("show", "effort")
    named = [line.split()[1] for line in result.out.splitlines() if line.startswith("  picture")]
    assert named == [f"{newest}/round-{n}.png" for n in (1, 2, 3)]
    assert all(Image.open(picture).size == (64, 64) for picture in named)
    assert f"folder      {newest}\n" in result.out
    assert f"            {newest}/image.png\n" in result.out
    assert result.err == ""


@pytest.mark.usefixtures("some")
def test_show_takes_no_folder_for_that_of_another_trajectory(gems: Gems) -> None:
    folder = Path("gems-out/effort")
    gems("show", "effort", "--out", str(folder))
    record = json.loads((folder / "trajectory.json").read_text())
    (folder / "trajectory.json").write_text(json.dumps({**record, "trajectory": "another"}))
    assert str(folder) not in gems("show", "effort").out


@pytest.mark.usefixtures("some")
def test_show_takes_the_latest_and_tells_of_an_unfinished_one_what_there_is(
    gems: Gems,
) -> None:
    out = gems("show").out
    assert out.startswith("thread      cut\nstate       interrupted\n")
    assert "Round 1: not judged\n  prompt    a cow\n" in out
    assert "result" not in out
    told = json.loads(gems("show", "cut", "--json").out)
    assert (told["thread"], told["state"], told["result"]) == ("cut", "interrupted", None)
    assert (told["rounds"], told["stop_reason"], told["parent"]) == ([], None, None)


@pytest.mark.usefixtures("some")
def test_show_json_is_the_record_and_out_writes_the_folder_again(gems: Gems) -> None:
    folder = gems("show", "effort", "--out", "again").out.strip()
    assert folder == "again"
    written = json.loads(Path("again/trajectory.json").read_text())
    assert written == json.loads(gems("show", "effort", "--json").out)
    assert {file.name for file in Path("again").iterdir()} == {
        "image.png", "round-1.png", "round-2.png", "round-3.png", "rounds.png", "trajectory.json",
    }  # fmt: skip
    assert gems("show", "effort", "--out", "again").out == "again-2\n"
    assert gems("show", "cut", "--out", "cut").code == 0  # the picture that nobody judged
    assert Path("cut/image.png").is_file()


def test_show_of_a_fork_names_its_parent(gems: Gems) -> None:
    async def scenario() -> str:
        async with kept() as on:
            await on.run("old")
            new = await on.fork("old", round=2)
            shown = await look_up(on.threads, new)
            assert shown.parent is not None
            assert shown.parent["round"] == 2
            return new

    new = asyncio.run(scenario())
    out = gems("show", new).out
    assert "forked from old, round 2\n" in out
    assert "note        Forked from 'old' after round 2.\n" in out
    assert json.loads(gems("show", new, "--json").out)["parent"]["thread"] == "old"
    assert gems("show", new, "--out", "x").code == 0
    missing = gems("show", "nobody")
    assert (missing.code, missing.out) == (2, "")
    assert "`gems history` lists them" in missing.err
