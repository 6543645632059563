"""A JSON interface that draws, behind one address or several."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx2

from gems_graph.calls.retry import GarbledError, in_words
from gems_graph.calls.said import said_by
from gems_graph.calls.transport import IMAGE, authorities, bounded
from gems_graph.errors import BadRequestError, ContentRefusedError, GeneratorError
from gems_graph.generators.embedded import decoded
from gems_graph.generators.keys import key_header, variable_of
from gems_graph.generators.urls import Servers, place_of, securest
from gems_graph.settings.redaction import shortened
from gems_graph.settings.servers import is_listed

HOSTS = "GEMS_PICTURE_HOSTS"
"""Names hosts whose addresses in answers are followed; no setting, so no kept run can widen it."""
_REFUSED = (
    "moderation_blocked", "content_policy", "content_filter", "content moderation", "nsfw",
    "safety system", "prohibited_content",
)  # fmt: skip


class Api:
    """A JSON interface behind one address or several that draw alike.

    No redirect is followed, and no address in an answer unless `GEMS_PICTURE_HOSTS` names its host.

    Args:
        urls: base addresses.
        header: that the key is sent in.
        scheme: before the key.

    Raises:
        ConfigError: a provider's key is missing, or is none that HTTP can send.
    """

    def __init__(
        self, urls: Sequence[str], header: str = "Authorization", scheme: str = "Bearer "
    ) -> None:
        self.urls = [url.rstrip("/") for url in urls]
        self.key_variable, self._servers = variable_of(urls[0]), Servers(self.urls)
        self._headers = {url: key_header(url, header, scheme) for url in self.urls}
        self._client = httpx2.AsyncClient(
            timeout=None,  # time limits are ours
            follow_redirects=False,
            verify=authorities("https:" if HOSTS in os.environ else securest(urls)),
            event_hooks=bounded(IMAGE),
        )

    async def post(self, path: str, **content: Any) -> tuple[Any, str]:
        """Post a request to the least busy server; return its answer and the server's name.

        Args:
            path: after the base address.
            content: as httpx takes it: `json`, or `data` and `files`.

        Raises:
            ContentRefusedError: it will not draw this.
            BadRequestError: it does not understand the request.
            httpx2.HTTPError: no server could be reached, or one answered with an error.
            GarbledError: the answer is no JSON.
        """
        return await self._send("POST", path, content)

    async def get(self, path: str) -> Any:
        """Return what the least busy server answers to a GET; raises as `post` does."""
        return (await self._send("GET", path, {}))[0]

    async def picture_in(self, text: str) -> bytes:
        """Return a picture that an answer gives as base64, as a `data:` address, or as an address.

        Raises:
            GarbledError: it is cut, or no base64.
            GeneratorError: it is an address of a host that is not allowed.
        """
        if text.startswith("data:"):
            return decoded(text.partition("base64,")[2])
        if not text.lower().startswith(("http://", "https://")):
            return decoded(text)
        if not is_listed(text, HOSTS):
            msg = (
                f"The answer holds an address at {urlsplit(text).hostname!r} instead of a picture, "
                f"and no such address is followed; name the server's dialect "
                f"(generator_options.dialect), or allow that host in {HOSTS}."
            )
            raise GeneratorError(msg)
        response = await self._client.get(text)  # without any key
        response.raise_for_status()
        return response.content

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _send(self, method: str, path: str, content: Mapping[str, Any]) -> tuple[Any, str]:
        for turn in self._servers.turns():
            with turn as url:
                headers = self._headers[url]
                response = await self._client.request(
                    method, f"{url}/{path}", headers=headers, **content
                )
                return _read(response, self.key_variable), place_of(url)
        raise AssertionError  # the last turn returns or raises


def _read(response: httpx2.Response, key_variable: str) -> Any:
    """Return an answer as JSON; raise what it means where it is an error."""
    try:
        response.raise_for_status()
        return response.json()
    except httpx2.HTTPStatusError as error:
        raise _meaning(error, key_variable) from error
    except ValueError as error:
        msg = f"the answer is no JSON ({shortened(response.text, 80)!r}); check the URL"
        raise GarbledError(msg) from error


def _meaning(error: httpx2.HTTPStatusError, key_variable: str) -> Exception:
    """Return what a refused call means: moderation, a request that is wrong, or just that error."""
    status, text = error.response.status_code, error.response.text.lower()
    if status in (400, 403, 422) and any(word in text for word in _REFUSED):
        return refusal(said_by(error))
    if status in (400, 404, 413, 422):
        words = in_words(error, key_variable)
        return BadRequestError(f"The server {place_of(str(error.request.url))} says {words}.")
    return error


def refusal(said: str) -> ContentRefusedError:
    """Return the error of a provider that will not draw a prompt."""
    reason = f": {said}" if said else ", and does not say why"
    return ContentRefusedError(f"The image model refused to draw this{reason}. Change the prompt.")
