"""Structured output, from the JSON schema down to words: what each kind of server is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from gems_graph import Store, build_graph
from gems_graph.calls.budget import Budget, Place
from gems_graph.errors import ModelError
from gems_graph.models import Chat, open_chat
from gems_graph.models.forms import response_format
from gems_graph.models.ladder import rungs
from gems_graph.nodes.probes import Judgement
from gems_graph.runtime.prompts import extras_of
from gems_graph.settings import Settings
from gems_graph.settings.roles import ModelSpec
from gems_graph.testing import ChatServer, Fault, ImageServer
from tests.conftest import criteria

SCHEMA = response_format(Judgement)
EXTRAS = {"logprobs": {"logprobs": True}, "schema": SCHEMA}


class Picky(ChatServer):
    """A server that answers an error to what it does not take."""

    def __init__(self, takes: Callable[[str, bool], bool], status: int, **more: Any) -> None:
        super().__init__(**more)
        self.takes, self.status, self.sent = takes, status, list[str]()

    def _reply(self, path: str, headers: Any, body: bytes) -> Any:
        request = json.loads(body)
        form, logprobs = kind(request.get("response_format")), "logprobs" in request
        with self._lock:
            self.sent.append(form + "+" * logprobs)
        if not self.takes(form, logprobs):
            return Fault(self.status), 0
        return super()._reply(path, headers, body)


def kind(form: Any) -> str:
    if form is None:
        return "words"
    if form["type"] == "json_schema":
        return "schema"
    return "object with schema" if "schema" in form else "object"


TAKES: dict[str, tuple[Callable[[str, bool], bool], str]] = {
    "everything (vLLM, SGLang)": (lambda form, logprobs: True, "schema+"),
    "no log-probabilities (Gemini, Groq)": (lambda form, logprobs: not logprobs, "schema"),
    "no json_schema (llama.cpp)": (lambda form, _: form != "schema", "object with schema+"),
    "json_object alone (DeepSeek)": (lambda form, _: form in ("object", "words"), "object+"),
    "json_object, no log-probabilities": (
        lambda form, logprobs: form in ("object", "words") and not logprobs, "object"
    ),
    "log-probabilities, no JSON": (lambda form, _: form == "words", "words+"),
    "nothing": (lambda form, logprobs: form == "words" and not logprobs, "words"),
}  # fmt: skip


def complete(chat: Chat, extras: Any = EXTRAS, **dials: Any) -> str:
    settings = Settings(**{"retry_wait": 0, "retries": 2, **dials})
    asked = [HumanMessage("<task>verify</task>")]
    budget = Budget(settings, Place())
    return asyncio.run(chat.complete(asked, settings, budget, role="verifier", extras=extras)).text


def opened(server: ChatServer) -> Chat:
    return Chat(open_chat(ModelSpec(mllm="compat:m", mllm_url=server.url)).model, "m", server.url)


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("name", TAKES)
def test_one_call_finds_the_best_that_a_server_takes(name: str, status: int) -> None:
    takes, best = TAKES[name]
    with Picky(takes, status) as server:
        chat = opened(server)
        complete(chat)
        found = len(server.sent)
        complete(chat)
    assert server.sent[found - 1 :] == [best, best]  # found once, remembered
    assert found <= 8


@pytest.mark.parametrize("name", TAKES)
def test_a_500_that_goes_away_without_extras_is_a_server_that_does_not_know_them(
    name: str,
) -> None:
    takes, best = TAKES[name]
    with Picky(takes, 500) as server:
        chat = opened(server)
        complete(chat)
        if best != "schema+":
            assert server.sent == ["schema+", "words"]  # no repeats before
        complete(chat)
        found = len(server.sent)
        complete(chat)
    assert server.sent[found - 1 :] == [best, best]


def test_a_500_that_stays_is_an_outage() -> None:
    with Picky(lambda *_: False, 500) as server, pytest.raises(ModelError, match="HTTP 500"):
        complete(opened(server), retries=2)
    assert server.sent == ["schema+", *["words"] * 3]


def test_one_500_alone_costs_no_schema() -> None:
    turns = iter([False, True, True, False, True, True])
    with Picky(lambda *_: next(turns), 500) as server:
        chat = opened(server)
        for _ in range(4):
            complete(chat)
    assert server.sent == ["schema+", "words", "schema+", "schema+", "words", "schema+"]


@pytest.mark.parametrize("cap", [5, 4])
def test_every_try_that_may_have_been_paid_counts(store: Store, cap: int) -> None:
    with Picky(TAKES["no json_schema (llama.cpp)"][0], 500) as server, ImageServer() as images:
        server.script["decompose"] = criteria(1)
        out = build_graph(
            mllm="compat:m", mllm_url=server.url, generator=images.url, store=store, retry_wait=0,
            max_skills=0, max_iterations=1, max_calls=cap,
        ).invoke({"prompt": "a cat"})  # fmt: skip
    sent = ["schema", "words", "schema+", "schema", "object with schema+"]
    assert server.sent == sent[:cap]
    if cap == 5:
        used = out["ledger"].values()
        assert sum(each["calls"] + each["retries"] for each in used) == cap
    assert out["result"]["stop"]["reason"] == ("passed" if cap == 5 else "budget")


def test_the_dial_starts_lower_on_the_ladder() -> None:
    sent = {}
    for structured in ("auto", "json", "plain"):
        settings = Settings(structured=structured)  # type: ignore[arg-type]
        extras = extras_of(Judgement, settings, logprobs=False)
        bodies = [dict(*each.values()) for each in rungs(extras, ())]
        sent[structured] = [kind(body.get("response_format")) for body in bodies]
    assert sent == {
        "auto": ["schema", "object with schema", "object", "words"],
        "json": ["object", "words"],
        "plain": ["words"],
    }
