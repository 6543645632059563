"""Branches of trajectories: what is kept, what is done anew, and that the old ones stay."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from langgraph.types import Command

from gems_graph.errors import ConfigError, ModelError, StoreError, UsageError
from gems_graph.persistence.history import parent_of
from gems_graph.persistence.threads import config_of
from gems_graph.skills import Skill
from gems_graph.testing import text_of
from tests.conftest import Gems, letters
from tests.kept import Kept, kept


@pytest.mark.usefixtures("database")
def test_a_fork_keeps_rounds_and_goes_on_while_the_old_one_stays() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = await on.run("old")
            before = await on.checkpoints("old")
            new = await on.fork("old", round=1)
            assert (await on.state(new))["rounds"] == old["rounds"][:1]
            painted, asked = on.counts()
            out = await on.go_on(new)
            assert [r["n"] for r in out["rounds"]] == [1, 2, 3]
            assert out["rounds"][0] == old["rounds"][0]
            assert on.counts() == (painted + 2, asked + 4)
            assert [r["seed"] for r in out["rounds"]] == [1, 2, 3]
            assert len(out["experiences"]) == 2
            assert await on.checkpoints("old") == before

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_fork_is_a_trajectory_of_its_own_and_knows_its_parent() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = await on.run("old")
            new = await on.fork("old", round=2)
            state = await on.state(new)
            assert state["trajectory"] != old["trajectory"]
            assert (state["ledger"], state["timings"]) == ({}, [])
            assert state["notes"] == ["Forked from 'old' after round 2."]
            parent = await parent_of(on.threads, new, state["trajectory"])
            assert parent is not None
            assert (parent["thread"], parent["round"]) == ("old", 2)
            source = {**config_of("old")["configurable"], "checkpoint_id": parent["checkpoint"]}
            there = await on.graph.aget_state({"configurable": source})
            assert len(there.values["rounds"]) == 2
            out = await on.go_on(new)
            assert out["ledger"]["generator"]["images"] == 1
            assert "planner" not in out["ledger"]
            assert await parent_of(on.threads, "old", old["trajectory"]) is None

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_round_0_keeps_the_plan_alone() -> None:
    async def scenario() -> None:
        script = {"select-skills": {"skills": ["signs"]}, "apply-skills": {"prompt": "a fine cat"}}
        strict = Skill("signs", "Signs.", "Draw signs.", criteria=["Is there C?"])
        async with kept(script=script, skills=[strict]) as on:
            old = await on.run("old")
            out = await on.go_on(await on.fork("old", round=0))
            assert out["criteria"] == old["criteria"]
            assert len(out["criteria"]) == 3
            assert [r["prompt"] for r in out["rounds"]] == [r["prompt"] for r in old["rounds"]]
            assert out["rounds"][0]["prompt"] == "a fine cat"
            assert out["skills"] == ["signs"]
            assert len(on.chat.asked("decompose")) == len(on.chat.asked("apply-skills")) == 1

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("build", [{}, {"order": "reference"}, {"memory": "none"}])
def test_a_prompt_is_drawn_next_as_written(build: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with kept(**build) as on:
            await on.run("old")
            refined = len(on.chat.asked("refine"))
            new = await on.fork("old", round=1, prompt=" a dog\n")
            out = await on.go_on(new)
            assert [r["prompt"] for r in out["rounds"]] == ["a cat", "a dog", "a better prompt"]
            assert [r["origin"] for r in out["rounds"]] == ["planner", "user", "refiner"]
            assert len(on.chat.asked("refine")) == refined + 1
            learned = 0 if build.get("memory") == "none" else 2
            assert len(out["experiences"]) == learned  # one a round, or they would go astray

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_first_prompt_can_be_replaced_too() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("old")
            new = await on.fork("old", round=0, prompt="a dog", criteria=["Is there A?"])
            out = await on.go_on(new)
            assert [(r["prompt"], r["origin"], letters(r)) for r in out["rounds"]] == [
                ("a dog", "user", "y")
            ]
            assert out["criteria"] == [{"question": "Is there A?", "source": "decomposer"}]
            assert out["result"]["success"]

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_new_criteria_judge_the_last_picture_kept_anew() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("old")
            new = await on.fork("old", round=2, criteria=["Is there C?", "Is there A?"])
            on.says["C"] = "yes"
            painted, asked = on.counts()
            out = await on.go_on(new)
            assert on.counts() == (painted, asked + 2)
            assert [letters(r) for r in out["rounds"]] == ["uy", "yy"]
            assert out["rounds"][0]["verdicts"][0]["evidence"] == "not asked in this round"
            assert [c["source"] for c in out["criteria"]] == ["user", "decomposer"]
            assert out["result"]["round"] == 2
            assert len(out["experiences"]) == 1

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_new_criteria_may_judge_the_last_round_of_all() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("old")
            out = await on.go_on(await on.fork("old", criteria=["Is there A?"]))
            assert [letters(r) for r in out["rounds"]] == ["y", "y", "y"]
            assert out["result"]["stop"] == {"reason": "passed"}

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_prompt_and_criteria_combine() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("old")
            criteria = ["Is there A?", "Is there C?"]
            new = await on.fork("old", round=1, prompt="a dog", criteria=criteria)
            assert letters((await on.state(new))["rounds"][0]) == "yn"
            out = await on.go_on(new)
            assert [r["prompt"] for r in out["rounds"]] == ["a cat", "a dog", "a better prompt"]
            assert [letters(r) for r in out["rounds"]] == ["yn", "yn", "yn"]
            assert len(out["experiences"]) == 2
            assert out["ledger"]["verifier"]["calls"] == 6

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_prompt_is_drawn_even_if_the_old_picture_passes_the_new_criteria() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("old")
            new = await on.fork("old", round=1, prompt="a dog", criteria=["Is there A?"])
            out = await on.go_on(new)
            assert [(r["prompt"], letters(r)) for r in out["rounds"]] == [
                ("a cat", "y"),
                ("a dog", "y"),
            ]

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_picture_that_cannot_be_judged_leaves_no_half_made_fork() -> None:
    async def scenario() -> None:
        async with kept(retries=0) as on:
            await on.run("old")
            on.says.pop("C")  # the Verifier fails on it
            with pytest.raises(ModelError):
                await on.fork("old", round=1, prompt="x", criteria=["Is there C?"], to="new")
            assert await on.checkpoints("new") == []

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_settings_of_a_fork_change_in_its_state_and_so_at_the_exits() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("old")
            new = await on.fork("old", settings={"max_iterations": "5", "seed": 70})
            out = await on.go_on(new)
            assert [r["seed"] for r in out["rounds"]] == [1, 2, 3, 73, 74]
            assert (await on.state(new))["settings"]["max_iterations"] == 5
            assert (await on.state("old"))["settings"]["max_iterations"] == 3
            with pytest.raises(ConfigError, match="no setting 'max_iteration'"):
                await on.fork("old", settings={"max_iteration": 5})

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_what_cannot_be_forked_is_said_before_anything_is_kept() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("old")
            on.says["B"] = "yes"
            await on.run("fine")

            async def refuse(words: str, thread: str = "old", **branch: Any) -> None:
                with pytest.raises(UsageError, match=words):
                    await on.fork(thread, to="new", **branch)

            await refuse("has no round 4: it has rounds 1 to 3, and 0", round=4)
            await refuse("has no round -1", round=-1)
            await refuse("There is no trajectory 'nobody'", "nobody")
            await refuse("--max-iterations 4 or more")
            await refuse("--max-iterations 4 or more", prompt="x", criteria=["Is there A?"])
            await refuse("passes every criterion, so a fork", "fine")
            await refuse("The prompt is empty", round=1, prompt=" ")
            await refuse("The checklist is empty", round=1, criteria=[" "])
            assert await on.checkpoints("new") == []
            with pytest.raises(UsageError, match="There is a thread 'fine' already"):
                await on.fork("old", round=1, to="fine")

    asyncio.run(scenario())


def test_runs_that_an_error_or_a_budget_ended_are_forked() -> None:
    async def scenario() -> None:
        async with kept(max_images=2) as on:
            spent = await on.run("spent")
            assert spent["result"]["stop"]["reason"] == "budget"
            out = await on.go_on(await on.fork("spent", round=1))
            assert [r["n"] for r in out["rounds"]] == [1, 2, 3]  # caps count its own alone
            assert out["result"]["stop"]["reason"] == "max_iterations"
        async with kept(script={"refine": [{"prompt": "p 2"}, ModelError("down")]}) as on:
            failed = await on.run("failed")
            assert failed["result"]["stop"]["reason"] == "error"
            assert len(failed["rounds"]) == 2
        async with kept() as on:
            out = await on.go_on(await on.fork("failed"))
            assert [r["prompt"] for r in out["rounds"]] == ["a cat", "p 2", "a better prompt"]
            assert out["result"]["stop"]["reason"] == "max_iterations"

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_run_that_was_interrupted_mid_way_is_forked_after_its_last_verdict() -> None:
    async def scenario() -> None:
        async with kept() as on:
            drawn = on.graph.astream(
                {"prompt": "a cat"}, config_of("old"), stream_mode="updates", durability="sync"
            )
            async for update in drawn:
                if "generator" in update and update["generator"]["attempt"]["n"] == 2:
                    break  # nobody looks at this picture
            assert len((await on.state("old"))["rounds"]) == 1
            new = await on.fork("old", prompt="a dog")
            out = await on.go_on(new)
            assert [r["prompt"] for r in out["rounds"]] == ["a cat", "a dog", "a better prompt"]
            out = await on.go_on("old")
            assert [r["prompt"] for r in out["rounds"]] == ["a cat", *["a better prompt"] * 2]

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_verdict_that_was_killed_before_its_checkpoint_counts() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("old")
            parent = ""
            for each in reversed(await on.checkpoints("old")):  # the oldest first
                place = {"thread_id": "cut", "checkpoint_ns": "", "checkpoint_id": parent}
                versions = each.checkpoint["channel_versions"]
                at = await on.saver.aput(
                    {"configurable": place}, each.checkpoint, each.metadata, versions
                )
                for task in {write[0] for write in each.pending_writes}:
                    writes = [
                        (key, value) for id_, key, value in each.pending_writes if id_ == task
                    ]
                    await on.saver.aput_writes(at, writes, task)
                parent = each.checkpoint["id"]
                if "branch:to:verifier" in each.checkpoint["channel_values"]:
                    break
            assert not each.checkpoint["channel_values"]["rounds"]
            out = await on.go_on(await on.fork("cut", round=1, prompt="a dog"))
            assert [r["prompt"] for r in out["rounds"]] == ["a cat", "a dog", "a better prompt"]

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_run_without_a_plan_cannot_be_forked() -> None:
    async def scenario() -> None:
        async with kept(script={"decompose": ModelError("down")}, retries=0) as on:
            with pytest.raises(ModelError):
                await on.run("old")
            with pytest.raises(UsageError, match="no plan yet: go on with `gems resume old`"):
                await on.fork("old")

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_of_a_thread_used_again_only_the_latest_trajectory_is_forked() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("old", "a cat")
            on.says["B"] = "yes"
            await on.run("old", "a dog")
            with pytest.raises(UsageError, match="it has round 1, and 0"):
                await on.fork("old", round=2)
            on.says["B"] = "no"
            out = await on.go_on(await on.fork("old", round=0))
            assert out["prompt"] == out["rounds"][0]["prompt"] == "a dog"

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_fork_can_be_forked_and_so_can_a_kept_round_of_it() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("old")
            first = await on.fork("old", round=2, prompt="a dog")
            await on.go_on(first)
            second = await on.fork(first, round=3, prompt="a cow", settings={"max_iterations": 4})
            third = await on.fork(second, round=1, prompt="a pig")
            out = await on.go_on(second)
            asked = [r["prompt"] for r in out["rounds"]]
            assert asked == ["a cat", "a better prompt", "a dog", "a cow"]
            assert len(out["experiences"]) == 3
            out = await on.go_on(third)
            assert [r["prompt"] for r in out["rounds"]][:2] == ["a cat", "a pig"]
            assert len(out["rounds"]) == 4

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_verdict_that_a_person_overruled_stays_overruled() -> None:
    async def scenario() -> None:
        async with kept(pause="verdicts") as on:
            await on.run("old")
            answer = Command(resume={"verdicts": {"1": "no"}, "prompt": "a dog"})
            await on.graph.ainvoke(answer, config_of("old"), durability="sync")
            new = await on.fork("old", round=1)
            assert letters((await on.state(new))["rounds"][0]) == "nn"
            snapshot = await on.graph.aget_state(config_of(new))
            assert {*snapshot.next} == {"refiner", "compressor"}  # not asked about it again

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_run_kept_at_its_end_alone_is_forked_as_well() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.graph.ainvoke({"prompt": "a cat"}, config_of("old"), durability="exit")
            assert len(await on.checkpoints("old")) == 1
            out = await on.go_on(await on.fork("old", round=1, prompt="a dog"))
            assert [r["prompt"] for r in out["rounds"]] == ["a cat", "a dog", "a better prompt"]
            assert len(out["experiences"]) == 2
            out = await on.go_on(await on.fork("old", round=0))
            assert [r["n"] for r in out["rounds"]] == [1, 2, 3]
            await on.graph.ainvoke({"prompt": "a cow"}, config_of("old"), durability="exit")
            assert (await on.state(await on.fork("old", round=0)))["prompt"] == "a cow"

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_a_lost_picture_is_missed_before_anything_is_paid() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = await on.run("old")
            on.store.remove(old["rounds"][1]["image"]["sha256"])
            with pytest.raises(StoreError, match=r"\(thread old\) needs it"):
                await on.fork("old", round=2, to="new")
            assert await on.checkpoints("new") == []
            assert await on.fork("old", round=1)

    asyncio.run(scenario())


# ---------------------------------------------------- LangGraph's own time travel, in one thread


async def after_round(on: Kept, thread: str, n: int) -> Any:
    """Return the config of the checkpoint after the Verifier's n-th round."""
    found = [
        snapshot.config
        async for snapshot in on.graph.aget_state_history(config_of(thread))
        if len(snapshot.values.get("rounds", [])) == n
    ]
    return found[-1]


@pytest.mark.usefixtures("database")
def test_a_replay_from_an_old_checkpoint_pays_for_nothing_twice() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = await on.run("t")
            counts = on.counts()
            out = await on.go_on("t", await after_round(on, "t", 1))
            assert on.counts() == counts
            assert out["rounds"] == old["rounds"]
            assert out["result"] == old["result"]

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_an_update_of_an_old_checkpoint_pays_only_for_what_is_different() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = await on.run("t")
            painted, _ = on.counts()
            attempt = {**old["rounds"][0], "n": 2, "prompt": "a dog", "origin": "user"}
            for key in ("verdicts", "image", "seed"):
                del attempt[key]
            at = await on.graph.aupdate_state(
                await after_round(on, "t", 1), {"attempt": attempt}, as_node="verifier"
            )
            out = await on.go_on("t", at)
            assert [r["prompt"] for r in out["rounds"]] == ["a cat", "a dog", "a better prompt"]
            # round 2 is new; round 3 asks for what the old one drew
            assert len(on.painter.calls) == painted + 1
            assert out["rounds"][2]["image"] == old["rounds"][2]["image"]
            new = await on.fork("t", round=2, prompt="a cow")  # of the branch, not of what it left
            out = await on.go_on(new)
            assert [r["prompt"] for r in out["rounds"]] == ["a cat", "a dog", "a cow"]

    asyncio.run(scenario())


def test_time_travel_works_without_await_as_well() -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    from gems_graph import build_graph

    graph = build_graph(seed=1, max_iterations=2, checkpointer=InMemorySaver())
    given = {"prompt": "a red fish", "checklist": ["Are there nine yellow stars?"]}
    graph.invoke(given, config_of("t"))  # type: ignore[arg-type]
    snapshots = [s for s in graph.get_state_history(config_of("t")) if s.values.get("rounds")]
    settings = {**snapshots[-1].values["settings"], "max_iterations": 1}
    at = graph.update_state(snapshots[-1].config, {"settings": settings}, as_node="verifier")
    out = graph.invoke(None, at)
    assert len(out["rounds"]) == 1


@pytest.mark.usefixtures("database")
def test_the_refiner_of_a_fork_sees_what_the_rounds_kept_taught() -> None:
    async def scenario() -> None:
        async with kept(script={"compress": {"experience": "cats are hard"}}) as on:
            await on.run("old")
            asked = len(on.chat.asked("refine"))
            await on.go_on(await on.fork("old", round=2))
            [messages] = on.chat.asked("refine")[asked:]
            assert "cats are hard" in text_of(messages[0])

    asyncio.run(scenario())


# --------------------------------------------------------------------------- the command line


@pytest.fixture
def shapes(gems: Gems, tmp_path: Path) -> Path:
    """Run three rounds on the thread `old`; return a file with another checklist."""
    hard, easy = tmp_path / "hard.txt", tmp_path / "easy.txt"
    hard.write_text("Are there nine yellow stars?\nIs there a red fish?")
    easy.write_text("Is there a red fish?")
    options = ["--seed", "1", "--max-iterations", "2", "--criteria", str(hard), "--thread", "old"]
    assert gems("run", "a red fish left of a blue house", "-q", *options).code == 3
    return easy


def test_gems_fork_goes_on_at_once_as_gems_run_does(gems: Gems, shapes: Path) -> None:
    words = "a red fish above a blue house"
    result = gems(
        "fork", "old", "--round", "1", "--prompt", words, "--thread", "new", "--seed", "7"
    )
    assert result.code == 3
    assert "note: Forked from 'old' after round 1." in result.err
    record = json.loads(Path("gems-out/new/trajectory.json").read_text())
    assert [r["prompt"] for r in record["rounds"]][1] == words
    assert [r["seed"] for r in record["rounds"]] == [1, 8]
    result = gems("fork", "old", "--criteria", str(shapes), "--json", "-q", "--out", "judged")
    assert result.code == 0
    assert json.loads(result.out)["result"]["success"]
    assert Path("judged/image.png").is_file()
    result = gems("fork", "old", "--max-iterations", "3", "--set", "memory=none", "-q", "--json")
    record = json.loads(result.out)
    assert (len(record["rounds"]), record["settings"]["memory"]) == (3, "none")


def test_a_prepared_fork_is_gone_on_with_later(gems: Gems, shapes: Path) -> None:
    result = gems("fork", "old", "--round", "0", "--no-run", "--set", "max_iterations=1")
    assert result.code == 0
    new = result.out.strip()
    assert result.err == f"Go on with: gems resume {new}\n"
    assert not Path("gems-out", new).exists()
    assert gems("resume", new, "-q").code == 3
    assert Path("gems-out", new, "round-1.png").is_file()


def test_gems_fork_says_in_one_sentence_what_is_wrong(gems: Gems, shapes: Path) -> None:
    for arguments, remedy in (
        (["old", "--round", "5"], "it has rounds 1 to 2, and 0"),
        (["old"], "--max-iterations 3 or more"),
        (["old", "--round", "1", "--thread", "old"], "There is a thread 'old' already"),
        (["old", "--round", "1", "--set", "nothing=1"], "no setting 'nothing'"),
        (["old", "--criteria", "no-such-file"], "no-such-file"),
        (["other"], "no trajectory 'other'"),
    ):
        result = gems("fork", *arguments)
        assert (result.code, result.out) == (2, "")
        [line] = result.err.splitlines()
        assert remedy in line
