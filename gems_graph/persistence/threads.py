"""Kept trajectories: one checkpointer and one image store, and where to take a thread up again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

from gems_graph import paths
from gems_graph.errors import StoreError, UsageError
from gems_graph.images import Store
from gems_graph.persistence.claims import Claims, claims_on
from gems_graph.persistence.last import UNREADABLE, check_shape, config_of, read_last
from gems_graph.persistence.savers import open_saver
from gems_graph.private_hooks import ids_come_after
from gems_graph.settings import Settings
from gems_graph.settings.redaction import shortened
from gems_graph.state import State, check_readable

if TYPE_CHECKING:  # imported late: to look at what is kept takes no graph
    from langgraph.types import StateSnapshot

    from gems_graph.graph import Graph
    from gems_graph.runtime.toolbox import MakeToolbox
    from gems_graph.strategies import Strategy

__all__ = ["Threads", "config_of", "open_threads", "stopped", "where"]


class Threads:
    """Trajectories by thread.

    Args:
        saver: the checkpointer.
        store: holds their pictures.
        claims: tell who works on which; by default those of the database in use.
    """

    def __init__(
        self, saver: BaseCheckpointSaver[Any], store: Store, claims: Claims | None = None
    ) -> None:
        self.saver, self.store = saver, store
        self.claims = claims or claims_on(paths.database())

    def claim(self, thread: str) -> AbstractAsyncContextManager[None]:
        """Keep others off a thread while the block runs; a killed process lets go.

        Read the thread only inside: before, somebody may still be writing to it.

        Raises:
            UsageError: somebody works on it.
            StoreError: the claim cannot be made, or was lost, and then the block was cancelled.
        """
        return self.claims.hold(thread)

    def graph(
        self, settings: Settings | None = None, *, toolbox: MakeToolbox | None = None
    ) -> Graph:
        """Build the graph of a strategy, that of the settings, over these threads."""
        from gems_graph.graph import build_graph

        return build_graph(settings, checkpointer=self.saver, store=self.store, toolbox=toolbox)

    async def graph_of(self, thread: str, *, toolbox: MakeToolbox | None = None) -> Graph:
        """Build the graph of the strategy that a thread's trajectory is of.

        Raises:
            ConfigError: the strategy is not installed here.
        """
        strategy = await self.strategy_of(thread)
        return self.graph(Settings(strategy=strategy.name), toolbox=toolbox)

    async def strategy_of(self, thread: str) -> Strategy:
        """Return the strategy that a thread's trajectory is of; that of GEMS if there is none.

        Raises:
            ConfigError: it is not installed here.
        """
        from gems_graph.strategies import strategy_of

        # with what `begin` wrote: a kill may come between that and its checkpoint
        return strategy_of(cast(State, (await read_last(self.saver, thread)).values))

    async def state(self, thread: str) -> State:
        """Return the state of a thread as it stands.

        Raises:
            UsageError: there is no such trajectory.
            ConfigError: a newer release wrote it.
            StoreError: its checkpoint is damaged.
        """
        try:
            values = cast(State, (await read_last(self.saver, thread)).values)
            if values.get("trajectory"):
                check_readable(values)
                check_shape(values)
        except UNREADABLE as error:
            msg = (
                f"The last checkpoint of {thread!r} in {where()} is damaged, or none of ours "
                f"({type(error).__name__}: {shortened(str(error))}): put a copy of the database "
                f"back, or remove it with `gems rm {thread}`."
            )
            raise StoreError(msg) from error
        if not values.get("trajectory"):
            msg = f"There is no trajectory {thread!r} in {where()}; `gems history` lists them."
            raise UsageError(msg)
        return values

    async def open_end(self, thread: str) -> RunnableConfig | None:
        """Return the checkpoint from which a thread goes on; None: it has ended well.

        What failed is done again: a run that an error, a budget or a signal ended goes back to
        where nothing had stopped it.

        Raises:
            UsageError: there is no such trajectory.
        """
        await self.state(thread)
        graph, config = await self.graph_of(thread), config_of(thread)
        await self.order_new_checkpoints(thread)
        last = await graph.aget_state(config)
        if {"__start__", "begin"} & {*last.next}:
            msg = f"{thread!r} was stopped before anything was drawn or paid: start it again."
            raise UsageError(msg)
        if not stopped(last):
            # `next` leaves out what has finished and was killed before its checkpoint
            if last.tasks or last.values.get("result"):
                return config if last.tasks else None
            # release 0.1.0 led from here to the generator by a join that is no more
            [planner, *_] = (await self.strategy_of(thread)).playing("plan")
            return await graph.aupdate_state(config, {}, as_node=planner)
        if last.values.get("stop", {}).get("reason") == "accepted":
            return None
        async for snapshot in graph.aget_state_history(config):
            if snapshot.tasks and not stopped(snapshot):
                return snapshot.config
        return None

    async def order_new_checkpoints(self, thread: str) -> None:
        """Make sure that new checkpoints sort after those of a thread, whatever the clock says.

        Checkpoints are ordered by the time in their ids; a clock that went back, or differs from
        that of another machine, would hide the new ones behind the old.

        Raises:
            StoreError: LangGraph makes its ids in another way by now, and the clock is behind.
        """
        head = await self.saver.aget_tuple(config_of(thread))
        if head is None:
            return
        if not ids_come_after(head.checkpoint["id"]):
            msg = (
                f"This machine's clock is behind the last checkpoint of {thread!r}, so that what "
                "comes now would be lost behind it: set the clock, then go on."
            )
            raise StoreError(msg)

    async def latest(self) -> str:
        """Return the thread that was worked on last.

        Raises:
            UsageError: there is none.
        """
        checkpoints = cast(AsyncGenerator[CheckpointTuple], self.saver.alist(None, limit=1))
        async with aclosing(checkpoints) as newest_first:
            async for checkpoint in newest_first:
                return str(checkpoint.config["configurable"]["thread_id"])
        msg = f"There is no trajectory in {where()} yet."
        raise UsageError(msg)


def stopped(snapshot: StateSnapshot) -> bool:
    """Tell whether something ended the loop, or lost a candidate."""
    return bool(snapshot.values.get("stop") or snapshot.values.get("failed"))


def where() -> str:
    """Return where trajectories are kept, in words: a file, or PostgreSQL without its URL."""
    url = paths.database()
    return "PostgreSQL" if "://" in url else url


@asynccontextmanager
async def open_threads() -> AsyncIterator[Threads]:
    """Open the checkpointer and the store that the environment names.

    Raises:
        StoreError: they cannot be used.
    """
    store = Store()
    async with open_saver() as saver:
        store.sweep()
        yield Threads(saver, store)
