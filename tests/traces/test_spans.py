"""Spans of OpenTelemetry, and the log."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from gems_graph import Store, build_graph
from gems_graph.errors import ConfigError, GeneratorError, ModelError
from gems_graph.runs.run import Run
from gems_graph.testing import ChatServer, Fault, ImageServer
from gems_graph.traces import spans
from gems_graph.traces.export import export_if_asked
from tests.conftest import two_rounds

sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="needs the extra `otel`")
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Any:
    from opentelemetry import trace
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return kept


async def run(store: Store, script: dict[str, Any] | None = None, **dials: Any) -> Any:
    with ChatServer(script or two_rounds()) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:qwen", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            checkpointer=InMemorySaver(), retry_wait=0, retries=0, **dials,
        )  # fmt: skip
        return await Run(graph, "my-picture").start({"prompt": "a cat"})


@pytest.mark.anyio
async def test_a_run_holds_its_nodes_and_they_hold_their_calls(store: Store, exporter: Any) -> None:
    price = {"compat:qwen": {"input": 1.0, "output": 2.0}}
    outcome = await run(store, prices=price)
    ended = exporter.get_finished_spans()
    by_id = {each.context.span_id: each for each in ended}
    [root] = [each for each in ended if each.parent is None]
    assert root.name == "invoke_agent gems"
    told = dict(root.attributes)
    assert told["gen_ai.conversation.id"] == "my-picture"
    assert (told["gems.rounds"], told["gems.success"], told["gems.images"]) == (2, True, 2)
    assert told["gems.trajectory"] == outcome.state["trajectory"]
    nodes = [each for each in ended if each.parent and by_id[each.parent.span_id] is root]
    assert {"begin", "planner", "generator", "verifier", "refiner", "select"} <= {
        each.name for each in nodes
    }
    calls = [each for each in ended if each is not root and each not in nodes]
    assert {by_id[each.parent.span_id].name for each in calls} <= {each.name for each in nodes}
    looks = [each for each in calls if each.attributes["gems.role"] == "verifier"]
    assert [each.attributes["gems.round"] for each in looks] == [1, 1, 2, 2]
    for look in looks:
        assert (look.name, look.kind.name) == ("chat qwen", "CLIENT")
        about = look.attributes
        assert about["gen_ai.operation.name"] == "chat"
        assert (about["gen_ai.provider.name"], about["gen_ai.request.model"]) == ("compat", "qwen")
        assert about["gen_ai.conversation.id"] == "my-picture"
        assert about["gen_ai.usage.input_tokens"] > 0
        assert about["gems.cost"] > 0
    draws = [each for each in calls if each.attributes["gems.role"] == "generator"]
    assert [each.attributes["gems.images"] for each in draws] == [1, 1]
    assert all(each.name.startswith("generate_content ") for each in draws)
    assert len({each.context.trace_id for each in ended}) == 1
    everything = json.dumps([dict(each.attributes) for each in ended])
    assert "a cat" not in everything
    assert "messages" not in everything


@pytest.mark.anyio
async def test_what_is_said_is_told_on_request_and_never_a_picture(
    store: Store, exporter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CAPTURE, "true")
    await run(store)
    calls = [
        each.attributes for each in exporter.get_finished_spans() if each.kind.name == "CLIENT"
    ]
    chats = [each for each in calls if each["gen_ai.operation.name"] == "chat"]
    said = [json.loads(each["gen_ai.input.messages"]) for each in chats]
    assert any("a cat" in json.dumps(each) for each in said)
    assert any("[picture, " in json.dumps(each) for each in said)
    assert all(each[0]["role"] == "user" for each in said)
    answers = [json.loads(each["gen_ai.output.messages"]) for each in chats]
    assert {answer[0]["role"] for answer in answers} == {"assistant"}
    assert "base64," not in json.dumps([dict(each) for each in calls])


@pytest.mark.anyio
async def test_a_call_that_fails_says_so_and_so_does_its_run(store: Store, exporter: Any) -> None:
    with pytest.raises((ModelError, GeneratorError)):
        await run(store, {"decompose": Fault(500, "sk-abcdefghijklmnop")}, raise_on_error=True)
    failed = {each.name: each for each in exporter.get_finished_spans() if not each.status.is_ok}
    assert {"invoke_agent gems", "chat qwen"} <= {*failed}
    assert failed["invoke_agent gems"].attributes["error.type"] == "ModelError"
    assert "sk-" not in failed["chat qwen"].to_json()


@pytest.mark.anyio
async def test_what_was_paid_before_is_marked(store: Store, exporter: Any) -> None:
    spans_of = exporter.get_finished_spans
    with spans.span("outer", {}):
        spans.used({"unmetered": 0, "input_tokens": 3, "output_tokens": 4, "images": 0,
                    "cost": None, "retries": 0}, replayed=True)  # fmt: skip
    [ended] = spans_of()
    assert ended.attributes["gems.replayed"] is True
    assert "gems.cost" not in ended.attributes


def test_without_opentelemetry_nothing_is_loaded_or_done() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from gems_graph import run; run('a red fish', seed=1)\n"
        "from gems_graph.traces import spans; assert spans._api() is None"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=120)


def test_an_address_without_the_packages_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    export_if_asked()  # nothing is asked
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"pip install 'gems-graph\[otel\]'"):
        export_if_asked()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    export_if_asked()


@pytest.mark.anyio
async def test_the_log_has_a_line_a_round(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    await run(store)
    assert [record for record in caplog.records if record.name.startswith("gems_graph")] == []
    caplog.set_level(logging.INFO, logger="gems_graph")
    await run(store)
    lines = [each.getMessage() for each in caplog.records if each.name == "gems_graph.runs"]
    assert lines == [
        "my-picture: round 1: 1 of 2 criteria hold",
        "my-picture: round 2: 2 of 2 criteria hold",
        "my-picture: ended: passed",
    ]
