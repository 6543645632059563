"""The way of a call through our functions is short, and every paid call goes the same one."""

from __future__ import annotations

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from gems_graph import Store, build_graph
from gems_graph.testing import ChatServer, ImageServer
from tests.conftest import criteria
from tests.hops import Hops


@pytest.mark.parametrize(
    ("start", "end", "most"),
    [
        ("nodes/verifier.py:verifier", "nodes/select.py:select", 15),
        ("nodes/generator.py:generator", "nodes/verifier.py:verifier", 11),
    ],
)
def test_a_call_takes_few_hops(store: Store, start: str, end: str, most: int) -> None:
    with ChatServer({"decompose": criteria(1)}) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            checkpointer=InMemorySaver(),
        )  # fmt: skip
        graph.invoke({"prompt": "p"}, {"configurable": {"thread_id": "warm"}})
        hops = Hops(start, end)
        hops.watch(lambda: graph.invoke({"prompt": "p"}, {"configurable": {"thread_id": "t"}}))
    way = [*hops.down, *hops.back]
    assert "calls/paid.py:pay" in hops.down, way
    assert len(way) <= most, "\n".join(way)
