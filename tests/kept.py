"""A loop of public doubles over threads that the environment names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from gems_graph import build_graph
from gems_graph.persistence.fork import fork
from gems_graph.persistence.threads import Threads, config_of, open_threads
from gems_graph.testing import Painter, ScriptedChat
from tests.conftest import criteria


class Kept:
    """Threads with a graph over them; `says` holds the Verifier's word by letter of a question."""

    def __init__(self, threads: Threads, **build: Any) -> None:
        self.threads, self.saver, self.store = threads, threads.saver, threads.store
        self.says = {"A": "yes", "B": "no", "C": "no"}
        script = {"decompose": criteria(2), "verify": self._verdict, **build.pop("script", {})}
        self.chat, self.painter = ScriptedChat(script=script), build.pop("generator", Painter())
        self.graph = build_graph(
            mllm=self.chat, generator=self.painter, checkpointer=self.saver, store=self.store,
            **{"seed": 1, "retry_wait": 0, "max_iterations": 3, **build},
        )  # fmt: skip

    def _verdict(self, prompt: str) -> dict[str, str]:
        question = prompt.rpartition("<criterion>")[2].split("</criterion>")[0].strip()
        letter = question.removesuffix("?")[-1]
        return {"evidence": f"{letter} seen", "answer": self.says[letter]}

    async def run(self, thread: str, prompt: str = "a cat", **given: Any) -> dict[str, Any]:
        return await self._invoke({"prompt": prompt, **given}, config_of(thread))

    async def go_on(self, thread: str, at: RunnableConfig | None = None) -> dict[str, Any]:
        return await self._invoke(None, at or config_of(thread))

    async def _invoke(self, given: Any, config: RunnableConfig) -> dict[str, Any]:
        return dict(await self.graph.ainvoke(given, config, durability="sync"))

    async def fork(self, thread: str, **branch: Any) -> str:
        return await fork(self.threads, thread, graph=self.graph, **branch)

    async def state(self, thread: str) -> dict[str, Any]:
        return dict(await self.threads.state(thread))

    async def checkpoints(self, thread: str) -> list[Any]:
        return [each async for each in self.saver.alist(config_of(thread))]

    async def damage(self, thread: str) -> None:
        """Spoil all checkpoints of a thread, as a broken disk does."""
        if isinstance(self.saver, AsyncSqliteSaver):
            sql = "UPDATE checkpoints SET checkpoint = x'c1ff' WHERE thread_id = ?"
            await self.saver.conn.execute(sql, (thread,))
            return
        sql = "UPDATE checkpoint_blobs SET blob = '\\xc1ff' WHERE thread_id = %s"
        async with self.saver._cursor() as cursor:  # type: ignore[attr-defined]
            await cursor.execute(sql, (thread,))

    def counts(self) -> tuple[int, int]:
        """Return how many pictures were painted and how many verdicts were asked for."""
        return len(self.painter.calls), len(self.chat.asked("verify"))


@asynccontextmanager
async def kept(**build: Any) -> AsyncIterator[Kept]:
    """Open the threads, with a graph built so."""
    async with open_threads() as threads:
        yield Kept(threads, **build)
