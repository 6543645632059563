"""What `gems rm` and `gems gc` take away, and above all what they leave."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Store, paths
from gems_graph.calls.journal import Amount, Call, Caps, Journal
from gems_graph.errors import BudgetError, ConfigError, StoreError, UsageError
from gems_graph.persistence.gc import find_leftovers, remove_leftovers
from gems_graph.persistence.history import history
from gems_graph.persistence.remove import remove
from gems_graph.persistence.threads import config_of, open_threads
from gems_graph.testing import paint
from tests.conftest import Gems
from tests.crash import PROCESSES
from tests.kept import Kept, kept
from tests.many import work

DAY = 86_400.0


def stored(store: Store) -> set[str]:
    return {entry.sha256 for entry in store.entries()}


def pictures(state: dict[str, Any]) -> set[str]:
    return {round_["image"]["sha256"] for round_ in state["rounds"]}


def age(store: Store, hashes: Iterable[str], days: float = 2) -> None:
    for sha256 in hashes:
        then = time.time() - days * DAY
        os.utime(store.where(sha256), (then, then))


def leave(store: Store, name: str) -> str:
    """Store a picture that nothing refers to."""
    return store.put_image(paint(name, 99, (8, 8)))["sha256"]


async def collect(on: Kept, **how: Any) -> set[str]:
    """Find and remove leftovers; return what went."""
    found = await find_leftovers(on.threads, **how)
    gone = await remove_leftovers(on.threads, found, orphans=how.get("orphans", False))
    return {entry.sha256 for entry in gone}


async def forget(state: dict[str, Any]) -> None:
    """Leave checkpoints alone to say what a trajectory needs."""
    await asyncio.wrap_future(Journal(paths.journal()).forget(state["trajectory"]))


async def note(artifact: str, trajectory: str = "elsewhere") -> None:
    """Journal a call of a trajectory that another checkpointer keeps."""
    journal, call = Journal(paths.journal()), Call("run:x", Amount(1), "key", trajectory)
    entry = await asyncio.wrap_future(journal.start(call, Caps()))
    await asyncio.wrap_future(journal.settle(entry.number, Amount(1), artifact))


# ------------------------------------------------------------------------------------- removal


@pytest.mark.usefixtures("database")
def test_a_removed_thread_leaves_nothing_behind_and_takes_nothing_else() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old, other = await on.run("old", "a cat"), await on.run("other", "a dog")
            counts = on.counts()
            dry = await remove(on.threads, ["old"], dry=True)
            assert stored(on.store) == pictures(old) | pictures(other)
            done = await remove(on.threads, ["old"])
            assert done == dry
            assert done.checkpoints > 10
            assert {entry.sha256 for entry in done.files} == pictures(old) - pictures(other)
            assert stored(on.store) == pictures(other)
            assert done.shared == len(pictures(old) & pictures(other)) == 2  # a better prompt
            assert await on.checkpoints("old") == []
            known = await asyncio.wrap_future(Journal(paths.journal()).trajectories())
            assert old["trajectory"] not in known
            assert other["trajectory"] in known
            start = [s async for s in on.graph.aget_state_history(config_of("other"))][-3]
            assert (await on.go_on("other", start.config))["result"] == other["result"]
            assert on.counts() == counts  # its journal is whole

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_pictures_that_a_fork_shares_stay_until_the_last_of_them_goes() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = await on.run("old")
            new = await on.fork("old", round=2, prompt="a dog")
            out = await on.go_on(new)
            await remove(on.threads, ["old"])
            assert stored(on.store) == pictures(out)
            assert len(pictures(out) & pictures(old)) == 2
            await on.go_on(await on.fork(new, round=1, to="newer"))
            await remove(on.threads, [new, "newer"])
            assert stored(on.store) == set()

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_an_unknown_or_busy_thread_keeps_all_from_being_removed() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = await on.run("old")
            with pytest.raises(UsageError, match=r"no trajectory 'nobody'.*nothing is removed"):
                await remove(on.threads, ["old", "nobody"])
            await on.run("busy")
            async with on.threads.claim("busy"):
                with pytest.raises(UsageError, match="busy"):
                    await remove(on.threads, ["old", "busy"])
            assert pictures(old) <= stored(on.store)
            assert await on.state("old")

    asyncio.run(scenario())


def test_a_picture_that_somebody_has_stored_again_stays() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = await on.run("old")
            sha256, ended = old["rounds"][0]["image"]["sha256"], time.time()
            while Path(on.store.where(sha256)).stat().st_mtime <= ended:  # files have slow clocks
                on.store.put_image(on.store.read(sha256))  # by a run without a checkpoint yet
            done = await remove(on.threads, ["old"])
            assert stored(on.store) == {sha256}
            assert done.shared == 1

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_what_others_have_only_written_or_only_journaled_stays() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old, _ = await on.run("old", "a cat"), await on.run("other", "a dog")
            first, second, third = (r["image"]["sha256"] for r in old["rounds"])
            head = await on.saver.aget_tuple(config_of("other"))
            assert head is not None
            killed = [("attempt", {"n": 1, "image": {"sha256": first}})]
            await on.saver.aput_writes(head.config, killed, "a-task")
            await note(json.dumps([{"sha256": third}, {}]))
            await remove(on.threads, ["old"])
            assert {first, third} <= stored(on.store)
            await remove(on.threads, ["other"])
            assert first not in stored(on.store)
            assert second not in stored(on.store)

    asyncio.run(scenario())


def test_a_damaged_thread_can_be_removed_and_while_there_is_one_pictures_stay() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = await on.run("old")
            await on.run("damaged", "a dog")
            await on.damage("damaged")
            done = await remove(on.threads, ["old"])
            assert "'damaged' in" in done.problem
            assert done.files == []
            assert pictures(old) <= stored(on.store)
            done = await remove(on.threads, ["damaged"])
            assert done.problem == ""
            assert await on.checkpoints("damaged") == []

    asyncio.run(scenario())


def test_what_a_removed_run_spent_of_a_shared_budget_stays_spent() -> None:
    async def scenario() -> None:
        async with kept(budget="team", max_images=3) as on:
            await on.run("old")
            await remove(on.threads, ["old"])
            with pytest.raises(BudgetError, match="3 of 3"):
                await on.run("new")

    asyncio.run(scenario())


# -------------------------------------------------------------------------- garbage collection


@pytest.mark.usefixtures("database")
def test_what_is_in_use_stays_whatever_its_age_and_the_rest_goes_with_age() -> None:
    async def scenario() -> None:
        long = {"rationale": "for a long reason " * 40, "prompt": "p"}
        async with kept(script={"refine": long}) as on:
            state = await on.run("t")
            texts = {r["thought"]["sha256"] for r in state["rounds"]} - {None}
            assert texts
            await forget(state)
            young, old = leave(on.store, "young"), leave(on.store, "old")
            age(on.store, [old, *pictures(state), *texts])
            assert await collect(on) == {old}
            assert stored(on.store) == pictures(state) | texts | {young}
            assert await collect(on, grace=0) == {young}
            assert await collect(on, grace=0) == set()

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_every_checkpoint_counts_also_of_branches_that_were_left() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = await on.run("t")
            snapshots = [s async for s in on.graph.aget_state_history(config_of("t"))]
            first = next(s for s in reversed(snapshots) if s.values.get("rounds"))
            settings = {**first.values["settings"], "seed": 50}
            at = await on.graph.aupdate_state(first.config, {"settings": settings}, "verifier")
            new = await on.go_on("t", at)
            assert pictures(new) & pictures(old) == {old["rounds"][0]["image"]["sha256"]}
            await forget(old)
            await on.run("t", "another cat")
            age(on.store, stored(on.store))
            assert await collect(on) == set()

    asyncio.run(scenario())


@pytest.mark.usefixtures("database")
def test_what_is_written_but_not_yet_in_a_checkpoint_is_in_use() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("t")
            head = await on.saver.aget_tuple(config_of("t"))
            assert head is not None
            drawn, rubbish = leave(on.store, "drawn"), leave(on.store, "rubbish")
            await on.saver.aput_writes(head.config, [("attempt", {"image": drawn})], "a-task")
            age(on.store, [drawn, rubbish])
            assert await collect(on) == {rubbish}

    asyncio.run(scenario())


def test_calls_of_trajectories_kept_elsewhere_count_until_they_are_given_up() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("t")
            drawn = leave(on.store, "drawn")
            await note(json.dumps([{"sha256": drawn}, {}]))
            age(on.store, [drawn])
            found = await find_leftovers(on.threads, grace=0)
            assert found.orphans == ["elsewhere"]
            assert await collect(on, grace=0) == set()
            assert (await find_leftovers(on.threads, orphans=True)).orphans == []  # too young
            assert await collect(on, grace=0, orphans=True) == {drawn}
            assert (await find_leftovers(on.threads, grace=0)).orphans == []
            assert await on.go_on("t")  # its own calls are all there

    asyncio.run(scenario())


def test_nothing_goes_while_a_trajectory_cannot_be_read() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("fine")
            await on.run("damaged")
            await on.graph.aupdate_state(config_of("fine"), {"schema": 99}, as_node="select")
            old = leave(on.store, "old")
            with pytest.raises(ConfigError, match="'fine' needs is unknown"):
                await collect(on, grace=0)
            await remove(on.threads, ["fine"])
            await on.damage("damaged")
            with pytest.raises(StoreError, match=r"'damaged' .* is damaged.*gems rm damaged"):
                await collect(on, grace=0)
            assert old in stored(on.store)

    asyncio.run(scenario())


def test_an_empty_database_is_taken_for_the_wrong_one() -> None:
    async def scenario() -> None:
        async with kept() as on:
            old = leave(on.store, "old")
            with pytest.raises(UsageError, match="--empty allows it"):
                await collect(on, grace=0)
            assert await collect(on, grace=0, empty=True) == {old}

    asyncio.run(scenario())


def test_another_database_of_the_same_store_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second" / "more.sqlite"

    async def elsewhere() -> None:
        async with kept() as on:
            await on.run("t", "a dog")

    async def scenario() -> None:
        async with kept() as on:
            state, rubbish = await on.run("t", "a cat"), leave(on.store, "rubbish")
            theirs = stored(on.store) - pictures(state) - {rubbish}
            assert theirs
            assert await collect(on, grace=0, also=[str(second)]) == {rubbish}
            assert await collect(on, grace=0) == theirs
            with pytest.raises(UsageError, match="There is no database"):
                await collect(on, also=[str(tmp_path / "typo.sqlite")])

    monkeypatch.setenv("GEMS_DATABASE", str(second))
    asyncio.run(elsewhere())
    monkeypatch.delenv("GEMS_DATABASE")
    asyncio.run(scenario())


def test_what_is_stored_anew_after_it_was_found_useless_stays() -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("t")
            old, older = leave(on.store, "old"), leave(on.store, "older")
            age(on.store, [old, older])
            found = await find_leftovers(on.threads)
            assert {entry.sha256 for entry in found.files} == {old, older}
            leave(on.store, "old")
            gone = await remove_leftovers(on.threads, found)
            assert [entry.sha256 for entry in gone] == [older]
            assert old in stored(on.store)

    asyncio.run(scenario())


def test_no_picture_in_use_goes_while_other_processes_draw(tmp_path: Path) -> None:
    """They draw what lies about, old and unused: it must not go under their hands."""
    names = [f"t{k:03}" for k in range(8)]
    env = {"GEMS_HOME": str(tmp_path / "home"), "GEMS_DATABASE": paths.database()}
    store = Store(tmp_path / "home" / "images")
    old = [
        *(store.put_image(paint(f"a cat for {name}", 1, (64, 64)))["sha256"] for name in names),
        store.put_image(paint("a better prompt", 2, (64, 64)))["sha256"],
    ]
    rubbish = {leave(store, f"rubbish {k}") for k in range(20)}
    age(store, [*old, *rubbish])
    ends = []
    for k in range(2):
        ours, theirs = PROCESSES.Pipe()
        process = PROCESSES.Process(target=work, args=(names[k::2], env, theirs))
        process.start()
        theirs.close()
        ends.append((ours, process))

    async def collecting() -> None:
        async with kept() as on:
            while not all(ours.poll() for ours, _ in ends):
                done = await finished(on)
                for thread in done:  # look old: that a checkpoint names them must do
                    state = await on.state(thread)
                    await forget(state)
                    age(on.store, pictures(state))
                found = await find_leftovers(on.threads, empty=True)
                while await finished(on) == done and not all(ours.poll() for ours, _ in ends):
                    await asyncio.sleep(0.01)  # until one of what was found has been drawn
                await remove_leftovers(on.threads, found)
            for ours, process in ends:
                told = ours.recv()
                assert not isinstance(told, str), told
                process.join()
            for name in names:
                for sha256 in pictures(await on.state(name)):
                    on.store.read(sha256)

    asyncio.run(collecting())
    assert not rubbish & stored(store)


async def finished(on: Kept) -> list[str]:
    lines = [line async for line in history(on.threads)]
    return [line["thread"] for line in lines if line["state"] == "best effort"]


# --------------------------------------------------------------------------- the command line


@pytest.fixture
def three(gems: Gems) -> None:
    async def scenario() -> None:
        async with kept() as on:
            await on.run("effort", "a cat")
            on.says["B"] = "yes"
            await on.run("fine", "a dog")
            await on.run("also fine", "a cow")
            leave(on.store, "rubbish")

    asyncio.run(scenario())


def listed(gems: Gems) -> list[str]:
    return [line["thread"] for line in json.loads(gems("history", "--json").out)]


@pytest.mark.usefixtures("three")
def test_rm_lists_what_it_removes(gems: Gems) -> None:
    result = gems("rm", "effort", "fine", "--dry-run")
    assert (result.code, result.out) == (0, "effort\nfine\n")
    assert result.err.startswith("Would remove 2 trajectories: ")
    assert result.err.count(" 4 pictures and texts (") == 1
    assert len(listed(gems)) == 3
    result = gems("rm", "effort", "fine")
    assert result.out == "effort\nfine\n"
    assert result.err.startswith("Removed 2 trajectories: ")
    assert listed(gems) == ["also fine"]
    result = gems("rm", "also fine", "effort")
    assert (result.code, result.out) == (2, "")
    assert "There is no trajectory 'effort'" in result.err
    assert listed(gems) == ["also fine"]


@pytest.mark.usefixtures("three")
def test_rm_takes_all_of_an_age_and_state(gems: Gems) -> None:
    assert gems("rm", "--older-than", "1h").err == "Nothing is removed.\n"
    assert (
        gems("rm", "--older-than", "0", "--state", "done", "--dry-run").out == "also fine\nfine\n"
    )
    assert gems("rm", "--older-than", "0s", "--state", "best effort").out == "effort\n"
    for wrong in ([], ["fine", "--older-than", "1d"], ["fine", "--state", "done"]):
        assert gems("rm", *wrong).code == 2
    result = gems("rm", "--older-than", "soon")
    assert result.code == 2
    assert "'soon' is no span of time: write 30d" in result.err
    assert listed(gems) == ["also fine", "fine"]


@pytest.mark.usefixtures("three")
def test_on_a_terminal_both_ask_first(gems: Gems, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(text: str, *arguments: str) -> str:
        typed = io.StringIO(text)
        monkeypatch.setattr(typed, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", typed)
        return gems(*arguments).err

    assert "Remove 1 trajectory? [y/N]" in answer("n\n", "rm", "fine")
    assert "Nothing is removed." in answer("\n", "rm", "fine")
    assert len(listed(gems)) == 3
    assert "Removed 1 trajectory: " in answer("y\n", "rm", "fine")
    assert "Remove 1 picture or text (" in answer("n\n", "gc", "--grace", "0")
    assert "Nothing is removed." in answer("n\n", "gc", "--grace", "0")
    assert "Removed 1 trajectory: " in answer("", "rm", "effort", "--yes")
    assert "Removed 1 picture or text" in answer("", "gc", "--grace", "0", "-y")


@pytest.mark.usefixtures("three")
def test_gc_lists_files_and_leaves_what_is_young(gems: Gems) -> None:
    before = stored(Store(paths.images()))
    assert gems("gc", "--dry-run").out == ""
    result = gems("gc")
    assert (result.code, result.out, result.err) == (
        0,
        "",
        "Removed 0 pictures and texts (0.0 kB).\n",
    )
    result = gems("gc", "--grace", "0", "--dry-run")
    assert result.err.startswith("Would remove 1 picture or text (0.1 kB).")
    file = Path(result.out.strip())
    assert file.is_file()
    assert stored(Store(paths.images())) == before
    assert gems("gc", "--grace", "0").out == result.out
    assert stored(Store(paths.images())) == before - {file.name}


@pytest.mark.usefixtures("three")
def test_gc_shrinks_the_files_of_sqlite_on_demand(gems: Gems) -> None:
    kept_in = paths.home() / "trajectories.sqlite"
    gems("rm", "fine", "effort")
    before = kept_in.stat().st_size
    assert gems("gc").err.count("now") == 0
    result = gems("gc", "--vacuum")
    assert kept_in.stat().st_size < before
    assert f"{kept_in}: " in result.err
    assert f"{paths.home() / 'journal.sqlite'}: " in result.err
    with sqlite3.connect(kept_in) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert listed(gems) == ["also fine"]


def test_gc_refuses_where_nothing_is_kept(gems: Gems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_DATABASE", ":memory:")
    result = gems("gc", "--grace", "0", "--empty")
    assert result.code == 2
    assert "where nothing is kept" in result.err


def test_gc_sweeps_what_dead_writers_left(gems: Gems) -> None:
    async def scenario() -> None:
        async with open_threads() as threads:
            threads.store.put_image(paint("p", 1, (8, 8)))

    asyncio.run(scenario())
    part = Path(paths.images()) / ".parts" / ".part-elsewhere-1-ab"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"half")
    os.utime(part, (1, 1))
    gems("gc", "--empty")
    assert not part.exists()
