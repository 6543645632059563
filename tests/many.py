"""Several processes on one database: who did what, to be checked against what is kept."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.crash import PROCESSES

QUESTIONS = ["Is there A?", "Is there B?"]
ROUNDS = 2


class WorkDone(NamedTuple):
    """What one process did: threads, trajectory ids, final pictures, images painted."""

    done: list[tuple[str, str, str]]
    painted: int


def work(threads: Sequence[str], env: dict[str, str], says: Any) -> None:
    """Run these threads, four at a time, in this process."""
    os.environ.update(env)
    try:
        says.send(asyncio.run(_work(threads)))
    except BaseException as error:
        says.send(f"{type(error).__name__}: {error}")
        raise


async def _work(names: Sequence[str]) -> WorkDone:
    from gems_graph import build_graph
    from gems_graph.persistence.threads import config_of, open_threads
    from gems_graph.testing import Painter, ScriptedChat

    done, painter, places = [], Painter(), asyncio.Semaphore(4)
    async with open_threads() as threads:

        async def one(name: str) -> None:
            async with places:
                graph = build_graph(
                    mllm=ScriptedChat(script=_script()), generator=painter, seed=1,
                    checkpointer=threads.saver, store=threads.store, max_iterations=ROUNDS,
                )  # fmt: skip
                async with threads.claim(name):  # as the command line does
                    out = await graph.ainvoke(
                        {"prompt": f"a cat for {name}"}, config_of(name), durability="sync"
                    )
                done.append((name, out["trajectory"], out["result"]["image"]["sha256"]))

        await asyncio.gather(*map(one, names))
    return WorkDone(done, len(painter.calls))


def _script() -> dict[str, Any]:
    return {
        "decompose": {"criteria": QUESTIONS},
        "verify": {"evidence": "-", "answer": "no"},
    }


def share(home: Path, database: str, processes: int, trajectories: int) -> None:
    """Let processes finish trajectories together, and check that none is lost or doubled."""
    env = {"GEMS_HOME": str(home), "GEMS_DATABASE": database, "LANGSMITH_TRACING": "false"}
    names = [f"t{k:03}" for k in range(trajectories)]
    ends = []
    for k in range(processes):
        receiving, sending = PROCESSES.Pipe()
        process = PROCESSES.Process(target=work, args=(names[k::processes], env, sending))
        process.start()
        sending.close()
        ends.append((receiving, process))
    sent = [receiving.recv() for receiving, _ in ends]
    for _, process in ends:
        process.join()
    failed = [report for report in sent if isinstance(report, str)]
    assert not failed, failed[:3]
    done = [each for report in sent for each in report.done]
    assert sorted(name for name, _, _ in done) == names
    assert len({trajectory for _, trajectory, _ in done}) == trajectories
    assert sum(report.painted for report in sent) == ROUNDS * trajectories
    os.environ.update(env)
    asyncio.run(_check(done))


async def _check(done: Sequence[tuple[str, str, str]]) -> None:
    """Read all back as another process would: states, pictures, and the journal."""
    from gems_graph.persistence.threads import open_threads

    async with open_threads() as threads:
        for name, trajectory, image in done:
            state = await threads.state(name)
            assert state["trajectory"] == trajectory
            assert [r["n"] for r in state["rounds"]] == list(range(1, ROUNDS + 1))
            assert state["result"]["image"]["sha256"] == image
            threads.store.read(image)
    rows = await asyncio.wrap_future(_journal())
    assert Counter(status for _, status, _ in rows) == {"settled": len(rows)}
    calls = 2 + ROUNDS * len(QUESTIONS) + 2 * (ROUNDS - 1)  # plan, list; look; refine, compress
    per_run = Counter(trajectory for trajectory, _, images in rows if not images)
    assert per_run == {trajectory: calls for _, trajectory, _ in done}
    drawn = Counter(trajectory for trajectory, _, images in rows if images)
    assert drawn == {trajectory: ROUNDS for _, trajectory, _ in done}


def _journal() -> Any:
    from gems_graph import paths
    from gems_graph.calls.journal import Journal

    sql = "SELECT trajectory, status, images FROM spending"
    return Journal(paths.journal())._writer.submit(lambda db: db.execute(sql))
