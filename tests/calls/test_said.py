"""What servers say when they fail is kept: short, with the remedy, and without keys."""

from __future__ import annotations

import base64
import json
import socket
import time
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from langchain_openai import ChatOpenAI

from gems_graph import Store, build_graph, run
from gems_graph.calls.retry import in_words, is_passing
from gems_graph.calls.said import said_by
from gems_graph.errors import AnswerError, ConfigError, GeneratorError, ModelError
from gems_graph.generators import open_generator
from gems_graph.images import NoPictureError
from gems_graph.models import open_chat
from gems_graph.settings.redaction import redacted, shortened
from gems_graph.settings.roles import ModelSpec
from gems_graph.testing import ChatServer, Fault, ImageServer
from tests.conftest import Gems

KEY = "sk-SENTINEL0badc0de"


def failed(status: int, body: str, url: str = "http://h/v1/chat/completions") -> Exception:
    """Return the error of a client that was answered so."""
    request = httpx2.Request("POST", url, headers={"Authorization": f"Bearer {KEY}"})
    response = httpx2.Response(status, text=body, request=request)
    return httpx2.HTTPStatusError("refused", request=request, response=response)


BODIES = [
    ('{"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}',
     "The model `x` does not exist"),
    ('{"error": "model \'x\' not found, try pulling it first"}',
     "model 'x' not found, try pulling it first"),
    ('{"detail": "CUDA out of memory. Tried to allocate 2.00 GiB"}',
     "CUDA out of memory. Tried to allocate 2.00 GiB"),
    ('{"detail": [{"loc": ["body", "size"], "msg": "Input should be a multiple of 16"}]}',
     "Input should be a multiple of 16"),
    ('{"object": "error", "message": "context length exceeded", "code": 400}',
     "context length exceeded"),
    ('[{"error": {"code": 429, "message": "Resource exhausted"}}]', "Resource exhausted"),
    ("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
     "502 Bad Gateway"),
    ("<h1>Service Unavailable</h1>", "Service Unavailable"),
    ("  CUDA error:\n\n  device-side assert  ", "CUDA error: device-side assert"),
    ("<div>nothing to read</div>", ""), ("", ""), ("null", "null"), ("{}", "{}"),
    ("[" * 90_000, "[" * 200 + "..."), ("x" * 5000, "x" * 200 + "..."),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), BODIES)
def test_the_message_of_a_body_is_found_wherever_it_lies(body: str, message: str) -> None:
    assert said_by(failed(500, body)) == message


@pytest.mark.parametrize("who", ["compat", "openai", "image"])
def test_what_a_server_says_stands_in_the_error(store: Store, who: str) -> None:
    fault = Fault(404, '{"error": {"message": "The model `m` does not exist"}}')
    chat_script = {} if who == "image" else {"select-skills": fault, "decompose": fault}
    with ChatServer(chat_script) as chat, ImageServer([fault]) as images:
        url = f"{chat.url}/v1"
        model: Any = "compat:m"
        if who == "openai":
            model = ChatOpenAI(model="m", base_url=url, api_key=KEY)  # type: ignore[arg-type]
        graph = build_graph(mllm=model, mllm_url=url, generator=f"http:{images.url}", store=store)
        with pytest.raises((ModelError, GeneratorError), match="The model `m` does not exist"):
            graph.invoke({"prompt": "p"})


SPENT = [
    '{"error": {"message": "You exceeded your current quota, please check your plan",'
    ' "type": "insufficient_quota", "code": "insufficient_quota"}}',
    '{"error": {"type": "exceeded_current_quota_error", "message": "suspended"}}',
    '{"error": {"message": "Your credit balance is too low to access the API"}}',
    '{"error": {"message": "Insufficient Balance"}}',
]


@pytest.mark.parametrize("body", SPENT)
def test_a_spent_account_is_told_from_a_busy_server_and_not_asked_again(body: str) -> None:
    spent, busy = failed(429, body), failed(429, '{"error": {"message": "Rate limit reached"}}')
    assert (is_passing(spent), is_passing(busy)) == (False, True)
    assert "no credit left" in in_words(spent)
    assert "the server is busy" in in_words(busy)


def test_a_spent_account_is_asked_once(store: Store) -> None:
    with ChatServer() as chat, ImageServer([Fault(429, SPENT[0])]) as images:
        graph = build_graph(mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}")
        with pytest.raises(GeneratorError, match=r"no credit left.*exceeded your current quota"):
            graph.invoke({"prompt": "p"})
        assert len(images.requests) == 1


def test_a_refused_key_names_its_variable(store: Store) -> None:
    with ChatServer() as chat, ImageServer([Fault(401)]) as images:
        graph = build_graph(mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}")
        with pytest.raises(GeneratorError, match=r"key was refused; check GEMS_GENERATOR_KEY"):
            graph.invoke({"prompt": "p"})
    with ChatServer({"select-skills": Fault(401)}) as chat:
        graph = build_graph(mllm="compat:m", mllm_url=chat.url)
        with pytest.raises(ModelError, match=r"key was refused; check GEMS_API_KEY"):
            graph.invoke({"prompt": "p"})


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("localhost:8000", "write --mllm-url http://localhost:8000/v1"),
        ("127.0.0.1:8000/v1", "write --mllm-url http://127.0.0.1:8000/v1"),
        ("//host", "write --mllm-url http://host/v1"),
        ("ftp://host/v1", "write --mllm-url http://host/v1"),
        ("http://", "write --mllm-url http"),
    ],
)
@pytest.mark.parametrize("model", ["compat:m", "openai:m"])
def test_an_address_without_http_says_how_to_write_it(url: str, remedy: str, model: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        open_chat(ModelSpec(mllm=model, mllm_url=url))


@pytest.mark.parametrize("model", ["compat", "openai"])
def test_an_address_without_v1_says_so(model: str) -> None:
    missing = Fault(404, "Not Found")
    with ChatServer({"select-skills": missing, "decompose": missing}) as chat:
        made: Any = "compat:m"
        if model == "openai":
            made = ChatOpenAI(model="m", base_url=chat.url, api_key=KEY)  # type: ignore[arg-type]
        with pytest.raises(ModelError, match="most often ends in /v1, yours does not"):
            build_graph(mllm=made, mllm_url=chat.url).invoke({"prompt": "p"})
        with pytest.raises(ModelError, match="check the URL and the model's name"):
            build_graph(mllm="compat:m", mllm_url=f"{chat.url}/v1").invoke({"prompt": "p"})


def deaf() -> str:
    """Return an address on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_where_nobody_listens_two_repeats_are_enough_and_each_is_told() -> None:
    events: list[Any] = []
    silent = {"mllm": "compat:m", "mllm_url": f"{deaf()}/v1", "retries": 9, "retry_wait": 0.01}
    with pytest.raises(ModelError, match=r"cannot be reached \(ConnectError: .*check that it runs"):
        run("p", on_event=events.append, **silent)
    waits = [e for e in events if e["type"] == "waiting"]
    assert {(e["repeat"], e["of"]) for e in waits} == {(1, 2), (2, 2)}
    assert json.loads(json.dumps(waits)) == waits


def test_a_plain_terminal_says_that_it_waits(gems: Gems) -> None:
    options = ["--mllm", "compat:m", "--mllm-url", f"{deaf()}/v1", "--set", "retry_wait=0.01"]
    began = time.monotonic()
    result = gems("run", "p", *options)
    assert (result.code, time.monotonic() - began < 15) == (1, True)
    told = [line for line in result.err.splitlines() if "trying again" in line]
    assert [line.rpartition("again ")[2] for line in told] == ["(1 of 2)", "(2 of 2)"]
    assert all("check that it runs and its URL" in line for line in told)


# ------------------------------------------------------------------ keys


@pytest.mark.parametrize("character", ["\u2013", "é", "\n", "\t", "\u200b"])
def test_a_key_that_no_header_can_hold_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, character: str
) -> None:
    for variable in ("GEMS_API_KEY", "GEMS_GENERATOR_KEY"):
        monkeypatch.setenv(variable, f"{KEY}{character}x")
    with pytest.raises(ConfigError, match="GEMS_API_KEY holds a character") as chat:
        open_chat(ModelSpec(mllm="compat:m", mllm_url=f"http://h/{ord(character)}"))
    with pytest.raises(ConfigError, match="GEMS_GENERATOR_KEY holds a character") as image:
        open_generator("http:http://h/g")
    assert KEY not in f"{chat.value}{image.value}"


@pytest.mark.parametrize("character", ["\u2013", "\n"])
def test_such_a_key_of_a_providers_own_client_fails_at_once(store: Store, character: str) -> None:
    with ChatServer() as chat:
        model = ChatOpenAI(model="m", base_url=chat.url, api_key=f"{KEY}{character}x")  # type: ignore[arg-type]
        began = time.monotonic()
        with pytest.raises(ModelError, match="the key for odd characters") as raised:
            build_graph(mllm=model, retry_wait=60, store=store).invoke({"prompt": "p"})
        assert (chat.requests, time.monotonic() - began < 30) == ([], True)
    assert KEY not in str(raised.value)


def echoes(key: str) -> list[bytes]:
    """Return bodies in which a server quotes a key, plainly and in other clothes."""
    basic = base64.b64encode(f"user:{key}".encode()).decode()
    return [
        f"ERROR: bad key {key}".encode(), f"Authorization: Bearer {key}".encode(),
        f"?key={quote(key, safe='')}&x".encode(), f"Authorization: Basic {basic}".encode(),
        key.encode("utf-16-le"), b"x" * 70 + key.encode(), base64.b64encode(key.encode()),
        b"\x1b[1m" + b"\x00".join(bytes([c]) for c in key.encode()),
    ]  # fmt: skip


@pytest.mark.parametrize("body", echoes(KEY))
def test_a_key_that_comes_back_instead_of_a_picture_is_blotted_out(
    body: bytes, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMS_GENERATOR_KEY", KEY)
    with pytest.raises(NoPictureError) as raised:
        store.put_image(body)
    with ImageServer([body] * 9) as images:
        graph = build_graph(generator=f"http:{images.url}", mllm="mini", store=store, retries=0)
        with pytest.raises(GeneratorError, match="not a picture") as told:
            graph.invoke({"prompt": "a red fish"})
    for error in (raised.value, told.value):
        assert "SENTINEL" not in str(error)
        assert base64.b64encode(KEY.encode()).decode()[:12] not in str(error)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("text", [f"No: {KEY}", f"my Bearer {KEY} is no verdict"])
def test_an_answer_that_quotes_a_key_is_told_without_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str, strict: bool
) -> None:
    monkeypatch.setenv("GEMS_API_KEY", KEY)
    with ChatServer({"decompose": text, "refine": text}) as chat, ImageServer() as images:
        graph = build_graph(mllm="compat:m", mllm_url=chat.url, generator=f"http:{images.url}",
                            store=store, strict=strict)  # fmt: skip
        if strict:
            with pytest.raises(AnswerError, match=r"It began: .*\*\*\*") as raised:
                graph.invoke({"prompt": "p"})
            assert KEY not in str(raised.value)
        else:
            out = graph.invoke({"prompt": "p"})
            assert KEY not in repr(out)
            assert "***" in repr(out["notes"])


@pytest.mark.parametrize("body", echoes("a-password-of-no-known-form"))
def test_the_key_of_a_callers_own_client_is_known_from_its_request(body: bytes) -> None:
    request = httpx2.Request(
        "POST", "http://h/", headers={"x-api-key": "a-password-of-no-known-form"}
    )
    response = httpx2.Response(500, content=body, request=request)
    error = httpx2.HTTPStatusError("no", request=request, response=response)
    assert "no-known-form" not in in_words(error)


def test_words_that_are_no_key_stay() -> None:
    text = "The model `sk-model` said: basic skills are a bearer of hope; key-value task 12345678"
    assert redacted(text) == text
    assert shortened("a\n b\x07  c " + "y" * 300, 10) == "a b c yyyy..."
