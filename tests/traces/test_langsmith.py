"""Traces for LangSmith: real tracers and a real client, its server on the loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.tracers.base import BaseTracer
from langchain_core.tracers.langchain import LangChainTracer
from langgraph.checkpoint.memory import InMemorySaver
from langsmith import Client, tracing_context

from gems_graph import Store, build_graph
from gems_graph.testing import ChatServer, ImageServer
from gems_graph.testing.loopback import LoopbackServer
from tests.conftest import two_rounds

AT: Any = {"configurable": {"thread_id": "my-picture"}}


class LangSmith(LoopbackServer):
    """Takes runs in batches, as LangSmith does, and puts them together."""

    def __init__(self) -> None:
        super().__init__(None)
        self.sent = ""
        self.runs: dict[str, dict[str, Any]] = {}

    def _reply(self, path: str, headers: Message, body: bytes) -> tuple[Any, float]:
        self.sent += body.decode()
        batch = json.loads(body)
        for run in (*batch.get("post", ()), *batch.get("patch", ())):
            kept = self.runs.setdefault(run["id"], {})
            kept.update({key: value for key, value in run.items() if value is not None})
        return ("application/json", b"{}"), 0

    def named(self, name: str) -> list[dict[str, Any]]:
        return [run for run in self.runs.values() if run["name"] == name]


def metadata(run: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = run["extra"]["metadata"]
    return found


@pytest.fixture
def langsmith() -> Iterator[tuple[LangSmith, Client]]:
    with LangSmith() as server:
        ingest = {
            "use_multipart_endpoint": False, "size_limit": 100, "size_limit_bytes": 10**7,
            "scale_up_nthreads_limit": 1, "scale_up_qsize_trigger": 1000,
            "scale_down_nempty_trigger": 4,
        }  # fmt: skip
        client = Client(
            api_url=server.url, api_key="lsv2_test", info={"batch_ingest_config": ingest}
        )
        yield server, client
        client.cleanup()


def run_traced(store: Store, config: dict[str, Any]) -> list[str]:
    """Run two rounds over HTTP, and return the pictures that the chat model was shown."""
    with ChatServer(two_rounds()) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", seed=1,
            store=store, checkpointer=InMemorySaver(),
        )  # fmt: skip
        graph.invoke({"prompt": "a cat"}, {**AT, **config})  # type: ignore[call-overload]
        sent = [block for r in chat.requests for block in r["messages"][0]["content"]]
    shown = [block["image_url"]["url"] for block in sent if "image_url" in block]
    assert len(shown) >= 4
    return shown


@pytest.mark.parametrize("way", ["a tracer", "tracing switched on"])
def test_a_run_is_named_and_tagged_and_holds_no_picture(
    langsmith: tuple[LangSmith, Client], store: Store, way: str
) -> None:
    server, client = langsmith
    if way == "a tracer":
        shown = run_traced(store, {"callbacks": [LangChainTracer(client=client)]})
    else:
        with tracing_context(enabled=True, client=client):
            shown = run_traced(store, {})
    client.flush()
    assert [url for url in shown if url.partition(",")[2][100:200] in server.sent] == []
    assert "data:image" not in server.sent
    assert server.sent.count("[picture, image/") >= len(shown)

    [root] = server.named("gems")
    assert metadata(root)["thread_id"] == "my-picture"
    assert {"gems-graph", "strategy:gems"} <= {*root["tags"]}
    calls = [run for run in server.runs.values() if run["run_type"] == "llm"]
    looks = server.named("verifier, round 2")
    assert len(looks) == 2
    assert {"decomposer", "planner", "verifier, round 1", "refiner, round 1"} <= {
        run["name"] for run in calls
    }
    for look in looks:
        assert (metadata(look)["gems_role"], metadata(look)["gems_round"]) == ("verifier", 2)
        assert (metadata(look)["ls_model_name"], "role:verifier" in look["tags"]) == ("m", True)
        parent = server.runs[look["parent_run_id"]]
        assert (parent["name"], metadata(parent)["gems_round"]) == ("verifier", 2)
        assert parent["parent_run_id"] == root["id"]
        assert metadata(look)["gems_trajectory"] == metadata(parent)["gems_trajectory"]
        assert metadata(look)["thread_id"] == "my-picture"
    assert all(run.get("end_time") for run in server.runs.values())


class Memory(BaseTracer):
    """Keeps finished runs."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Any] = []

    def _persist_run(self, run: Any) -> None:
        self.kept.append(run)


class Counter(BaseCallbackHandler):
    """A handler of somebody else's that counts in an attribute, and keeps what it sees."""

    def __init__(self) -> None:
        self.started = self.ended = 0
        self.seen: list[Any] = []

    def on_chat_model_start(self, serialized: Any, messages: Any, **told: Any) -> None:
        self.started += 1
        self.seen.append(messages)

    def on_llm_end(self, response: Any, **told: Any) -> None:
        self.ended += 1


class AsyncCounter(AsyncCallbackHandler):
    """The same, on the event loop."""

    def __init__(self) -> None:
        self.started = self.ended = 0
        self.seen: list[Any] = []

    async def on_chat_model_start(self, serialized: Any, messages: Any, **told: Any) -> None:
        self.started += 1
        self.seen.append(messages)

    async def on_llm_end(self, response: Any, **told: Any) -> None:
        self.ended += 1


@pytest.mark.parametrize("make", [Counter, AsyncCounter])
def test_handlers_of_others_keep_their_counts_and_see_no_picture(
    store: Store, make: Callable[[], Counter | AsyncCounter]
) -> None:
    handler = make()
    run_traced(store, {"callbacks": [handler]})
    assert handler.started == handler.ended >= 8
    assert "[picture, image/" in str(handler.seen)
    assert "base64," not in str(handler.seen)


def test_usage_is_counted_once(store: Store) -> None:
    from langchain_core.callbacks import get_usage_metadata_callback

    tracer = Memory()
    with get_usage_metadata_callback() as used:
        run_traced(store, {"callbacks": [tracer]})
    [root] = tracer.kept
    leaves = [leaf for child in root.child_runs for leaf in child.child_runs]
    calls = [leaf for leaf in leaves if leaf.run_type == "llm"]
    messages = [leaf.outputs["generations"][0][0]["message"]["kwargs"] for leaf in calls]
    total = sum(each["usage_metadata"]["total_tokens"] for each in messages)
    assert sum(each["total_tokens"] for each in used.usage_metadata.values()) == total > 0
