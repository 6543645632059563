"""Outages change nothing but time: faults, limits, options, reasoning, hosts with own loops."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from typing import Any

import pytest
from langchain_openai import ChatOpenAI

from gems_graph import Store, build_graph
from gems_graph.calls.limits import Limits
from gems_graph.calls.transport import authorities
from gems_graph.testing import ChatServer, Fault, Flaky, ImageServer, Painter, ScriptedChat
from tests.conftest import criteria


def by_prompt(prompt: str) -> dict[str, str]:
    """A Verifier that depends on nothing but what it is shown, so that order cannot matter."""
    question = prompt.rpartition("<criterion>")[2]
    return {"evidence": "-", "answer": "yes" if "A?" in question else "no"}


SCRIPT: dict[str, Any] = {
    "decompose": criteria(2),
    "verify": by_prompt,
    "refine": lambda prompt: {"rationale": "r", "prompt": f"v{prompt.count('<attempt')}"},
}


def outcome(out: dict[str, Any]) -> Any:
    """What must not depend on the weather: pictures, prompts, verdicts, the choice."""
    rounds = [(r["prompt"], r["image"]["sha256"], r["verdicts"]) for r in out["rounds"]]
    return rounds, out["experiences"], out["result"]["round"], out["result"]["stop"]


def many(chat: ChatServer, images: ImageServer, store: Store, n: int) -> list[dict[str, Any]]:
    graph = build_graph(
        mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
        retry_wait=0, retries=4, call_timeout=4, image_timeout=4, max_iterations=2,
    )  # fmt: skip

    async def run() -> list[dict[str, Any]]:
        runs = [graph.ainvoke({"prompt": f"p{k}"}, context={"seed": k}) for k in range(n)]  # type: ignore[arg-type]
        return await asyncio.gather(*runs)

    return asyncio.run(run())


def test_a_hundred_trajectories_survive_a_fifth_of_all_calls_failing(store: Store) -> None:
    with ChatServer(SCRIPT) as chat, ImageServer() as images:
        calm = [outcome(out) for out in many(chat, images, store, 100)]
    flaky = Flaky(seed=7, rate=0.2, most=4)
    with ChatServer(SCRIPT, flaky=flaky) as chat, ImageServer(flaky=flaky) as images:
        stormy = many(chat, images, store, 100)
        asked = len(chat.requests) + len(images.requests)
    assert [outcome(out) for out in stormy] == calm
    assert {kind for kind, count in flaky.struck.items() if count} == set(Flaky.KINDS)
    assert 0.15 < sum(flaky.struck.values()) / asked < 0.25
    retried = sum(u["retries"] for out in stormy for u in out["ledger"].values())
    assert retried == sum(flaky.struck.values())


def over_http(store: Store, **server: Any) -> Any:
    with ChatServer(SCRIPT, **server) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            seed=3, retry_wait=0, max_iterations=3,
        )  # fmt: skip
        out = graph.invoke({"prompt": "p"})
        told = [r["messages"] for r in chat.requests if r["kind"] == "refine"]
    return outcome(out), told


def test_the_same_trajectory_whatever_the_server_can_do(store: Store) -> None:
    scripted = build_graph(
        mllm=ScriptedChat(script=SCRIPT), generator=Painter(), store=store, seed=3, max_iterations=3
    )
    expected = outcome(scripted.invoke({"prompt": "p"}))
    for server in (
        {},
        {"reasoning": "because"},
        {"reasoning": "because", "reasoning_field": "reasoning"},
        {"declines": ("response_format",)},
        {"declines": ("response_format", "logprobs")},
        {"declines": ("logprobs",), "reasoning": "because"},
    ):
        assert over_http(store, **server)[0] == expected, server


def test_a_declined_field_is_asked_for_once_and_then_left_out(store: Store) -> None:
    with ChatServer(SCRIPT, declines=("response_format",)) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            verify="batched", max_iterations=2,
        )  # fmt: skip
        graph.invoke({"prompt": "p"})
        first = [r for r in chat.requests if "response_format" in r]
        graph.invoke({"prompt": "q"})
        assert [r for r in chat.requests if "response_format" in r] == first
        # three ways to ask for JSON, by Planner and Decomposer, which start together
        assert len(first) <= 6


def test_the_schema_is_sent_with_evidence_before_the_answer(store: Store) -> None:
    with ChatServer(SCRIPT) as chat, ImageServer() as images:
        build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            max_iterations=1,
        ).invoke({"prompt": "p"})  # fmt: skip
    probe = next(r for r in chat.requests if r["kind"] == "verify")
    schema = probe["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["evidence", "answer"]
    assert schema["required"] == ["evidence", "answer"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["answer"]["enum"] == ["yes", "no", "unsure"]
    assert probe["logprobs"] is True


def test_reasoning_is_t_and_a_rationale_stands_in_for_it(store: Store) -> None:
    with_thought = over_http(store, reasoning="because of the sky")[1][1]
    without = over_http(store)[1][1]
    assert "<thought>because of the sky</thought>" in with_thought[0]["content"][-1]["text"]
    assert "<thought>r</thought>" in without[0]["content"][-1]["text"]


def test_no_more_calls_at_once_than_the_limit(store: Store) -> None:
    script = {**SCRIPT, "decompose": criteria(8)}
    with ChatServer(script, delays={"verify": 0.02}) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            concurrency=3, max_iterations=1,
        )  # fmt: skip
        graph.batch([{"prompt": f"p{k}"} for k in range(6)])
        assert chat.most_at_once == 3


def test_cancelling_a_run_cancels_its_calls(store: Store) -> None:
    started = threading.Event()

    def slow(prompt: str) -> dict[str, str]:
        started.set()
        return {"answer": "yes"}

    script = {**SCRIPT, "verify": slow}
    with ChatServer(script, delays={"verify": 30}) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store
        )

        async def run() -> None:
            task = asyncio.create_task(graph.ainvoke({"prompt": "p"}))
            await asyncio.to_thread(started.wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(run())
        assert chat.hung_up.wait(20)  # the server saw the client go


def test_a_host_with_its_own_client_on_its_own_loop_is_left_alone(store: Store) -> None:
    failures: list[Exception] = []
    with ChatServer(SCRIPT) as chat, ImageServer() as images:
        host = ChatOpenAI(model="m", base_url=chat.url, api_key="k", max_retries=0)  # type: ignore[arg-type]
        graph = build_graph(
            mllm=host, generator=f"http:{images.url}", store=store, max_iterations=2
        )

        async def mine() -> None:
            for _ in range(10):
                try:
                    await host.ainvoke("<task>compress</task>")
                except Exception as error:  # noqa: BLE001  (whatever it is, it is a failure)
                    failures.append(error)

        async def together() -> list[Any]:
            sync = asyncio.to_thread(graph.batch, [{"prompt": "p"}] * 4)
            ours = [graph.ainvoke({"prompt": "p"}) for _ in range(4)]
            await asyncio.gather(*(mine() for _ in range(4)), *ours, sync)
            return await asyncio.gather(*(graph.ainvoke({"prompt": "q"}) for _ in range(4)), mine())

        outs = asyncio.run(together())[:4]
        assert {out["result"]["stop"]["reason"] for out in outs} == {"max_iterations"}
    assert failures == []


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_will_not_pass_is_not_repeated(store: Store, status: int) -> None:
    with ChatServer() as chat, ImageServer([Fault(status)]) as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store
        )
        with pytest.raises(Exception, match=f"HTTP {status}"):
            graph.invoke({"prompt": "p"})
        assert len(images.requests) == 1


def test_no_more_calls_a_minute_than_the_limit() -> None:
    limits = Limits(concurrency=8, per_minute=600)  # ten a second, and none saved up

    async def call() -> float:
        async with limits.slots:
            await limits.pace()
            return time.monotonic()

    async def five() -> list[float]:
        return sorted(await asyncio.gather(*(call() for _ in range(5))))

    moments = asyncio.run(five())
    assert moments[-1] - moments[0] >= 0.3  # four gaps of a tenth, less the limiter's grain


def test_an_https_address_is_checked_and_an_http_one_trusts_no_certificate() -> None:
    assert authorities("https://host/v1") is True
    for url in ("http://host/v1", "HTTP://host"):
        none = authorities(url)
        assert isinstance(none, ssl.SSLContext)
        assert (none.verify_mode, none.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert none.cert_store_stats()["x509_ca"] == 0
