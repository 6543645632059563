"""Every paid call is written down first, and what is kept is never paid again."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from gems_graph import Store, build_graph, paths
from gems_graph.calls.journal import Amount, Call, Caps, Journal, scope_of
from gems_graph.errors import BudgetError, ConfigError, ModelError, StoreError
from gems_graph.testing import ChatServer, Fault, ImageServer, Painter, ScriptedChat
from tests.conftest import criteria, verdicts

CONFIG: Any = {"configurable": {"thread_id": "t"}}
ONE = Amount(images=1)
FREE = Caps()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "new" / "journal.sqlite")


# ------------------------------------------------------------------ the table


def test_a_finished_call_is_found_and_counts_once(journal: Journal) -> None:
    call, caps = Call("s", ONE, key="k", trajectory="t"), Caps(images=1)
    first = journal.start(call, caps).result()
    assert first.artifact is None
    journal.settle(first.number, ONE, '{"a": 1}').result()
    again = journal.start(call, caps).result()  # the cap is spent, and this spends nothing
    assert (again.number, again.artifact) == (0, '{"a": 1}')


def test_a_call_that_was_only_begun_is_made_again_and_both_count(journal: Journal) -> None:
    call = Call("s", ONE, key="k")
    journal.start(call, FREE).result()
    second = journal.start(call, Caps(images=2)).result()
    assert second.artifact is None
    with pytest.raises(BudgetError, match="2 of 2"):
        journal.start(call, Caps(images=2)).result()


def test_what_was_begun_and_never_settled_is_in_doubt(journal: Journal) -> None:
    scope = scope_of("t")
    begun, settled, refunded = (
        journal.start(Call(scope, Amount(1, 2, 3, 0.5), trajectory="t"), FREE).result()
        for _ in range(3)
    )
    journal.settle(settled.number, ONE).result()
    journal.refund(refunded.number).result()
    assert begun.number
    assert journal.in_doubt("t").result() == Amount(1, 2, 3, 0.5)
    assert journal.in_doubt("another").result() == Amount()


def test_a_useless_answer_is_not_kept(journal: Journal) -> None:
    call = Call("s", ONE, key="k")
    entry = journal.start(call, FREE).result()
    journal.settle(entry.number, ONE, "garbage").result()
    journal.discard(["k"]).result()
    assert journal.start(call, FREE).result().artifact is None


def test_what_a_removed_trajectory_spent_of_a_shared_budget_still_counts(journal: Journal) -> None:
    caps = Caps(images=1)
    for scope in (scope_of("t"), scope_of("t", "shared")):
        entry = journal.start(Call(scope, ONE, key=scope, trajectory="t"), caps).result()
        journal.settle(entry.number, ONE, "kept").result()
    kept = journal.artifacts().result()
    assert [each.artifact for each in kept] == ["kept", "kept"]
    journal.forget("t").result()
    assert journal.artifacts().result() == []
    journal.start(Call(scope_of("t"), ONE), caps).result()
    with pytest.raises(BudgetError):
        journal.start(Call(scope_of("t", "shared"), ONE), caps).result()


def test_many_threads_write_together_and_a_cap_holds(journal: Journal) -> None:
    def spend(_: int) -> bool:
        try:
            journal.start(Call("s", ONE), Caps(images=50)).result()
        except BudgetError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(spend, range(200))) == 50


def _spend(file: Path) -> int:
    journal, done = Journal(file), 0
    for _ in range(20):
        try:
            journal.start(Call("s", ONE), Caps(images=50)).result()
            done += 1
        except BudgetError:
            pass
    return done


def spend_between(method: str, folder: str) -> None:
    """Exit with the number of calls of 80 that three processes may make under one cap."""
    Journal(Path(folder, "own.sqlite")).start(Call("other", ONE), FREE).result()  # before the fork
    with multiprocessing.get_context(method).Pool(3) as pool:
        sys.exit(sum(pool.map(_spend, [Path(folder, "new", "journal.sqlite")] * 4)))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_cap_holds_between_processes(tmp_path: Path, method: str) -> None:
    # from a process of its own: another thread of this one may hold a lock of SQLite as it forks
    code = f"from {__name__} import spend_between; spend_between({method!r}, {str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 50, done.stderr


def test_a_journal_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "journal.sqlite")
    with pytest.raises(StoreError, match="GEMS_HOME"):
        journal.start(Call("s", ONE), FREE).result()


def test_postgres_without_its_package_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"pip install 'gems-graph\[postgres\]'"):
        Journal("postgresql://nowhere/db").start(Call("s", ONE), FREE).result()


# ------------------------------------------------------------------ in the graph


def rows() -> list[Any]:
    with sqlite3.connect(paths.journal()) as db:
        return db.execute("SELECT status, images, calls, key, artifact FROM spending").fetchall()


def test_a_run_that_nobody_can_resume_is_not_journaled(loop: Callable[..., Any]) -> None:
    loop({"decompose": criteria(1), "verify": verdicts("y")}).run()
    assert not Path(paths.journal()).exists()


def test_replaying_a_whole_trajectory_pays_for_nothing(store: Store) -> None:
    script = {"decompose": criteria(2), "verify": verdicts("yn", "ny", "yn")}
    with ChatServer(script) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            checkpointer=InMemorySaver(), seed=1, max_iterations=3,
        )  # fmt: skip
        first = graph.invoke({"prompt": "p"}, CONFIG)
        paid = len(chat.requests), len(images.requests)
        assert [row[0] for row in rows()] == ["settled"] * sum(paid)
        start = [s for s in graph.get_state_history(CONFIG) if "planner" in s.next][-1]
        again = graph.invoke(None, start.config)
        assert (len(chat.requests), len(images.requests)) == paid
    assert again["rounds"] == first["rounds"]
    assert again["ledger"] == first["ledger"]  # it was paid once, and is told once


def test_a_new_run_on_the_same_thread_is_paid_anew(store: Store) -> None:
    chat, painter = ScriptedChat(script={"decompose": criteria(1)}), Painter()
    graph = build_graph(
        mllm=chat, generator=painter, store=store, checkpointer=InMemorySaver(), seed=1
    )
    for _ in range(2):
        graph.invoke({"prompt": "p"}, CONFIG)
    assert len(painter.calls) == 2
    assert len(chat.asked("verify")) == 2


def test_an_answer_that_nobody_can_read_is_asked_for_anew_on_resume(store: Store) -> None:
    script = {
        "decompose": criteria(1),
        "verify": verdicts("n", "y"),
        "refine": ["rubbish", "rubbish", {"rationale": "-", "prompt": "better"}],
    }
    chat = ScriptedChat(script=script)
    graph = build_graph(
        mllm=chat, generator=Painter(), store=store, checkpointer=InMemorySaver(), seed=1,
        attempts=2, strict=True,
    )  # fmt: skip
    stopped = graph.invoke({"prompt": "p"}, CONFIG)
    assert stopped["result"]["stop"]["node"] == "refiner"
    before = next(s for s in graph.get_state_history(CONFIG) if "refiner" in s.next)
    went_on = graph.invoke(None, before.config)
    assert went_on["result"]["success"]
    assert len(chat.asked("refine")) == 3
    assert len(chat.asked("compress")) == 1  # that one was of use


def test_a_failed_sibling_is_asked_again_and_the_finished_probes_are_not(store: Store) -> None:
    def judge(prompt: str) -> Any:
        return Fault(400) if "C?" in prompt and broken else {"evidence": "-", "answer": "yes"}

    broken = True
    script = {"decompose": criteria(3), "verify": judge}
    delays = {"verify": 0.0}
    with ChatServer(script, delays=delays) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            checkpointer=InMemorySaver(), seed=1, concurrency=1, structured="plain",
            logprobs="off", raise_on_error=True,
        )  # fmt: skip
        with pytest.raises(ModelError):
            graph.invoke({"prompt": "p"}, CONFIG)
        broken = False
        ended = graph.invoke(None, CONFIG)
        asked = [r["prompt"] for r in chat.requests if r["kind"] == "verify"]
    assert ended["result"]["success"]
    assert sum("A?" in prompt for prompt in asked) == 1
    assert sum("B?" in prompt for prompt in asked) == 1
    assert sum("C?" in prompt for prompt in asked) == 2
    assert len(images.requests) == 1


def test_no_picture_and_no_key_enters_the_journal(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMS_API_KEY", "sk-sentinel")
    with ChatServer({"decompose": criteria(1)}) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}", store=store,
            checkpointer=InMemorySaver(),
        )  # fmt: skip
        graph.invoke({"prompt": "p"}, CONFIG)
        assert chat.requests[0]["key"] == "Bearer sk-sentinel"
    kept = "".join(map(str, rows()))
    assert "sentinel" not in kept
    assert "base64" not in kept
    assert "iVBOR" not in kept
