"""`http:URL`: the protocol of existing GEMS servers: POST URL?prompt=..., image bytes back."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from gems_graph.errors import ConfigError


class HttpGenerator:
    """An image server that answers `POST URL?prompt=...` with the bytes of a picture.

    Seed and size are sent beside the prompt; servers that do not know them ignore them.

    Args:
        url: http or https address of the endpoint.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"http:{urlsplit(url).netloc}"
        self._client = httpx.AsyncClient(timeout=None)

    async def __call__(
        self, prompt: str, *, seed: int, size: tuple[int, int] | None = None
    ) -> bytes:
        """Draw one picture.

        Raises:
            httpx.HTTPError: the server could not be reached or answered with an error.
        """
        query: dict[str, str | int] = {"prompt": prompt, "seed": seed}
        if size:
            query |= {"width": size[0], "height": size[1]}
        response = await self._client.post(self.url, params=query)
        response.raise_for_status()
        return response.content


def open_backend(url: str) -> HttpGenerator:
    """Open an image server by its URL.

    Raises:
        ConfigError: the URL is not one.
    """
    address = f"http:{url}" if url.startswith("//") else url
    if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).netloc:
        msg = f"{url!r} is no http address; write for example --generator http:http://host:8000/generate"
        raise ConfigError(msg)
    return HttpGenerator(address)
