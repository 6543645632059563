"""A run from the terminal: persisted in SQLite, shown while it goes on, safe to interrupt."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from rich.console import Console

from gems_graph import resources
from gems_graph.errors import GemsError, StoreError, UsageError
from gems_graph.graph import Graph, build_graph
from gems_graph.images import Store
from gems_graph.ledger import total
from gems_graph.memory import has_image
from gems_graph.nodes.select import choose
from gems_graph.report import folder as folders
from gems_graph.report.context import Say, ToldToolbox
from gems_graph.report.progress import Progress, progress
from gems_graph.settings import Settings
from gems_graph.state import Input, Result, State, Stop
from gems_graph.toolbox import Toolbox

PASSED, FAILED, BEST_EFFORT, INTERRUPTED = 0, 1, 3, 130
"""Exit codes: all criteria passed, error and no image, a best-effort image, Ctrl-C."""


@dataclass(frozen=True)
class Job:
    """One run as the command line asks for it; `out` is the folder wanted.

    Without a prompt the thread's trajectory is taken up again, with its own settings; those of the
    job win where they are set. With `show_context`, what the Refiner and the Compressor are told
    is shown on stderr.
    """

    prompt: str | None
    checklist: Sequence[str] | None
    settings: Settings
    thread: str
    out: Path
    show_context: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its state (with a result if any picture exists), and whether by Ctrl-C."""

    state: State
    store: Store
    interrupted: bool = False


def run(job: Job, *, as_json: bool, quiet: bool) -> int:
    """Run a job, write its folder, tell of it on stdout, and return the exit code."""
    console = Console(stderr=True)
    try:
        outcome = asyncio.run(draw(job, progress(console, quiet=quiet), _sayer(console)))
        return _tell(job, outcome, as_json=as_json, quiet=quiet)
    except GemsError as error:
        console.print(f"gems: {error}", markup=False, highlight=False, soft_wrap=True)
        return FAILED


def _tell(job: Job, outcome: Outcome, *, as_json: bool, quiet: bool) -> int:
    result = outcome.state.get("result")
    again = f"Go on with: gems resume {job.thread}"
    if not result:
        print(f"Interrupted before any picture was drawn. {again}", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    folder = folders.free_folder(job.out)
    told = folders.write(folder, outcome.state, outcome.store, {"thread": job.thread})
    for note in () if quiet else outcome.state.get("notes", []):
        print(f"note: {note}", file=sys.stderr)  # noqa: T201
    if not quiet:
        print(_spent(outcome.state), file=sys.stderr)  # noqa: T201
    if as_json:
        print(json.dumps(told, ensure_ascii=False))  # noqa: T201
    elif quiet:
        print(folder / "image.png")  # noqa: T201
    else:
        print(f"{_verdict(result)}\n{folder / 'image.png'}\n{folder / 'rounds.png'}")  # noqa: T201
    if outcome.interrupted:
        print(f"Interrupted; this is the best so far. {again}", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    return PASSED if result["success"] else BEST_EFFORT


def _spent(state: State) -> str:
    """Say in one line what the run used."""
    used = total(state.get("ledger", {}))
    tokens = used["input_tokens"] + used["output_tokens"]
    cost = "cost unknown" if used["cost"] is None else f"cost {used['cost']:.4f}"
    return f"used: {used['calls']} chat calls, {used['images']} images, {tokens} tokens, {cost}"


def _verdict(result: Result) -> str:
    """Say in one line how it ended."""
    stop = result["stop"]
    head = f"{'Passed' if result['success'] else 'Best effort'}: {result['why']}."
    if error := stop.get("error"):
        return f"{head} Stopped in {stop.get('node')}: {error}"
    return head


def _sayer(console: Console) -> Say:
    """Print above the live table, exactly as it stands."""
    return lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True)


async def draw(job: Job, show: Progress, say: Say = print) -> Outcome:
    """Run the graph on a thread of the SQLite checkpointer under `GEMS_HOME`.

    Raises:
        GemsError: nothing could be drawn.
        StoreError: the checkpointer's file cannot be used.
    """
    store = Store(resources.home() / "images")

    def tell(settings: Settings, trajectory: str) -> Toolbox:
        return ToldToolbox(settings, store, say=say, trajectory=trajectory)

    toolbox = tell if job.show_context else None
    async with _saver(resources.home()) as saver:
        graph = build_graph(job.settings, checkpointer=saver, store=store, toolbox=toolbox)
        config: RunnableConfig = {"configurable": {"thread_id": job.thread}}
        given, at = await _start(graph, job, config)
        if at is None:
            return Outcome(await _state(graph, config), store)
        try:
            with show:
                await _follow(graph, given, at, job.settings if given is None else None, show)
        except asyncio.CancelledError:
            state = await _state(graph, config)
            return Outcome(_cancelled(state), store, interrupted=True)
        return Outcome(await _state(graph, config), store)


async def _start(
    graph: Graph, job: Job, config: RunnableConfig
) -> tuple[Input | None, RunnableConfig | None]:
    """Return what to begin with and from which checkpoint; no checkpoint: it has ended well.

    Raises:
        UsageError: there is no such trajectory to take up.
    """
    if job.prompt is not None:
        given = Input(prompt=job.prompt)
        if job.checklist is not None:
            given["checklist"] = list(job.checklist)
        return given, config
    last = await graph.aget_state(config)
    if not last.values:
        msg = f"There is no trajectory {job.thread!r} under {resources.home()}."
        raise UsageError(msg)
    if not last.values.get("stop"):
        return None, config if last.next else None
    # what failed is done again: go back to where nothing had stopped the run
    async for snapshot in graph.aget_state_history(config):
        if snapshot.next and not snapshot.values.get("stop"):
            return None, snapshot.config
    return None, None


async def latest_thread() -> str:
    """Return the thread that was worked on last.

    Raises:
        UsageError: there is none.
    """
    async with _saver(resources.home()) as saver:
        async for checkpoint in saver.alist(None, limit=1):
            return str(checkpoint.config["configurable"]["thread_id"])
    msg = f"There is no trajectory under {resources.home()}."
    raise UsageError(msg)


async def _follow(
    graph: Graph,
    given: Input | None,
    config: RunnableConfig,
    context: Settings | None,
    show: Progress,
) -> None:
    stream = graph.astream(
        given, config, context=context, stream_mode=["values", "tasks"], durability="sync"
    )  # what a node did is on disk before the next one starts
    async for mode, data in cast(AsyncIterator[tuple[str, dict[str, Any]]], stream):
        if mode == "values":
            show.update(data)
        elif "input" in data:  # a task begins; its end carries `result`
            show.doing(data["name"])


async def _state(graph: Graph, config: RunnableConfig) -> State:
    return cast(State, (await graph.aget_state(config)).values)


def _cancelled(state: State) -> State:
    if not has_image(state):
        return state
    stopped: State = {**state, "stop": Stop(reason="cancelled")}
    return {**stopped, "result": choose(stopped)}


@asynccontextmanager
async def _saver(home: Path) -> AsyncIterator[AsyncSqliteSaver]:
    file = home / "trajectories.sqlite"
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"Cannot write to {home} ({error.strerror}); point GEMS_HOME elsewhere."
        raise StoreError(msg) from error
    try:
        async with AsyncSqliteSaver.from_conn_string(str(file)) as saver:
            await saver.setup()
            yield saver
    except sqlite3.Error as error:
        msg = (
            f"Cannot keep trajectories in {file} ({error}); check the disk, or point GEMS_HOME "
            "at a folder you may write to."
        )
        raise StoreError(msg) from error
