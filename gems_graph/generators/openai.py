"""`openai:MODEL`: OpenAI's image interface, of OpenAI and of the many servers that speak it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx2

from gems_graph.calls.retry import GarbledError
from gems_graph.errors import BadRequestError, ConfigError
from gems_graph.generators.api import Api
from gems_graph.generators.dialects import DIALECTS, UNKNOWN, Dialect, named, of_host, of_models
from gems_graph.generators.openai_wire import notes_of, read_pictures, write_edit, write_fields
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.generators.side_by_side import all_of
from gems_graph.generators.urls import urls_in
from gems_graph.settings.generator import Capabilities, GeneratorSpec

EXAMPLE = "openai:gpt-image-2"
"""Opened by whoever lists what generators can do."""
_WRITTEN = "--generator openai:MODEL --generator-url http://localhost:8000/v1"
_SENT = {"prompt", "model", "n", "size", "width", "height", "seed", "negative_prompt", "image"}


class OpenAIGenerator:
    """A model behind `POST URL/images/generations` and `POST URL/images/edits`.

    Where the server takes seeds, each picture is a request of its own: it is the same alone and
    among others, and several servers share them. Pictures come as base64.

    Args:
        model: as the server calls it.
        api: its addresses.
        dialect: that they speak; None: asked of the server before the first picture.
        options: more fields of every request.
    """

    def __init__(
        self, model: str, api: Api, dialect: Dialect | None, options: Mapping[str, Any]
    ) -> None:
        self.name, self.key_variable = f"openai:{model}", api.key_variable
        self._model, self._api, self._options = model, api, dict(options)
        self._dialect, self._asking = dialect, asyncio.Lock()
        self.capabilities = capabilities_in(dialect)

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw pictures, or edit the first of `request.images`.

        Raises:
            ContentRefusedError: the provider will not draw this.
            BadRequestError: the server does not take this request.
            httpx2.HTTPError, GarbledError: the server failed.
        """
        dialect = self._dialect or await self._ask()
        try:
            return await self._draw(request, dialect)
        except BadRequestError as error:
            if dialect is not UNKNOWN or "response_format" not in str(error):
                raise
            self._learn(DIALECTS["openai"])
            return await self._draw(request, DIALECTS["openai"])

    async def aclose(self) -> None:
        """Close its connections."""
        await self._api.aclose()

    async def _ask(self) -> Dialect:
        """Return the dialect of the server, by what it lists as its models."""
        async with self._asking:
            if self._dialect is None:
                try:
                    self._learn(of_models(await self._api.get("models")) or UNKNOWN)
                except (httpx2.HTTPStatusError, BadRequestError, GarbledError):  # it lists none
                    self._learn(UNKNOWN)
        return self._dialect or UNKNOWN

    def _learn(self, dialect: Dialect) -> None:
        self._dialect, self.capabilities = dialect, capabilities_in(dialect)

    async def _draw(self, request: GenerateRequest, dialect: Dialect) -> list[Picture]:
        single, seeds = replace(request, n=1), range(request.seed, request.seed + request.n)
        if dialect.seed:
            requests = [replace(single, seed=seed) for seed in seeds]
        else:
            many = [min(dialect.most, request.n - i) for i in range(0, request.n, dialect.most)]
            requests = [replace(request, n=n) for n in many]
        drawn = await all_of(self._once(one, dialect) for one in requests)
        return [picture for pictures in drawn for picture in pictures]

    async def _once(self, request: GenerateRequest, dialect: Dialect) -> list[Picture]:
        fields = {"model": self._model, **write_fields(request, dialect, self._model)}
        if not request.images:
            sent = {**dialect.always, **fields, **self._options}
            answer, place = await self._api.post("images/generations", json=sent)
        else:
            how = write_edit({**fields, **self._options}, request.images, dialect)
            answer, place = await self._api.post("images/edits", **how)
        facts: dict[str, Any] = {"model": self._model, "dialect": dialect.name, "server": place}
        if dialect.seed:
            facts["seed"] = request.seed
        if notes := notes_of(request, dialect):
            facts["notes"] = notes
        return [
            Picture(data=await self._api.picture_in(text), facts={**facts, **more})
            for text, more in read_pictures(answer)
        ]


def open_backend(model: str, spec: GeneratorSpec | None = None) -> OpenAIGenerator:
    """Open a model; its options are `dialect` and whatever more the server takes.

    Raises:
        ConfigError: no model or address is named, a key is missing, or an option is ours to send.
    """
    options = dict(spec.options) if spec else {}
    chosen = options.pop("dialect", None)
    if not model:
        msg = f"`openai:MODEL` needs a model, for example {_WRITTEN}."
        raise ConfigError(msg)
    if clashes := sorted(_SENT & options.keys()):
        msg = f"The option {clashes[0]!r} is sent with every picture already; use the setting."
        raise ConfigError(msg)
    dialect = named(str(chosen)) if chosen else None
    url = (spec and spec.url) or (dialect.url if dialect else DIALECTS["openai"].url)
    urls = urls_in(url, _WRITTEN)
    return OpenAIGenerator(model, Api(urls), dialect or of_host(urls[0]), options)


def capabilities_in(dialect: Dialect | None) -> Capabilities:
    """Return what a server of a dialect can do; all there is, as long as nobody knows."""
    if dialect is None:
        return Capabilities(
            ratios=True, negative=True, steps=True, guidance=True, edits=1, options="any"
        )
    return Capabilities(
        sizes=dialect.shape != "aspect_ratio",
        seeds=bool(dialect.seed),
        ratios=True,
        negative=bool(dialect.negative),
        steps=bool(dialect.steps),
        guidance=bool(dialect.guidance),
        edits=dialect.references,
        n=1 if dialect.seed else dialect.most,
        options="any",
    )
