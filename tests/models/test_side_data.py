"""What a server sends beside an answer never costs the answer: it has been paid for by then."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from gems_graph import Store, build_graph
from gems_graph.calls import retry
from gems_graph.testing import ChatServer, Fault, ImageServer
from tests.conftest import criteria


def answered(**beside: Any) -> Fault:
    """A whole answer of the Verifier's, with something beside it."""
    choice = {"message": {"role": "assistant", "content": "yes"}, **beside.pop("choice", {})}
    return Fault(200, json.dumps({"choices": [choice], **beside}))


def judged(store: Store, answer: Fault, **dials: Any) -> Any:
    script = {"decompose": criteria(1), "verify": answer}
    with ChatServer(script) as chat, ImageServer() as images:
        graph = build_graph(
            mllm="compat:m", mllm_url=chat.url, generator=images.url, store=store, retry_wait=0,
            max_iterations=1, **dials,
        )  # fmt: skip
        return graph.invoke({"prompt": "a cat"})


@pytest.mark.parametrize(
    "usage",
    ["many", [1, 2], 7, {"prompt_tokens": "7"}, {"prompt_tokens": [7]}, {"prompt_tokens": 7.5},
     {"prompt_tokens": 7, "prompt_tokens_details": "none"}],
)  # fmt: skip
def test_usage_that_cannot_be_read_is_unmetered(store: Store, usage: Any) -> None:
    out = judged(store, answered(usage=usage))
    assert out["result"]["success"]
    assert out["ledger"]["verifier"]["unmetered"] == 1


def test_negative_and_endless_counts_are_bounded(store: Store) -> None:
    counts = {"prompt_tokens": -5, "completion_tokens": 10**30}
    used = judged(store, answered(usage=counts), max_tokens_total=10**13)["ledger"]["verifier"]
    assert (used["input_tokens"], used["output_tokens"]) == (0, 2**40)


def test_a_count_that_is_null_is_zero(store: Store) -> None:
    counts = {"prompt_tokens": 3, "completion_tokens": None, "prompt_tokens_details": None}
    used = judged(store, answered(usage=counts))["ledger"]["verifier"]
    assert (used["input_tokens"], used["output_tokens"], used["unmetered"]) == (3, 0, 0)


@pytest.mark.parametrize("logprobs", [[], [1], "x", 5, {"content": None}, {"content": ["x"]}])
def test_log_probabilities_of_an_odd_form_are_none(store: Store, logprobs: Any) -> None:
    out = judged(store, answered(choice={"logprobs": logprobs}))
    assert out["result"]["success"]
    assert out["rounds"][0]["verdicts"][0]["p_yes"] is None


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"role": "assistant", "content": None, "refusal": "I will not judge people."}},
        {"message": {"role": "assistant", "content": ""}, "finish_reason": "content_filter"},
        {"message": {"role": "assistant", "content": "yes"}, "finish_reason": "SAFETY"},
    ],
)
def test_a_round_whose_probes_were_all_refused_is_not_verified(store: Store, choice: Any) -> None:
    out = judged(store, answered(choice=choice))
    [verdict] = out["rounds"][0]["verdicts"]
    assert (verdict["answer"], verdict["unanswered"]) == ("unsure", "refused")
    result = out["result"]
    assert (result["verified"], result["success"]) == (False, False)
    assert result["stop"]["reason"] == "max_iterations"
    assert "refused to answer" in result["why"]


def test_retry_after_may_be_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(retry.time, "time", now.timestamp)

    def pause(text: str) -> float:
        error = OSError()
        error.response = SimpleNamespace(headers={"retry-after": text})  # type: ignore[attr-defined]
        return retry.pause_before(0, 0, error)

    soon = now + timedelta(seconds=30)
    assert pause(format_datetime(soon, usegmt=True)) == 30
    assert pause(format_datetime(now - timedelta(hours=1), usegmt=True)) == 0
    assert pause("Fri, 31 Dec 2999 23:59:59 GMT") == 60
    assert (pause("7"), pause("soon")) == (7, 0)
