"""`chat:MODEL`: a chat model that answers with pictures, as OpenRouter and its like serve them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gems_graph.calls.retry import GarbledError
from gems_graph.errors import BadRequestError, ConfigError
from gems_graph.generators.api import Api, refusal
from gems_graph.generators.embedded import data_url
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.generators.side_by_side import all_of
from gems_graph.generators.urls import urls_in
from gems_graph.settings.generator import Capabilities, GeneratorSpec
from gems_graph.settings.redaction import shortened

URL = "https://openrouter.ai/api/v1"
EXAMPLE = "chat:google/gemini-3.1-flash-image"
"""Opened by whoever lists what generators can do."""
_WRITTEN = f"--generator {EXAMPLE} --generator-url {URL}"
_SENT = {"messages", "model", "stream", "n"}
_IN_TEXT = re.compile(r"data:image/[a-z+.-]+;base64,[A-Za-z0-9+/]+={0,2}")


class ChatGenerator:
    """A chat model behind `POST URL/chat/completions` that draws.

    It is asked for pictures and text; a model that gives no text is asked again for pictures
    alone, and from then on. Each picture is a call of its own.

    Args:
        model: as the server calls it.
        api: its addresses.
        options: more fields of every request, such as `modalities` or `image_config`.
    """

    capabilities = Capabilities(sizes=False, seeds=False, ratios=True, edits=8, options="any")

    def __init__(self, model: str, api: Api, options: Mapping[str, Any]) -> None:
        self.name, self.key_variable = f"chat:{model}", api.key_variable
        self._model, self._api, self._options = model, api, dict(options)
        self._modalities = ["image", "text"]

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw pictures, or edit the first of `request.images`.

        Raises:
            ContentRefusedError: the model will not draw this.
            BadRequestError: the server does not take this request.
            httpx2.HTTPError, GarbledError: the server failed.
        """
        return await all_of(self._draw(replace(request, n=1)) for _ in range(request.n))

    async def aclose(self) -> None:
        """Close its connections."""
        await self._api.aclose()

    async def _draw(self, request: GenerateRequest) -> Picture:
        asked = self._modalities
        try:
            answer, place = await self._api.post("chat/completions", json=self._body(request))
        except BadRequestError as error:
            if "modalit" not in str(error) or asked == ["image"] or "modalities" in self._options:
                raise
            self._modalities = ["image"]
            answer, place = await self._api.post("chat/completions", json=self._body(request))
        model = answer.get("model") if isinstance(answer, Mapping) else None
        picture = await self._api.picture_in(read_picture(answer))
        return Picture(data=picture, facts={"model": model or self._model, "server": place})

    def _body(self, request: GenerateRequest) -> dict[str, Any]:
        text = request.instruction or request.prompt
        images = [
            {"type": "image_url", "image_url": {"url": data_url(image)}} for image in request.images
        ]
        content = [{"type": "text", "text": text}, *images] if images else text
        options, config = dict(self._options), {}
        if request.ratio:
            config = {"image_config": {"aspect_ratio": request.ratio}}
            config["image_config"] |= options.pop("image_config", {})
        return {
            "model": self._model,
            "messages": [{"role": "user", "content": content}],
            "modalities": self._modalities,
            "stream": False,
            **config,
            **options,
        }


def open_backend(model: str, spec: GeneratorSpec | None = None) -> ChatGenerator:
    """Open a model, at OpenRouter unless an address is given.

    Raises:
        ConfigError: no model is named, a key is missing, or an option is ours to send.
    """
    options = dict(spec.options) if spec else {}
    if not model:
        msg = f"`chat:MODEL` needs a model, for example {_WRITTEN}."
        raise ConfigError(msg)
    if clashes := sorted(_SENT & options.keys()):
        msg = f"The option {clashes[0]!r} is sent with every picture already; leave it out."
        raise ConfigError(msg)
    return ChatGenerator(model, Api(urls_in((spec and spec.url) or URL, _WRITTEN)), options)


def read_picture(answer: Any) -> str:
    """Return the first picture of an answer, as an address, most often a `data:` one.

    Raises:
        ContentRefusedError: there is none, or a filter held it back; says what the model said.
        GarbledError: it is no chat completion.
    """
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        pictures = [*_pictures(message)]
        failed = answer.get("error") or choice.get("error")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        said = answer.get("error") if isinstance(answer, Mapping) else None
        msg = f"the answer is no chat completion{f': {shortened(str(said))}' * bool(said)}"
        raise GarbledError(msg) from error
    if pictures:
        return pictures[0]
    if failed and choice.get("finish_reason") != "content_filter":
        msg = f"the answer is an error: {shortened(str(failed))}"
        raise GarbledError(msg)
    raise refusal(shortened(str(message.get("refusal") or _text(message))))


def _pictures(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield pictures where servers put them: beside the text, as parts of it, or inside it."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    for image in [*(message.get("images") or []), *parts]:
        if not isinstance(image, Mapping):
            continue
        address = image.get("image_url") or {}
        url = address.get("url") if isinstance(address, Mapping) else address
        if isinstance(url, str) and url:
            yield url
    yield from _IN_TEXT.findall(_text(message))


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, list):
        return " ".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return str(content)
