"""`http:URL`: the protocol of GEMS servers: POST URL?prompt=..., image bytes back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from gems_graph.calls.transport import IMAGE, authorities, bounded
from gems_graph.errors import ConfigError
from gems_graph.generators.facts import honoured
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.generators.urls import Servers, place_of, securest, urls_in
from gems_graph.settings.credentials import key_in
from gems_graph.settings.generator import Capabilities, GeneratorSpec
from gems_graph.settings.redaction import remember_secret

EXAMPLE = "http:http://localhost:8000/generate"
"""Opened by whoever lists what generators can do."""
_RESERVED = {"prompt", "seed", "width", "height"}


class HttpGenerator:
    """An image server that answers `POST URL?prompt=...` with the bytes of a picture.

    Seed, size, options, and what is set of negative, ratio, steps and guidance are sent beside the
    prompt under these names; servers that do not know them ignore them.
    Only its answer is read: no redirect is followed, and no address in the answer.

    Args:
        urls: http or https addresses of endpoints that draw alike; one at least.
        key: sent as `Authorization: Bearer KEY`; with a scheme of its own (`Basic ...`) as it is.
        options: sent with every prompt; a table or a list as JSON.
    """

    capabilities = Capabilities(
        options="any", ratios=True, negative=True, steps=True, guidance=True
    )
    key_variable = "GEMS_GENERATOR_KEY"

    def __init__(
        self, urls: Sequence[str], key: str = "", options: Mapping[str, Any] | None = None
    ) -> None:
        self._servers = Servers(urls)
        self._options = {name: _in_query(value) for name, value in (options or {}).items()}
        self.name = f"http:{','.join(map(place_of, urls))}"
        authorization = remember_secret(key if " " in key else f"Bearer {key}")
        self._client = httpx2.AsyncClient(
            timeout=None,  # time limits are ours
            follow_redirects=False,
            headers={"Authorization": authorization} if key else {},
            verify=authorities(securest(urls)),
            event_hooks=bounded(IMAGE),
        )

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw one picture.

        Raises:
            httpx2.HTTPError: the server could not be reached or answered with an error.
        """
        query: dict[str, str | int | float] = {**self._options, "prompt": request.prompt}
        query |= {"seed": request.seed, **honoured(request, self.capabilities)}
        if request.size:
            query |= {"width": request.size[0], "height": request.size[1]}
        for turn in self._servers.turns():
            with turn as url:
                response = await self._client.post(url, params=query)
                response.raise_for_status()
                return [Picture(data=response.content, facts={"server": place_of(url)})]
        raise AssertionError  # the last turn returns or raises

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()


def open_backend(argument: str, spec: GeneratorSpec | None = None) -> HttpGenerator:
    """Open an image server by its URL, in the name or apart from it.

    Its key, if it wants one, is read from `GEMS_GENERATOR_KEY`.

    Raises:
        ConfigError: the URL is not one, the host does not allow it, an option has the name of a
            parameter of ours, or the key is none that HTTP can send.
    """
    options = spec.options if spec else {}
    text = argument or (spec and spec.url) or ""
    urls = urls_in(f"http:{text}" if text.startswith("//") else text, f"--generator {EXAMPLE}")
    if clashes := sorted(_RESERVED & options.keys()):
        msg = f"The option {clashes[0]!r} is sent with every picture already; use the setting."
        raise ConfigError(msg)
    return HttpGenerator(urls, key_in(HttpGenerator.key_variable), options)


def _in_query(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
