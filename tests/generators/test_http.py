"""Both real paths over real HTTP on loopback: a compatible chat server and an image server."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from gems_graph import Store, build_graph
from gems_graph.errors import ConfigError, GeneratorError, ModelError
from gems_graph.generators import open_generator
from gems_graph.models import open_chat
from gems_graph.settings.roles import ModelSpec
from gems_graph.testing import ChatServer, Fault, ImageServer
from tests.conftest import criteria, two_rounds, verdicts


def graph(chat: ChatServer, images: ImageServer, store: Store, **dials: Any) -> Any:
    return build_graph(
        mllm="compat:kimi:latest",
        mllm_url=f"{chat.url}/v1",
        generator=f"http:{images.url}/generate",
        store=store,
        **{"retry_wait": 0, "seed": 5, **dials},
    )


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_a_whole_trajectory_over_http(store: Store, field: str) -> None:
    script = two_rounds()
    chat = ChatServer(script, reasoning="因为 it was red", reasoning_field=field)
    with chat, ImageServer() as images:
        out = graph(chat, images, store, size="96x64").invoke({"prompt": "a <red> cat & 猫"})
    assert out["result"]["success"]
    assert [r["thought"]["text"] for r in out["rounds"]] == ["", "因为 it was red"]
    assert [(r["prompt"], r["seed"]) for r in images.requests] == [
        ("a <red> cat & 猫", "5"),
        ("a better prompt", "6"),
    ]
    assert {(r["width"], r["height"]) for r in images.requests} == {("96", "64")}
    assert {r["path"] for r in chat.requests} == {"/v1/chat/completions"}
    assert {r["model"] for r in chat.requests} == {"kimi:latest"}


def test_the_verifier_is_sent_the_very_picture_first_and_the_same_bytes(store: Store) -> None:
    with ChatServer({"decompose": criteria(3)}) as chat, ImageServer() as images:
        out = graph(chat, images, store).invoke({"prompt": "p"})
    probes = [r["messages"][0]["content"] for r in chat.requests if r["kind"] == "verify"]
    urls = {content[0]["image_url"]["url"] for content in probes}
    assert (len(probes), len(urls)) == (3, 1)
    sent = base64.b64decode(urls.pop().partition("base64,")[2])
    assert sent == store.read(out["rounds"][0]["image"]["sha256"])


def test_a_large_picture_is_scaled_for_the_model_only(store: Store) -> None:
    with ChatServer() as chat, ImageServer(size=(1600, 800)) as images:
        out = graph(chat, images, store, vision_max_side=200).invoke({"prompt": "p"})
    content = next(r for r in chat.requests if r["kind"] == "verify")["messages"][0]["content"]
    sent = base64.b64decode(content[0]["image_url"]["url"].partition("base64,")[2])
    assert Image.open(io.BytesIO(sent)).size == (200, 100)
    assert out["rounds"][0]["image"]["width"] == 1600


def test_the_key_is_read_from_the_environment_and_kept_out_of_state(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMS_API_KEY", "sk-secret")
    with ChatServer() as chat, ImageServer() as images:
        out = graph(chat, images, store).invoke({"prompt": "p"})
    assert {r["key"] for r in chat.requests} == {"Bearer sk-secret"}
    assert "sk-secret" not in repr(out)


def test_passing_faults_are_repeated_and_change_nothing(store: Store) -> None:
    busy = [Fault(429, headers={"Retry-After": "0"}), Fault(503), Fault(0)]
    script = {"decompose": [*busy, criteria(1)], "verify": verdicts("y")}
    with ChatServer(script) as chat, ImageServer([Fault(500), Fault(0)]) as images:
        out = graph(chat, images, store).invoke({"prompt": "p"})
    assert out["result"]["success"]
    assert len(images.requests) == 3
    assert len([r for r in chat.requests if r["kind"] == "decompose"]) == 4


@pytest.mark.parametrize(
    ("status", "said", "calls"),
    [(401, "key was refused", 1), (404, "model's name", 1), (400, "not understood", 4)],
)
def test_lasting_faults_are_not_repeated_and_name_the_remedy(
    store: Store, status: int, said: str, calls: int
) -> None:
    with ChatServer({"select-skills": Fault(status)}) as chat, ImageServer() as images:
        with pytest.raises(ModelError, match=said):
            graph(chat, images, store).invoke({"prompt": "p"})
        # after a 400 another form of structured output is tried, then words, in case that was it
        assert len([r for r in chat.requests if r["kind"] == "select-skills"]) == calls


def test_a_server_that_is_down_is_named(store: Store) -> None:
    with ChatServer() as chat, ImageServer() as images:
        pass
    with pytest.raises(ModelError, match=r"cannot be reached.*check that it runs"):
        graph(chat, images, store, retries=0).invoke({"prompt": "p"})


def test_what_is_no_picture_is_refused(store: Store) -> None:
    said = r"not a picture .*ERROR: out of memory"
    with ChatServer() as chat, ImageServer([b"ERROR: out of memory"] * 5) as images:
        made = graph(chat, images, store)
        with pytest.raises(GeneratorError, match=said):
            made.invoke({"prompt": "p"})


def test_a_cut_answer_is_asked_again_not_repaired(store: Store) -> None:
    cut = ['{"criteria": ["Is there A?", "Is the', criteria(1)]
    with ChatServer({"decompose": cut}) as chat, ImageServer() as images:
        out = graph(chat, images, store).invoke({"prompt": "p"})
    assert [c["question"] for c in out["criteria"]] == ["Is there A?"]


@pytest.mark.parametrize("name", ["http:", "http:nowhere", "ftp://x", "nonsense", "Mini"])
def test_unknown_generators_are_named(name: str) -> None:
    with pytest.raises(ConfigError, match=name.rpartition(":")[2] or "http"):
        open_generator(name)


@pytest.mark.parametrize("name", ["compat:", "compat:m", "nobody:model", "gibberish"])
def test_unknown_chat_models_are_named(name: str) -> None:
    with pytest.raises(ConfigError, match="--mllm-url"):
        open_chat(ModelSpec(mllm=name))


def test_a_provider_without_a_key_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        open_chat(ModelSpec(mllm="openai:gpt-5"))
