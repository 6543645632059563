"""Caps are never exceeded by one, alone, shared, across processes and kills; the ledger adds up."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image

from gems_graph import Store, build_graph
from gems_graph.calls.journal import Amount, Call, Caps, Journal
from gems_graph.calls.ledger import add, no_usage, total
from gems_graph.errors import BudgetError, ConfigError
from gems_graph.settings.prices import Price, price_of
from gems_graph.testing import ChatServer, Fault, Hang, ImageServer, Painter, ScriptedChat
from tests.conftest import criteria, two_rounds, verdicts


def never(rounds: int = 1) -> dict[str, Any]:
    return {"decompose": criteria(1), "verify": verdicts("n")}


def graph_over(chat: ChatServer, images: ImageServer, store: Store, **dials: Any) -> Any:
    return build_graph(
        mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
        **{"retry_wait": 0, **dials},
    )  # fmt: skip


def test_a_cap_on_images_ends_with_the_best_image(loop: Any) -> None:
    made = loop(never(), max_images=3)
    out = made.run()
    assert len(made.painter.calls) == 3
    assert out["result"]["stop"]["reason"] == "budget"
    assert "cap on images" in out["result"]["stop"]["error"]
    assert out["result"]["verified"]


def test_a_failed_try_that_may_be_paid_counts_and_one_that_is_not_does_not(store: Store) -> None:
    faults = [Fault(429), Fault(409), None, Fault(504), None]
    with ChatServer(never()) as chat, ImageServer(faults) as images:
        out = graph_over(chat, images, store, max_images=3).invoke({"prompt": "p"})
        # refused twice (unpaid), drawn, lost behind a gateway (perhaps paid), drawn: three of three
        assert len(images.requests) == 5
    assert len(out["rounds"]) == 2
    assert out["result"]["stop"]["reason"] == "budget"


@pytest.mark.parametrize(
    ("cap", "kind"), [({"max_calls": 6}, "calls"), ({"max_tokens_total": 60_000}, "tokens")]
)
def test_caps_on_calls_and_tokens_hold(store: Store, cap: dict[str, Any], kind: str) -> None:
    with ChatServer(never()) as chat, ImageServer() as images:
        out = graph_over(chat, images, store, max_iterations=50, **cap).invoke({"prompt": "p"})
        calls = len(chat.requests)
    assert f"cap on {kind}" in out["result"]["stop"]["error"]
    assert calls <= cap.get("max_calls", 10**9)
    assert total(out["ledger"])["calls"] == calls
    assert 110 * calls <= cap.get("max_tokens_total", 10**9)


def test_a_cap_on_tokens_bounds_each_answer(store: Store) -> None:
    with ChatServer(never()) as chat, ImageServer() as images:
        graph_over(chat, images, store, max_tokens_total=100_000, max_iterations=1).invoke(
            {"prompt": "p"}
        )
        limits = {r.get("max_completion_tokens") or r.get("max_tokens") for r in chat.requests}
    assert limits == {8192}


def test_a_cap_on_money_needs_prices(store: Store) -> None:
    with ChatServer(never()) as chat, ImageServer() as images:
        graph = graph_over(chat, images, store, max_cost=1.0)
        with pytest.raises(ConfigError, match=r"price of 'compat:m', 'http:.*gems\.toml"):
            graph.invoke({"prompt": "p"})
        assert not chat.requests


def test_a_cap_on_money_holds(store: Store) -> None:
    prices = {"compat:m": {"input": 10, "output": 100}, "http": {"image": 0.05}}
    with ChatServer(never()) as chat, ImageServer() as images:
        out = graph_over(
            chat, images, store, max_cost=3.0, max_iterations=50, max_tokens=64, prices=prices
        ).invoke({"prompt": "p"})
    spent = total(out["ledger"])["cost"]
    assert out["result"]["stop"]["reason"] == "budget"
    calls, images_drawn = total(out["ledger"])["calls"], total(out["ledger"])["images"]
    assert spent == pytest.approx(calls * (100 * 10 + 10 * 100) / 1e6 + images_drawn * 0.05)
    assert 1.0 < spent <= 3.0


def test_a_cap_on_seconds_stops_a_call_under_way(store: Store) -> None:
    script = {**never(), "refine": {"rationale": "r", "prompt": "p2"}}
    with ChatServer(script, delays={"refine": 60}) as chat, ImageServer() as images:
        out = graph_over(chat, images, store, max_seconds=3).invoke({"prompt": "p"})
    assert out["result"]["stop"]["reason"] == "budget"
    assert "max_seconds" in out["result"]["stop"]["error"]
    assert len(out["rounds"]) == 1


def test_a_cap_reached_before_any_image_raises(loop: Any) -> None:
    with pytest.raises(BudgetError, match="cap on calls"):
        loop(never(), max_calls=1).run()


def test_sixty_four_trajectories_share_one_cap(store: Store) -> None:
    painter = Painter()
    made = build_graph(
        generator=painter,
        mllm=ScriptedChat(script=never()),
        store=store,
        max_images=100,
        budget="team",
    )

    async def run() -> list[Any]:
        runs = [made.ainvoke({"prompt": f"p{k}"}, {}) for k in range(64)]
        return await asyncio.gather(*runs, return_exceptions=True)

    outs = asyncio.run(run())
    assert len(painter.calls) == 100
    ended = [out for out in outs if isinstance(out, dict)]
    assert {out["result"]["stop"]["reason"] for out in ended} <= {"budget", "max_iterations"}
    assert all(isinstance(out, dict | BudgetError) for out in outs)


CHILD = """
import sys
from gems_graph import Store, build_graph
from gems_graph.errors import BudgetError
from gems_graph.testing import ScriptedChat
url, folder = sys.argv[1:]
chat = ScriptedChat(script={"decompose": {"criteria": ["A?"]}, "verify": {"answer": "no"}})
graph = build_graph(mllm=chat, generator=f"http:{url}", store=Store(folder), max_images=25,
                    budget="both", retry_wait=0)
for k in range(8):
    try:
        graph.invoke({"prompt": f"p{k}"})
    except BudgetError:
        break
"""


def test_two_processes_share_one_cap(tmp_path: Path) -> None:
    with ImageServer() as images:
        command = [sys.executable, "-c", CHILD, images.url, str(tmp_path)]
        children = [subprocess.Popen(command) for _ in range(2)]
        assert [child.wait(120) for child in children] == [0, 0]
        assert len(images.requests) == 25


KILLED = """
import sys
from langgraph.checkpoint.sqlite import SqliteSaver
from gems_graph import Store, build_graph
from gems_graph.testing import ScriptedChat
url, folder = sys.argv[1:]
chat = ScriptedChat(script={"decompose": {"criteria": ["A?"]}, "verify": {"answer": "no"}})
with SqliteSaver.from_conn_string(folder + "/checkpoints.sqlite") as saver:
    graph = build_graph(mllm=chat, generator=f"http:{url}", store=Store(folder), max_images=4,
                        max_iterations=9, retry_wait=0, checkpointer=saver, image_timeout=60)
    config = {"configurable": {"thread_id": "t"}}
    resumed = graph.get_state(config).next
    graph.invoke(None if resumed else {"prompt": "p"}, config, durability="sync")
    print(len(graph.get_state(config).values["rounds"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_cap_survives_a_kill_while_drawing(tmp_path: Path) -> None:
    with ImageServer([None, None, Hang()]) as images:
        command = [sys.executable, "-c", KILLED, images.url, str(tmp_path)]
        child = subprocess.Popen(command)
        assert images.hanging.wait(60)  # the third picture is being drawn
        child.send_signal(signal.SIGKILL)
        child.wait(30)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        # two drawn, one killed while drawing (perhaps paid), one more: four of four
        assert (len(images.requests), done.stdout.strip()) == (4, "3")


def test_a_cap_survives_resume_in_memory(loop: Any) -> None:
    saver = InMemorySaver()
    made = loop(never(), checkpointer=saver, max_images=3)
    config = {"configurable": {"thread_id": "t"}}
    made.graph.invoke({"prompt": "p"}, config, interrupt_after=["verifier"])
    made.graph.invoke(None, config)
    assert len(made.painter.calls) == 3


# ------------------------------------------------------------------ journal and ledger


def test_the_journal_counts_what_was_never_settled(tmp_path: Path) -> None:
    journal, caps = Journal(tmp_path / "j.sqlite"), Caps(images=2)
    one, other = Call("s", Amount(images=1)), Call("other", Amount(images=1))
    first = journal.start(one, caps).result()
    journal.start(one, caps).result()
    with pytest.raises(BudgetError, match="2 of 2"):
        journal.start(one, caps).result()
    journal.start(other, caps).result()
    journal.refund(first.number).result()
    second = journal.start(one, caps).result()
    journal.settle(second.number, Amount(images=0)).result()
    journal.start(one, caps).result()


def test_the_ledger_is_kept_by_role_and_adds_up(store: Store) -> None:
    script = two_rounds()
    faults = [Fault(503), None, None]
    with ChatServer(script) as chat, ImageServer(faults) as images:
        out = graph_over(chat, images, store).invoke({"prompt": "p"})
        asked = len(chat.requests)
    ledger = out["ledger"]
    counts = {role: (usage["calls"], usage["images"]) for role, usage in ledger.items()}
    assert counts == {
        "planner": (1, 0), "decomposer": (1, 0), "generator": (0, 2), "verifier": (4, 0),
        "refiner": (1, 0), "compressor": (1, 0),
    }  # fmt: skip
    whole = total(ledger)
    assert (whole["calls"], whole["retries"]) == (asked, 1)
    assert (whole["input_tokens"], whole["output_tokens"]) == (100 * asked, 10 * asked)
    assert whole["cost"] is None  # nobody told the price: unknown is not zero
    assert whole["bytes"] > 1000
    assert whole["seconds"] > 0


def test_an_unknown_price_stays_unknown() -> None:
    known = {**no_usage(), "cost": 1.5}
    unknown = {**no_usage(), "cost": None}
    assert add({"a": known}, {"a": known})["a"]["cost"] == 3.0  # type: ignore[dict-item]
    assert add({"a": known}, {"a": unknown})["a"]["cost"] is None  # type: ignore[dict-item]


def test_prices_are_found_with_and_without_the_provider() -> None:
    own = {"kimi": Price(input=0.6, output=3, cached=0.1)}
    assert price_of("compat:kimi", own) == own["kimi"]
    assert price_of("openai:gpt-5", {}) == price_of("gpt-5", {}) is not None
    assert price_of("mini", {}) == Price()
    assert price_of("compat:nobody-knows", {}) is None
    assert own["kimi"].of(1_000_000, 1_000_000, 500_000) == pytest.approx(0.3 + 0.05 + 3)


def test_pictures_are_reserved_by_the_picture_and_not_by_the_byte(store: Store) -> None:
    noisy = Image.frombytes("RGB", (512, 512), os.urandom(512 * 512 * 3))
    out = io.BytesIO()
    noisy.save(out, "PNG")
    script = {"decompose": criteria(1), "verify": verdicts("y")}
    with ChatServer(script) as chat, ImageServer([out.getvalue()]) as images:
        ended = graph_over(chat, images, store, max_tokens_total=40_000).invoke({"prompt": "p"})
        assert max(r["bytes"] for r in chat.requests) > 100_000
    assert ended["result"]["stop"]["reason"] == "passed"
