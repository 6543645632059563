"""OpenAI's image interface in every dialect, against servers that refuse what is not in theirs."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from typing import Any

import httpx2
import pytest
from PIL import Image

from gems_graph.calls.retry import GarbledError
from gems_graph.errors import BadRequestError, ConfigError, ContentRefusedError, GeneratorError
from gems_graph.generators import GeneratorSpec, open_generator
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.testing import Fault, check_generator, paint
from tests.generators.strict import EDITS, GENERATIONS, PictureServer, drawn, refused

PNG = paint("a picture to edit", 0, (32, 32))
SEEDED = {"vllm-omni", "sglang", "together"}


def draw(server: PictureServer | str, dialect: str = "", **asked: Any) -> list[Picture]:
    """Draw with a generator of one server, or of a list of addresses."""
    options = asked.pop("options", {}) | ({"dialect": dialect} if dialect else {})
    model = asked.pop("model", "m")
    url = server if isinstance(server, str) else server.url
    generator = open_generator(GeneratorSpec(name=f"openai:{model}", url=url, options=options))
    request = GenerateRequest(**{"prompt": "a <red> cat & 猫 | x", "seed": 7, **asked})
    return drawn(generator, request)


def size_of(picture: Picture) -> tuple[int, int]:
    return Image.open(io.BytesIO(picture.data)).size


@pytest.mark.parametrize("dialect", GENERATIONS)
def test_every_field_is_as_the_dialect_has_it(dialect: str) -> None:
    everything = {"negative": "fog", "steps": 8, "guidance": 4.0, "n": 3}
    shape = {"ratio": "16:9"} if dialect == "xai" else {"size": (96, 64)}
    with PictureServer(dialect) as server:
        pictures = draw(server, dialect, **everything, **shape)
    assert [size_of(p) for p in pictures] == [(114, 64) if dialect == "xai" else (96, 64)] * 3
    assert {p.facts["dialect"] for p in pictures} == {dialect}
    if dialect in SEEDED:
        assert sorted(r["seed"] for r in server.requests) == [7, 8, 9]
        assert [p.facts["seed"] for p in pictures] == [7, 8, 9]
    else:
        assert [r["n"] for r in server.requests] == [3]
        assert "seed" not in pictures[0].facts


@pytest.mark.parametrize("dialect", GENERATIONS)
def test_a_bare_request_sends_nothing_that_was_not_asked_for(dialect: str) -> None:
    with PictureServer(dialect) as server:
        draw(server, dialect)
    optional = {"size", "width", "aspect_ratio", "steps", "negative_prompt", "guidance_scale"}
    assert not optional & server.requests[0].keys()


@pytest.mark.parametrize("dialect", EDITS)
def test_an_edit_sends_the_picture_and_says_what_to_change(dialect: str) -> None:
    with PictureServer(dialect) as server:
        [picture] = draw(server, dialect, images=(PNG,), instruction="make it green", steps=4)
    [request] = server.requests
    assert request["path"] == "/v1/images/edits"
    assert request["prompt"] == "make it green"
    sent = (
        base64.b64decode(request["image"]["url"].partition(",")[2])
        if dialect == "xai"
        else request["files"][0][2]
    )
    assert sent == PNG
    assert size_of(picture) == (64, 64)


def test_more_pictures_than_a_server_takes_are_refused_with_the_number() -> None:
    with (
        PictureServer("deepinfra") as server,
        pytest.raises(BadRequestError, match="1 pictures at most, not 2"),
    ):
        draw(server, "deepinfra", images=(PNG, PNG), instruction="x")
    with (
        PictureServer("localai") as server,
        pytest.raises(BadRequestError, match="0 pictures"),
    ):
        draw(server, "localai", images=(PNG,), instruction="x")


def test_several_references_go_to_xai_as_a_list() -> None:
    with PictureServer("xai") as server:
        draw(server, "xai", images=(PNG, PNG), instruction="both")
    assert len(server.requests[0]["images"]) == 2


@pytest.mark.parametrize(
    ("model", "negative", "sent"),
    [
        ("Qwen/Qwen-Image-2512", "", {"true_cfg_scale": 4, "negative_prompt": " "}),
        ("Qwen/Qwen-Image-2512", "fog", {"true_cfg_scale": 4, "negative_prompt": "fog"}),
        ("Tongyi-MAI/Z-Image-Turbo", "", {"guidance_scale": 4}),
    ],
)  # fmt: skip
def test_qwen_is_guided_for_real(model: str, negative: str, sent: dict[str, Any]) -> None:
    with PictureServer("vllm-omni") as server:
        draw(server, "vllm-omni", model=model, negative=negative, guidance=4.0)
    [request] = server.requests
    assert sent.items() <= request.items()
    assert ("true_cfg_scale" in request) == ("true_cfg_scale" in sent)


def test_localai_reads_the_negative_prompt_behind_a_bar_and_no_other_bar() -> None:
    with PictureServer("localai") as server:
        draw(server, "localai", prompt="a | b", negative="fog")
    assert server.requests[0]["prompt"] == "a / b|fog"


@pytest.mark.parametrize(
    ("dialect", "ratio", "sent", "noted"),
    [
        ("openai", "3:2", {"size": "1536x1024"}, False),
        ("openai", "16:9", {"size": "1536x1024"}, True),
        ("vllm-omni", "16:9", {"size": "1360x768"}, False),
        ("together", "1:1", {"width": 1024, "height": 1024}, False),
        ("xai", "16:9", {"aspect_ratio": "16:9"}, False),
        ("xai", "21:9", {"aspect_ratio": "20:9"}, True),
    ],
)
def test_a_ratio_is_drawn_and_another_one_is_said(
    dialect: str, ratio: str, sent: dict[str, Any], noted: bool
) -> None:
    with PictureServer(dialect) as server:
        [picture] = draw(server, dialect, ratio=ratio)
    assert sent.items() <= server.requests[0].items()
    assert bool(picture.facts.get("notes")) == noted


@pytest.mark.parametrize("ratio", ["wide", "0:1", "1:0"])
def test_what_is_no_ratio_is_refused(ratio: str) -> None:
    with PictureServer("openai") as server, pytest.raises(BadRequestError, match="as in 16:9"):
        draw(server, "openai", ratio=ratio)


@pytest.mark.parametrize("dialect", GENERATIONS)
def test_each_dialect_keeps_its_word(dialect: str) -> None:
    with PictureServer(dialect) as server:
        spec = GeneratorSpec(name="openai:m", url=server.url, options={"dialect": dialect})
        held = asyncio.run(check_generator(open_generator(spec)))
    assert "it draws the ratio that it is given" in held
    assert ("another seed makes another picture" in held) == (dialect in SEEDED)
    assert ("it edits a picture" in held) == (dialect in EDITS)


# --- which dialect


@pytest.mark.parametrize(
    ("dialect", "owner"), [("vllm-omni", "vllm"), ("sglang", "sglang"), ("openai", "openai")]
)
def test_the_dialect_is_what_the_server_lists_its_models_under(dialect: str, owner: str) -> None:
    with PictureServer(dialect, owner=owner) as server:
        [picture] = draw(server, steps=8)
    assert (picture.facts["dialect"], server.listed) == (dialect, 1)


def test_many_first_pictures_ask_for_the_dialect_once() -> None:
    with PictureServer("sglang", owner="sglang") as server:
        draw(server, n=10)
    assert (server.listed, len(server.requests)) == (1, 10)


def test_a_server_that_lists_nothing_is_asked_for_base64() -> None:
    with PictureServer("deepinfra") as server:
        draw(server)
    assert server.requests[0]["response_format"] == "b64_json"


def test_a_proxy_of_openai_is_known_by_its_error() -> None:
    with PictureServer("openai") as server:
        [picture] = draw(server)
    assert ["response_format" in r for r in server.requests] == [True, False]
    assert size_of(picture) == (64, 64)


def test_capabilities_follow_from_the_dialect() -> None:
    def of(dialect: str) -> Any:
        spec = GeneratorSpec(name="openai:m", url="http://h/v1", options={"dialect": dialect})
        return open_generator(spec).capabilities

    assert (of("xai").sizes, of("openai").sizes) == (False, True)
    assert [d for d in GENERATIONS if of(d).seeds] == ["vllm-omni", "sglang", "together"]
    assert [d for d in GENERATIONS if of(d).negative] == [
        "vllm-omni", "sglang", "localai", "together",
    ]  # fmt: skip
    assert [d for d in GENERATIONS if not of(d).edits] == ["localai", "together"]


# --- refusals, faults, half answers

EMPTY = [{}, {"data": []}, {"created": 1, "data": None}, {"data": [{}]}, {"data": [{"url": ""}]}]


@pytest.mark.parametrize(
    "answer", [*EMPTY, {"data": [{"b64_json": "eA==", "respect_moderation": False}]}]
)
def test_a_success_with_nothing_in_it_is_a_refusal(answer: Any) -> None:
    with PictureServer("xai", [answer]) as server, pytest.raises(ContentRefusedError):
        draw(server, "xai")


@pytest.mark.parametrize(
    "fault",
    [
        refused("Your request was rejected by the safety system.", code="moderation_blocked"),
        refused("nope", code="content_policy_violation"),
        refused("NSFW content detected", status=422),
    ],
)
def test_moderation_is_a_refusal_that_says_why(fault: Fault) -> None:
    said = json.loads(fault.body)["error"]["message"].rstrip(".")
    with PictureServer("openai", [fault]) as server, pytest.raises(ContentRefusedError, match=said):
        draw(server, "openai")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>502</html>", b"", b'{"data": [{"b64_js', b'["a list"]', b'{"data": "x"}',
        b'{"data": [{"b64_json": "iVBORw0KG"}]}', b'{"data": [{"b64_json": "no base64!"}]}',
        b'{"data": [{"b64_json": "data:image/png;base64,"}]}', b'{"error": {"message": "busy"}}',
    ],
)  # fmt: skip
def test_half_an_answer_may_be_asked_for_again(body: bytes) -> None:
    with PictureServer("openai", [body]) as server, pytest.raises(GarbledError):
        draw(server, "openai")


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_request_that_is_wrong_is_said_to_be(status: int) -> None:
    fault = refused("Invalid size", status=status)
    with (
        PictureServer("openai", [fault]) as server,
        pytest.raises(BadRequestError, match=rf"HTTP {status}.*Invalid size"),
    ):
        draw(server, "openai")


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_other_errors_are_left_to_those_who_repeat(status: int) -> None:
    with PictureServer("openai", [Fault(status)]) as server, pytest.raises(httpx2.HTTPStatusError):
        draw(server, "openai")


# --- addresses in answers


def test_an_address_in_an_answer_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMS_PICTURE_HOSTS", raising=False)
    with PictureServer("openai") as other:
        answer = {"data": [{"url": f"{other.url}/secret.png"}]}
        with (
            PictureServer("sglang", [answer]) as server,
            pytest.raises(GeneratorError, match=r"127\.0\.0\.1.*GEMS_PICTURE_HOSTS"),
        ):
            draw(server, "sglang")
    assert other.listed == 0


def test_unless_its_host_is_allowed_and_then_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_GENERATOR_KEY", "sk-own")
    seen = []

    class Files(PictureServer):
        def listing(self, path: str) -> Any:
            seen.append(path)
            return "image/png", PNG

    with Files("openai") as files:
        monkeypatch.setenv("GEMS_PICTURE_HOSTS", files.url.split("/")[2])
        answer = {"data": [{"url": f"{files.url}/1.png"}]}
        with PictureServer("sglang", [answer], key="sk-own") as server:
            [picture] = draw(server, "sglang")
    assert (picture.data, seen) == (PNG, ["/v1/1.png"])


def test_a_picture_may_come_as_a_data_address() -> None:
    answer = {"data": [{"url": f"data:image/png;base64,{base64.b64encode(PNG).decode()}"}]}
    with PictureServer("sglang", [answer]) as server:
        assert draw(server, "sglang")[0].data == PNG


# --- keys, names, options


def test_the_own_key_goes_to_any_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_GENERATOR_KEY", "sk-own")
    with PictureServer("openai", key="sk-own") as server:
        assert draw(server, "openai")


def test_a_providers_key_goes_to_the_provider_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMS_GENERATOR_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    with PictureServer("openai") as server:  # which refuses any key
        assert draw(server, "openai")


@pytest.mark.parametrize(
    ("name", "url", "variable"),
    [
        ("openai:gpt-image-2", None, "OPENAI_API_KEY"),
        ("openai:m", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
        ("openai:m", "https://api.x.ai/v1", "XAI_API_KEY"),
        ("openai:m", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
        ("chat:m", None, "OPENROUTER_API_KEY"),
        ("gemini:m", None, "GEMINI_API_KEY"),
    ],
)
def test_a_missing_key_is_named_before_anything_is_paid(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str | None, variable: str
) -> None:
    for key in ("GEMS_GENERATOR_KEY", variable, "DEEPINFRA_TOKEN", "GOOGLE_API_KEY"):
        monkeypatch.delenv(key, raising=False)
    with pytest.raises(ConfigError, match=variable):
        open_generator(GeneratorSpec(name=name, url=url))
    monkeypatch.setenv(variable, "k-12345678")
    assert open_generator(GeneratorSpec(name=name, url=url)).key_variable == variable


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("openai:", {}, "needs a model"),
        ("chat:", {}, "needs a model"),
        ("gemini:", {}, "needs a model"),
        ("openai:m", {"dialect": "dall-e"}, "there are openai, vllm-omni"),
        ("openai:m", {"dialect": "openai", "seed": 1}, "'seed' is sent"),
        ("gemini:m", {"steps": 8}, "no option 'steps'"),
    ],
)
def test_what_cannot_work_is_refused_at_once(name: str, options: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        open_generator(GeneratorSpec(name=name, url="http://h/v1", options=options))


def test_options_go_along() -> None:
    with PictureServer("openai") as server:
        draw(server, "openai", options={"quality": "low"})
    assert server.requests[0]["quality"] == "low"


def test_a_dialect_knows_its_providers_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_GENERATOR_KEY", "k-12345678")
    generator: Any = open_generator(GeneratorSpec(name="openai:m", options={"dialect": "xai"}))
    assert generator._api.urls == ["https://api.x.ai/v1"]
    with pytest.raises(ConfigError, match="no http address of its server"):
        open_generator(GeneratorSpec(name="openai:m", options={"dialect": "sglang"}))


# --- several servers


def test_one_that_is_down_costs_no_try() -> None:
    with PictureServer("sglang") as down:
        pass
    with PictureServer("sglang") as up:
        pictures = draw(f"{down.url},{up.url}", "sglang", n=4)
    assert len(pictures) == len(up.requests) == 4


def test_pictures_of_one_request_are_shared_by_the_servers() -> None:
    with PictureServer("sglang", delay=0.2) as one, PictureServer("sglang", delay=0.2) as two:
        pictures = draw(f"{one.url},{two.url}", "sglang", n=4)
    assert (len(one.requests), len(two.requests)) == (2, 2)
    assert [p.data for p in pictures] == [
        paint("a <red> cat & 猫 | x", seed, (64, 64)) for seed in (7, 8, 9, 10)
    ]
