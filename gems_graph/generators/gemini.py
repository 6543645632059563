"""`gemini:MODEL`: Gemini's own JSON interface, one POST a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gems_graph.calls.retry import GarbledError
from gems_graph.errors import ConfigError
from gems_graph.generators.api import Api, refusal
from gems_graph.generators.embedded import decoded, encoded, media_type_of
from gems_graph.generators.ratios import nearest, ratio_of
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.generators.side_by_side import all_of
from gems_graph.generators.urls import urls_in
from gems_graph.settings.generator import Capabilities, GeneratorSpec
from gems_graph.settings.redaction import shortened

URL = "https://generativelanguage.googleapis.com/v1beta"
EXAMPLE = "gemini:gemini-3.1-flash-image"
"""Opened by whoever lists what generators can do."""
_WRITTEN = f"--generator {EXAMPLE} --generator-url {URL}"
_RATIOS = ["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"]
_OPTIONS = {"imageSize", "temperature", "topP", "topK", "safetySettings", "responseModalities"}


class GeminiGenerator:
    """A Gemini model that draws, behind `POST URL/models/MODEL:generateContent`.

    It is told a ratio and a tier of size (the option `imageSize`: 1K, 2K or 4K), no pixels.

    Args:
        model: as Google calls it.
        api: its addresses.
        options: of its generation, and `safetySettings`.
    """

    capabilities = Capabilities(sizes=False, ratios=True, edits=14, options=_OPTIONS)

    def __init__(self, model: str, api: Api, options: Mapping[str, Any]) -> None:
        self.name, self.key_variable = f"gemini:{model}", api.key_variable
        self._model, self._api, self._options = model, api, dict(options)

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw pictures, or edit the first of `request.images`.

        Raises:
            ContentRefusedError: the model will not draw this.
            BadRequestError: Gemini does not take this request.
            httpx2.HTTPError, GarbledError: the server failed.
        """
        seeds = range(request.seed, request.seed + request.n)
        return await all_of(self._draw(replace(request, seed=seed)) for seed in seeds)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._api.aclose()

    async def _draw(self, request: GenerateRequest) -> Picture:
        path = f"models/{self._model}:generateContent"
        answer, place = await self._api.post(path, json=self._body(request))
        facts: dict[str, Any] = {
            "model": self._model, "seed": request.seed, "server": place, **_notes(request.ratio)
        }  # fmt: skip
        if isinstance(answer, Mapping) and answer.get("modelVersion"):
            facts["versions"] = {"model": str(answer["modelVersion"])}
        return Picture(data=decoded(read_picture(answer)), facts=facts)

    def _body(self, request: GenerateRequest) -> dict[str, Any]:
        options = dict(self._options)
        safety, tier = options.pop("safetySettings", None), options.pop("imageSize", None)
        ratio = nearest(request.ratio, _RATIOS) if request.ratio else None
        shape = {"aspectRatio": ratio, "imageSize": tier}
        shape = {name: value for name, value in shape.items() if value}
        images = [
            {"inlineData": {"mimeType": media_type_of(image), "data": encoded(image)}}
            for image in request.images
        ]
        parts = [{"text": request.instruction or request.prompt}, *images]
        config: dict[str, Any] = {"responseModalities": ["IMAGE"], "seed": request.seed}
        return {
            "contents": [{"role": "user", "parts": parts}],
            "generationConfig": {**config, **({"imageConfig": shape} if shape else {}), **options},
            **({"safetySettings": safety} if safety else {}),
        }


def open_backend(model: str, spec: GeneratorSpec | None = None) -> GeminiGenerator:
    """Open a model, at Google unless an address is given.

    Raises:
        ConfigError: no model is named, or a key is missing.
    """
    if not model:
        msg = f"`gemini:MODEL` needs a model, for example {_WRITTEN}."
        raise ConfigError(msg)
    urls = urls_in((spec and spec.url) or URL, _WRITTEN)
    api = Api(urls, header="x-goog-api-key", scheme="")
    return GeminiGenerator(model, api, spec.options if spec else {})


def read_picture(answer: Any) -> str:
    """Return the picture of an answer as base64; sketches on the way to it are left out.

    Raises:
        ContentRefusedError: the prompt was blocked, the picture was, or there is text alone.
        GarbledError: it is no answer of this interface.
    """
    try:
        feedback = answer.get("promptFeedback") or {}
        candidate: Mapping[str, Any] = next(iter(answer.get("candidates") or []), {})
        parts = (candidate.get("content") or {}).get("parts") or []
        final = [part for part in parts if not part.get("thought")]
        pictures = [str(part["inlineData"]["data"]) for part in final if part.get("inlineData")]
        said = " ".join(str(part["text"]) for part in final if part.get("text"))
    except (AttributeError, KeyError, TypeError) as error:
        msg = "the answer is none of Gemini's; check the URL"
        raise GarbledError(msg) from error
    if pictures:
        return pictures[0]
    reason = feedback.get("blockReason") or candidate.get("finishReason") or ""
    message = feedback.get("blockReasonMessage") or candidate.get("finishMessage") or said
    raise refusal(shortened(": ".join(str(text) for text in (reason, message) if text)))


def _notes(ratio: str) -> dict[str, Any]:
    """Return a note where another ratio than the one asked for is the nearest known."""
    if not ratio or ratio_of(nearest(ratio, _RATIOS)) == ratio_of(ratio):
        return {}
    return {"notes": [f"Gemini knows no ratio {ratio}; it drew {nearest(ratio, _RATIOS)}."]}
