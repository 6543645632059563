"""The client of OpenAI-compatible servers, over real HTTP: what it sends, what it reads."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from gems_graph.calls.budget import Budget, Place
from gems_graph.calls.retry import GarbledError, is_passing, status_of
from gems_graph.errors import ConfigError, GemsError, ModelError
from gems_graph.models import Chat, open_chat
from gems_graph.models.compat import CompatibleChat, open_backend
from gems_graph.models.reply import Reply
from gems_graph.models.wire import write_block
from gems_graph.settings import Settings
from gems_graph.settings.roles import ModelSpec
from gems_graph.testing import ChatServer, Fault

PROBE = "<task>verify</task>"
YES = json.dumps({"evidence": "seen", "answer": "yes"})


def model(url: str, **options: Any) -> CompatibleChat:
    made = open_backend("m", ModelSpec(mllm="compat:m", mllm_url=url, **options))
    assert isinstance(made, CompatibleChat)
    return made


def complete(opened: Chat, extras: Any = None, **dials: Any) -> Reply:
    """One call of the loop's, whole: limited, repeated, read."""
    settings = Settings(retry_wait=0, **dials)
    budget = Budget(settings, Place())
    call = opened.complete([HumanMessage(PROBE)], settings, budget, role="verifier", extras=extras)
    return asyncio.run(call)


def completion(**choice: Any) -> Fault:
    """A whole answer, as a server sends it with success."""
    message = choice.pop("message", {"role": "assistant", "content": "yes"})
    usage = choice.pop("usage", None)
    return Fault(200, json.dumps({"choices": [{"message": message, **choice}], "usage": usage}))


def answer(body: Fault) -> AIMessage:
    """What is read from a body."""
    with ChatServer({"verify": body}) as chat:
        return asyncio.run(model(chat.url).ainvoke(PROBE))


# ------------------------------------------------------------------ what it sends


def test_a_request_holds_model_messages_options_and_extra_fields() -> None:
    options: dict[str, Any] = {"temperature": 0.5, "max_tokens": 7}
    with ChatServer() as chat:
        made = model(chat.url, extra_body={"top_k": 1, "think": {"on": True}}, **options)
        messages = [HumanMessage(PROBE), AIMessage("no"), SystemMessage("s")]
        asyncio.run(made.ainvoke(messages, stop=["z"], extra_body={"top_k": 2}))
    [request] = chat.requests
    sent = {name: value for name, value in request.items() if name in FIELDS or name == "messages"}
    assert sent == {
        "model": "m", "stream": False, "temperature": 0.5, "max_completion_tokens": 7,
        "max_tokens": 7, "stop": ["z"], "top_k": 2, "think": {"on": True},
        "messages": [
            {"role": "user", "content": PROBE},
            {"role": "assistant", "content": "no"},
            {"role": "system", "content": "s"},
        ],
    }  # fmt: skip
    assert request["path"] == "/chat/completions"


FIELDS = {
    "model", "stream", "temperature", "max_completion_tokens", "max_tokens", "stop", "top_k",
    "think", "extra_body", "logprobs",
}  # fmt: skip


def test_what_is_not_set_is_not_sent_and_options_of_a_call_win() -> None:
    with ChatServer() as chat:
        asyncio.run(model(f"{chat.url}/").ainvoke(PROBE))
        asyncio.run(model(chat.url, max_tokens=7).ainvoke(PROBE, max_tokens=5, logprobs=True))
    sent = [{name: r[name] for name in FIELDS & r.keys()} for r in chat.requests]
    assert sent[0] == {"model": "m", "stream": False}
    assert sent[1] == {**sent[0], "max_completion_tokens": 5, "max_tokens": 5, "logprobs": True}


@pytest.mark.parametrize(
    "url", ["https://api.openai.com/v1", "https://name.openai.azure.com/openai/v1"]
)
def test_openais_own_servers_are_not_sent_the_older_name_of_max_tokens(url: str) -> None:
    made = model(url, max_tokens=7)
    assert made._options({}) == {"model": "m", "max_completion_tokens": 7}


def test_the_key_is_ours_before_openais_and_a_line_end_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ChatServer() as chat:
        for name in ("OPENAI_API_KEY", "GEMS_API_KEY"):
            asyncio.run(model(chat.url).ainvoke(PROBE))
            monkeypatch.setenv(name, f"{name}\n")
        asyncio.run(model(chat.url).ainvoke(PROBE))
    keys = ["Bearer none", "Bearer OPENAI_API_KEY", "Bearer GEMS_API_KEY"]
    assert [request["key"] for request in chat.requests] == keys
    assert "GEMS_API_KEY" not in repr(model(chat.url))


def test_the_base_url_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ModelSpec(mllm="compat:m")
    with pytest.raises(ConfigError, match="needs a model and a base URL"):
        open_backend("m", spec)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    made = open_backend("m", spec)
    assert isinstance(made, CompatibleChat)
    assert made.base_url == "http://127.0.0.1:1/v1"


def test_pictures_are_sent_as_the_protocol_has_them() -> None:
    image = {"type": "image", "base64": "AA==", "mime_type": "image/png"}
    sent = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    assert write_block(image) == write_block(sent) == sent
    assert write_block({"type": "image", "url": "http://h/a.png"})["image_url"] == {
        "url": "http://h/a.png"
    }
    assert write_block("text") == {"type": "text", "text": "text"}


def test_text_alone_is_sent_as_one_text() -> None:
    image = {"type": "image", "base64": "AA==", "mime_type": "image/png"}
    parts = [{"type": "text", "text": "<task>verify</task>"}, {"type": "text", "text": "b"}]
    with ChatServer() as chat:
        for content in (parts, [*parts, image]):
            asyncio.run(model(chat.url).ainvoke([HumanMessage(content)]))  # type: ignore[arg-type]
    alone, beside = (request["messages"][0]["content"] for request in chat.requests)
    assert alone == "<task>verify</task>\nb"  # a list would be lost on servers without pictures
    assert [block["type"] for block in beside] == ["text", "text", "image_url"]


def test_tools_are_refused_and_not_dropped() -> None:
    made = model("http://127.0.0.1:1")
    call = {"name": "f", "args": {}, "id": "1"}
    for message in (ToolMessage("x", tool_call_id="1"), AIMessage("", tool_calls=[call])):
        with pytest.raises(ConfigError, match="no tool calls"):
            made.invoke([HumanMessage(PROBE), message])


# ------------------------------------------------------------------ what it reads


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_beside_the_text(field: str) -> None:
    with ChatServer(reasoning="because", reasoning_field=field) as chat:
        read = asyncio.run(model(chat.url).ainvoke(PROBE))
    assert (read.text, read.additional_kwargs) == (YES, {"reasoning_content": "because"})


def test_what_a_server_says_of_its_answer_is_kept() -> None:
    tokens = [{"token": "yes", "logprob": -0.1, "top_logprobs": []}]
    with ChatServer(logprobs=tokens) as chat:
        read = asyncio.run(model(chat.url).ainvoke(PROBE))
    about = read.response_metadata
    assert (about["finish_reason"], about["model_name"], about["id"]) == ("stop", "m", "scripted")
    assert about["logprobs"]["content"] == tokens
    used = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    assert read.usage_metadata == used


def test_the_details_of_usage_are_read_where_they_are_told() -> None:
    used = answer(
        completion(
            usage={
                "prompt_tokens": 30,
                "completion_tokens": None,
                "prompt_tokens_details": {"cached_tokens": 20},
                "completion_tokens_details": {"reasoning_tokens": 0},
            }
        )
    ).usage_metadata
    assert used == {
        "input_tokens": 30, "output_tokens": 0, "total_tokens": 30,
        "input_token_details": {"cache_read": 20}, "output_token_details": {"reasoning": 0},
    }  # fmt: skip
    assert answer(completion()).usage_metadata is None


def test_content_may_be_a_list_of_parts_or_nothing() -> None:
    parts = [{"type": "text", "text": "y"}, {"type": "text", "text": "es"}]
    assert answer(completion(message={"role": "assistant", "content": parts})).text == "yes"
    assert answer(completion(message={"role": "assistant", "content": None})).text == ""


def put(chat: Chat, settings: Settings, **how: Any) -> Reply:
    asked = [HumanMessage(PROBE)]
    budget = Budget(settings, Place())
    return asyncio.run(chat.complete(asked, settings, budget, role="verifier", **how))


def test_a_refusal_and_the_reason_of_the_end_reach_the_reply() -> None:
    message = {"role": "assistant", "content": None, "refusal": "I will not."}
    with ChatServer({"verify": completion(message=message, finish_reason="length")}) as chat:
        opened = open_chat(ModelSpec(mllm="compat:m", mllm_url=chat.url))
        reply = complete(opened)
    assert (reply.refusal, reply.finish, reply.text) == ("I will not.", "length", "")


GARBAGE = [
    "<html>502</html>", "", "null", "[]", "[1]", '"text"', "{}", '{"choices": null}',
    '{"choices": []}', '{"choices": {}}', '{"choices": [null]}', '{"choices": [{}]}',
    '{"choices": [{"message": null}]}', '{"choices": [{"message": {"content": 3}}]}',
    '{"error": {"message": "no"}}', '{"choices": [{"message": {}}], "error": "overloaded"}',
]  # fmt: skip


@pytest.mark.parametrize("body", GARBAGE)
def test_a_body_that_is_no_chat_completion_is_asked_for_again(body: str) -> None:
    with ChatServer({"verify": [Fault(200, body), "yes"]}) as chat:
        opened = Chat(model(chat.url), "compat:m", chat.url)
        with pytest.raises(GarbledError, match="base URL"):
            asyncio.run(opened.invoke([HumanMessage(PROBE)], {}))
        reply = complete(opened)
    assert reply.text == "yes"


def test_the_status_of_a_refused_call_is_kept() -> None:
    busy = Fault(429, headers={"Retry-After": "3"})
    with ChatServer({"verify": busy}) as chat, pytest.raises(httpx2.HTTPStatusError) as caught:
        asyncio.run(model(chat.url).ainvoke(PROBE))
    assert (status_of(caught.value), is_passing(caught.value)) == (429, True)
    assert caught.value.response.headers["retry-after"] == "3"


def test_a_field_that_a_server_declines_is_left_out_then_and_later() -> None:
    extras = {"logprobs": {"logprobs": True}, "schema": {"response_format": {"type": "json"}}}
    with ChatServer(declines=("logprobs",)) as chat:
        opened = Chat(model(chat.url, extra_body={"top_k": 1}), "compat:m", chat.url)
        for _ in range(2):
            complete(opened, extras)
    assert [r["kind"] for r in chat.requests] == ["declined", "verify", "verify"]
    assert all(r["top_k"] == 1 for r in chat.requests)
    assert all("response_format" in r for r in chat.requests)


# ------------------------------------------------------------------ every way to call it


def test_it_answers_the_same_however_it_is_called() -> None:
    with ChatServer(reasoning="because") as chat:
        made = model(chat.url)

        async def streamed() -> list[Any]:
            inside = made.invoke(PROBE)  # a caller's loop runs in this thread
            return [
                inside,
                await made.ainvoke(PROBE),
                *[part async for part in made.astream(PROBE)],
            ]

        answers = [made.invoke(PROBE), *made.stream(PROBE), *asyncio.run(streamed())]
        answers += [asyncio.run(made.ainvoke(PROBE)), *made.batch([PROBE, PROBE])]
    said = {
        (each.text, each.additional_kwargs["reasoning_content"]) for each in answers if each.text
    }
    assert said == {(YES, "because")}
    assert len(chat.requests) == 8


def test_one_model_serves_several_loops_in_turn() -> None:
    with ChatServer() as chat:
        made = model(chat.url)
        for _ in range(3):
            assert asyncio.run(made.ainvoke(PROBE)).text == YES


def test_a_server_that_is_down_is_an_error_of_ours() -> None:
    opened = Chat(model("http://127.0.0.1:1"), "compat:m", "nowhere")
    with pytest.raises(ModelError, match="ConnectError") as caught:
        complete(opened, retries=0)
    assert isinstance(caught.value, GemsError)
