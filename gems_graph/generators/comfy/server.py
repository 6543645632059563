"""One ComfyUI server: its queue, its history and its files, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import httpx2

from gems_graph.calls.retry import GarbledError
from gems_graph.errors import GeneratorError
from gems_graph.generators.comfy.graph import Graph
from gems_graph.generators.comfy.meaning import refusal, refused
from gems_graph.generators.comfy.workflow import FOLDER, names_of
from gems_graph.generators.embedded import media_type_of
from gems_graph.generators.urls import place_of
from gems_graph.settings.redaction import shortened

Record = Mapping[str, Any]
"""An entry of the history: `outputs` by node, `status`."""
Found = Record | Literal["waiting"] | None
"""A job that has ended, one that waits or runs, or none."""


class GoneError(GarbledError):
    """The server knows of a picture, and its file is not there."""


class ComfyServer:
    """What we ask of a ComfyUI server; all methods raise `httpx2.HTTPError` where it fails.

    Args:
        url: its address, without a slash at the end.
        client: makes the calls.
        headers: sent with each, with the key of whatever stands before it.
    """

    def __init__(self, url: str, client: httpx2.AsyncClient, headers: Mapping[str, str]) -> None:
        self.url, self.place, self.headers = url, place_of(url), dict(headers)
        self._client, self._version = client, ""

    async def find(self, job: str) -> Found:
        """Return what became of a job, whoever queued it.

        The queue is asked before the history: a job goes from the one to the other in one move,
        and one that is queued again hides how it ended before.
        """
        queue = await self._json("queue")
        if job in (*_ids(queue, "queue_running"), *_ids(queue, "queue_pending")):
            return "waiting"
        record = (await self._json(f"history/{job}")).get(job)
        return record if isinstance(record, Mapping) else None

    async def submit(self, graph: Graph, job: str) -> None:
        """Queue a job under an id of ours, which is its client's as well.

        Raises:
            BadRequestError: the server does not take this workflow.
        """
        body = {"prompt": graph, "client_id": job, "prompt_id": job}
        try:
            answer = await self._json("prompt", body)
        except httpx2.HTTPStatusError as error:
            raise refused(error, graph, self.place) from error
        if part_of_it := refusal({"node_errors": answer.get("node_errors")}, graph, self.place):
            await self.withdraw(job)  # it would run the rest
            raise part_of_it
        if answer.get("prompt_id") != job:
            msg = (
                f"ComfyUI at {self.place} gave the job an id of its own, so that nobody would find "
                "it again: update ComfyUI."
            )
            await self.withdraw(str(answer.get("prompt_id")))
            raise GeneratorError(msg)

    async def withdraw(self, job: str) -> None:
        """Cancel a job, and nobody else's."""
        try:
            await self._json(f"api/jobs/{job}/cancel", {})
            return
        except (httpx2.HTTPStatusError, GarbledError):  # an older server
            await self._post("queue", {"delete": [job]})
        if job in _ids(await self._json("queue"), "queue_running"):
            await self._post("interrupt", {"prompt_id": job})

    async def upload(self, images: Sequence[bytes]) -> None:
        """Put pictures where workflows load them from, under names that follow from their bytes."""
        for name, image in zip(names_of(images), images, strict=True):
            files = {"image": (name, image, media_type_of(image))}
            data = {"type": "input", "subfolder": FOLDER, "overwrite": "true"}
            response = await self._client.post(
                f"{self.url}/upload/image", data=data, files=files, headers=self.headers
            )
            answer = _read(response)
            if (answer.get("name"), answer.get("subfolder")) != (name, FOLDER):
                msg = f"ComfyUI at {self.place} keeps an uploaded picture under another name"
                raise GarbledError(msg)

    async def view(self, file: Mapping[str, Any]) -> bytes:
        """Return the bytes of a picture.

        Raises:
            GoneError: it is no longer there.
        """
        wanted = {key: str(file.get(key, "")) for key in ("filename", "subfolder", "type")}
        response = await self._client.get(f"{self.url}/view", params=wanted, headers=self.headers)
        if response.status_code == 404:
            msg = f"ComfyUI at {self.place} no longer has its picture {wanted['filename']!r}"
            raise GoneError(msg)
        response.raise_for_status()
        return response.content

    async def version(self) -> str:
        """Return the version of ComfyUI, asked for once; empty where the server does not say."""
        if not self._version:
            try:
                system = (await self._json("system_stats")).get("system")
            except (httpx2.HTTPError, GarbledError):  # drawn it has, and that counts
                return ""
            self._version = str((system or {}).get("comfyui_version") or "")
        return self._version

    async def _json(self, path: str, body: Any = None) -> dict[str, Any]:
        return _read(await self._send(path, body))

    async def _post(self, path: str, body: Any) -> None:
        (await self._send(path, body)).raise_for_status()

    async def _send(self, path: str, body: Any) -> httpx2.Response:
        url = f"{self.url}/{path}"
        if body is None:
            return await self._client.get(url, headers=self.headers)
        return await self._client.post(url, json=body, headers=self.headers)


async def cancelled(server: ComfyServer, job: str, seconds: float) -> None:
    """Withdraw a job that nobody waits for any longer; a server that does not answer keeps it."""
    try:
        async with asyncio.timeout(seconds):
            await server.withdraw(job)
    except (httpx2.HTTPError, GarbledError, TimeoutError):
        pass  # who cancels is told of the cancel, not of this


def _ids(queue: Mapping[str, Any], part: str) -> list[str]:
    """Return the ids in a part of the queue, whose entries are [number, id, graph, ...]."""
    return [str(item[1]) for item in queue.get(part) or [] if len(item) > 1]


def _read(response: httpx2.Response) -> dict[str, Any]:
    """Return an answer that is a table.

    Raises:
        httpx2.HTTPStatusError: it is an error.
        GarbledError: it is no table in JSON.
    """
    response.raise_for_status()
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        msg = f"the answer is none of ComfyUI's ({shortened(response.text, 80)!r}); check the URL"
        raise GarbledError(msg)
    return answer
