"""Nothing blocks the event loop: what `langgraph dev` would refuse, this test refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from blockbuster import BlockingError, blockbuster_ctx

from gems_graph import Store, build_graph
from gems_graph.testing import ChatServer, ImageServer
from tests.conftest import criteria, verdicts


def watched(graph: Any, prompt: str) -> Any:
    with blockbuster_ctx():
        return asyncio.run(graph.ainvoke({"prompt": prompt}))


def test_the_watch_itself_works() -> None:
    async def blocking() -> None:
        open_file = __import__("os").scandir(".")
        next(open_file)

    with blockbuster_ctx(), pytest.raises(BlockingError):
        asyncio.run(blocking())


def test_a_trajectory_of_real_clients_never_blocks(store: Store) -> None:
    script = {
        "select-skills": {"skills": ["spatial-intelligence"]},
        "decompose": criteria(2),
        "verify": verdicts("yn", "yy"),
    }
    with ChatServer(script, reasoning="x" * 2000) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store
        )
        out = watched(graph, "p")
    assert out["result"]["stop"] == {"reason": "passed"}
    assert out["skills"] == ["spatial-intelligence"]


def test_a_trajectory_of_the_offline_models_never_blocks(store: Store) -> None:
    out = watched(build_graph(store=store, seed=1), "two red fish left of a blue house")
    assert out["result"]["stop"]["reason"] in {"passed", "max_iterations"}
