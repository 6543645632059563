"""Chat models that draw, and Gemini, against servers that refuse what no reference lists."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any

import httpx2
import pytest

from gems_graph.calls.retry import GarbledError
from gems_graph.errors import BadRequestError, ConfigError, ContentRefusedError
from gems_graph.generators import GeneratorSpec, open_generator
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.testing import Fault, Hang, check_generator, paint
from gems_graph.testing.faults import Body
from gems_graph.testing.loopback import LoopbackServer
from tests.generators.strict import drawn, refused, shaped

PNG = paint("drawn", 1, (64, 64))
LINK = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
GEMINI_RATIOS = {"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"}


class JsonServer(LoopbackServer):
    """A server of one JSON route: `wrong` says what a request breaks, `script` what is answered."""

    def __init__(self, script: Sequence[Any] = ()) -> None:
        super().__init__(None)
        self.script = script

    def _reply(self, path: str, headers: Message, body: bytes) -> tuple[Fault | Hang | Body, float]:
        request = json.loads(body)
        turn = self._note({"kind": "image", "path": path, **request})
        if wrong := self.wrong(path, headers, request):
            return refused(wrong), 0
        reply = self.script[turn] if turn < len(self.script) else self.draws(request)
        if isinstance(reply, Fault | Hang):
            return reply, 0
        return ("application/json", reply if isinstance(reply, bytes) else dumped(reply)), 0

    def wrong(self, path: str, headers: Message, request: Mapping[str, Any]) -> str:
        raise AssertionError  # each server has its own

    def draws(self, request: Mapping[str, Any]) -> Any:
        raise AssertionError


class OpenRouter(JsonServer):
    def __init__(self, script: Sequence[Any] = (), pictures_only: bool = False) -> None:
        super().__init__(script)
        self._pictures_only = pictures_only

    def wrong(self, path: str, headers: Message, request: Mapping[str, Any]) -> str:
        known = {"model", "messages", "modalities", "stream", "image_config", "provider"}
        [message] = request["messages"]
        content = message["content"]
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        config = request.get("image_config", {})
        if path != "/v1/chat/completions" or request.keys() - known or request["stream"]:
            return "unknown parameter"
        if message.keys() != {"role", "content"} or not all(map(self._is_part, parts)):
            return "unknown kind of content"
        if config.keys() - {"aspect_ratio", "image_size"}:
            return "unknown image_config"
        if request["modalities"] != ["image"] and self._pictures_only:
            return "No endpoints found that support the requested output modalities: image, text"
        return "" if "image" in request["modalities"] else "no picture asked for"

    def draws(self, request: Mapping[str, Any]) -> Any:
        ratio = request.get("image_config", {}).get("aspect_ratio", "1:1")
        url = f"data:image/png;base64,{base64_of(ratio)}"
        images = [{"type": "image_url", "image_url": {"url": url}}]
        message = {"role": "assistant", "content": "here", "images": images}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return {"id": "1", "model": "google/drawn-1", "choices": [choice]}

    def _is_part(self, part: Mapping[str, Any]) -> bool:
        if part.get("type") == "text":
            return part.keys() == {"type", "text"}
        url = part["image_url"]["url"]
        return part.keys() == {"type", "image_url"} and url.startswith("data:image/png;base64,")


class Gemini(JsonServer):
    def draws(self, request: Mapping[str, Any]) -> Any:
        config = request["generationConfig"]
        ratio = config.get("imageConfig", {}).get("aspectRatio", "1:1")
        drawn = {"mimeType": "image/png", "data": base64_of(ratio, config["seed"])}
        sketch = {"mimeType": "image/png", "data": "c2tldGNo"}
        parts = [
            {"inlineData": sketch, "thought": True}, {"text": "here"},
            {"inlineData": drawn, "thoughtSignature": "AAAA"},
        ]  # fmt: skip
        content = {"role": "model", "parts": parts}
        return {"candidates": [{"content": content, "finishReason": "STOP"}], "modelVersion": "g-1"}

    def wrong(self, path: str, headers: Message, request: Mapping[str, Any]) -> str:
        config = request["generationConfig"]
        shape = config.get("imageConfig", {"aspectRatio": "1:1"})
        if path != "/v1/models/g:generateContent" or headers["x-goog-api-key"] != "k-12345678":
            return "no such method, or no key"
        if request.keys() - {"contents", "generationConfig", "safetySettings"}:
            return "unknown name in the request"
        if config.keys() - {"responseModalities", "seed", "imageConfig", "temperature"}:
            return "unknown name in generationConfig"
        if not shape or shape.get("aspectRatio", "1:1") not in GEMINI_RATIOS:
            return "unknown aspectRatio"
        if shape.get("imageSize", "1K") not in {"1K", "2K", "4K"}:
            return "unknown imageSize"
        return "" if config["responseModalities"] == ["IMAGE"] else "no picture asked for"


def base64_of(ratio: str, seed: int = 1) -> str:
    return base64.b64encode(paint("drawn", seed, shaped(ratio))).decode()


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def draw(name: str, server: JsonServer, options: Any = None, **asked: Any) -> list[Picture]:
    spec = GeneratorSpec(name=name, url=f"{server.url}/v1", options=options or {})
    generator = open_generator(spec)
    request = GenerateRequest(**{"prompt": "a cat", "seed": 7, **asked})
    return drawn(generator, request)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMS_GENERATOR_KEY", "k-12345678")


# --- chat


def test_a_chat_model_draws() -> None:
    with OpenRouter() as server:
        [one, two] = draw("chat:m", server, n=2, ratio="16:9")
    assert one.data == two.data == paint("drawn", 1, (114, 64))
    assert one.facts["model"] == "google/drawn-1"
    assert [r["modalities"] for r in server.requests] == [["image", "text"]] * 2
    assert server.requests[0]["image_config"] == {"aspect_ratio": "16:9"}


def test_a_model_that_gives_no_text_is_asked_for_pictures_alone_from_then_on() -> None:
    with OpenRouter(pictures_only=True) as server:
        spec = GeneratorSpec(name="chat:m", url=f"{server.url}/v1")
        generator = open_generator(spec)

        async def twice() -> None:
            for _ in range(2):
                await generator.generate(GenerateRequest(prompt="p", seed=1))
            await generator.aclose()

        asyncio.run(twice())
    assert [r["modalities"] for r in server.requests] == [["image", "text"], ["image"], ["image"]]


def test_a_chat_model_edits_what_it_is_shown() -> None:
    with OpenRouter() as server:
        draw("chat:m", server, images=(PNG,), instruction="greener", prompt="a cat")
    text, picture = server.requests[0]["messages"][0]["content"]
    assert (text["text"], picture["image_url"]["url"]) == ("greener", LINK)


def test_options_of_a_chat_model_join_the_ratio() -> None:
    options = {"image_config": {"image_size": "2K"}, "provider": {"order": ["x"]}}
    with OpenRouter() as server:
        draw("chat:m", server, options, ratio="1:1")
    assert server.requests[0]["image_config"] == {"aspect_ratio": "1:1", "image_size": "2K"}


def message(**fields: Any) -> dict[str, Any]:
    reason = fields.pop("finish_reason", "stop")
    return {"choices": [{"message": {"role": "assistant", **fields}, "finish_reason": reason}]}


@pytest.mark.parametrize(
    "answer",
    [
        message(content=[{"type": "image_url", "image_url": {"url": LINK}}]),
        message(content=f"Here it is: ![cat]({LINK})"),
        message(content=None, images=[{"image_url": LINK}]),
    ],
)
def test_pictures_are_found_where_servers_put_them(answer: Any) -> None:
    with OpenRouter([answer]) as server:
        assert draw("chat:m", server)[0].data == PNG


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (message(content="I cannot draw that."), "I cannot draw that"),
        (message(content="", refusal="No."), "No"),
        (message(content=None, finish_reason="content_filter"), "does not say why"),
        (message(content="", images=[]), "does not say why"),
    ],
)
def test_a_chat_answer_without_a_picture_is_a_refusal(answer: Any, said: str) -> None:
    with OpenRouter([answer]) as server, pytest.raises(ContentRefusedError, match=said):
        draw("chat:m", server)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>", {}, {"choices": []}, {"error": {"message": "busy", "code": 502}}, ["x"],
        {"choices": [{"message": {"content": ""}, "error": {"message": "cut"}}]},
        message(images=[{"image_url": {"url": "data:image/png;base64,iVBORw0KG"}}]),
    ],
)  # fmt: skip
def test_half_a_chat_answer_may_be_asked_for_again(answer: Any) -> None:
    with OpenRouter([answer]) as server, pytest.raises(GarbledError):
        draw("chat:m", server)


# --- Gemini


def test_gemini_draws_and_its_sketches_are_left_out() -> None:
    with Gemini() as server:
        pictures = draw("gemini:g", server, {"imageSize": "2K"}, n=2, ratio="16:9")
    assert [p.data for p in pictures] == [paint("drawn", seed, (114, 64)) for seed in (7, 8)]
    assert sorted(r["generationConfig"]["seed"] for r in server.requests) == [7, 8]
    shape = server.requests[0]["generationConfig"]["imageConfig"]
    assert shape == {"aspectRatio": "16:9", "imageSize": "2K"}
    assert pictures[0].facts["versions"] == {"model": "g-1"}


def test_gemini_draws_the_nearest_ratio_and_says_so() -> None:
    with Gemini() as server:
        [picture] = draw("gemini:g", server, ratio="2:1")
    assert server.requests[0]["generationConfig"]["imageConfig"]["aspectRatio"] == "16:9"
    assert "it drew 16:9" in picture.facts["notes"][0]


def test_gemini_edits_what_it_is_shown() -> None:
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    with Gemini() as server:
        draw("gemini:g", server, {"safetySettings": safety}, images=(PNG,), instruction="greener")
    [request] = server.requests
    text, picture = request["contents"][0]["parts"]
    assert text == {"text": "greener"}
    assert base64.b64decode(picture["inlineData"]["data"]) == PNG
    assert request["safetySettings"] == safety


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "PROHIBITED_CONTENT"),
        ({"candidates": [{"finishReason": "IMAGE_SAFETY", "finishMessage": "Unable."}]}, "Unable"),
        ({"candidates": [{"finishReason": "NO_IMAGE"}]}, "NO_IMAGE"),
        ({"candidates": [{"finishReason": "SOMETHING_NEW"}]}, "SOMETHING_NEW"),
        (
            {"candidates": [{"content": {"parts": [{"text": "I will not."}]}}]},
            "I will not",
        ),
        ({}, "does not say why"),
    ],
)  # fmt: skip
def test_geminis_refusals_say_why(answer: Any, said: str) -> None:
    with Gemini([answer]) as server, pytest.raises(ContentRefusedError, match=said):
        draw("gemini:g", server)


@pytest.mark.parametrize(
    "answer", [b"<html>", b"", ["x"], {"candidates": ["x"]}, {"candidates": 5}]
)
def test_half_an_answer_of_gemini_may_be_asked_for_again(answer: Any) -> None:
    with Gemini([answer]) as server, pytest.raises(GarbledError):
        draw("gemini:g", server)


def test_geminis_errors_keep_their_words() -> None:
    quota = Fault(429, '{"error": {"code": 429, "message": "quota"}}')
    bad = Fault(400, '{"error": {"code": 400, "message": "bad ratio", "status": "INVALID"}}')
    with Gemini([quota]) as server, pytest.raises(httpx2.HTTPStatusError):
        draw("gemini:g", server)
    with Gemini([bad]) as server, pytest.raises(BadRequestError, match="bad ratio"):
        draw("gemini:g", server)


def test_a_size_in_pixels_is_refused_before_anything_is_paid() -> None:
    from gems_graph.generators import check_request

    spec = GeneratorSpec(name="gemini:g", url="http://h/v1")
    with pytest.raises(ConfigError, match="takes no size"):
        check_request(spec, open_generator(spec), (64, 64))


@pytest.mark.parametrize(("name", "kind"), [("chat:m", OpenRouter), ("gemini:g", Gemini)])
def test_they_keep_their_word(name: str, kind: type[JsonServer]) -> None:
    with kind() as server:
        generator = open_generator(GeneratorSpec(name=name, url=f"{server.url}/v1"))
        held = asyncio.run(check_generator(generator))
    assert "it draws the ratio that it is given" in held
    assert "it edits a picture" in held
