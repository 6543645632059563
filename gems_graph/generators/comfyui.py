"""`comfyui:WORKFLOW`: a workflow on a ComfyUI server; one of ours by name, or a file of yours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import httpx2

from gems_graph.calls.retry import GarbledError, is_passing
from gems_graph.calls.transport import IMAGE, authorities, bounded
from gems_graph.errors import ConfigError, TransientError
from gems_graph.generators.comfy.describing import (
    Order,
    capabilities_of,
    facts_in,
    order_of,
    size_of,
)
from gems_graph.generators.comfy.graph import ready
from gems_graph.generators.comfy.listening import Listener, Steps, whole
from gems_graph.generators.comfy.meaning import failure
from gems_graph.generators.comfy.pictures import pictures_in
from gems_graph.generators.comfy.server import ComfyServer, Found, GoneError, Record, cancelled
from gems_graph.generators.comfy.workflow import Workflow, open_workflow
from gems_graph.generators.keys import key_header, variable_of
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.generators.urls import Servers, securest, urls_in
from gems_graph.settings.generator import GeneratorSpec

EXAMPLE = "comfyui:z-image-turbo"
"""Opened by whoever lists what generators can do."""
URL = "http://127.0.0.1:8188"
_WRITTEN = f"--generator {EXAMPLE} --generator-url {URL}"
_ANSWER, _GLANCE, _FAREWELL = 30.0, 5.0, 5.0  # seconds: of a call, of a look, of a cancel
_PATIENCE = 5  # questions in a row that may fail where the answer is worth waiting for
T = TypeVar("T")


class ComfyGenerator:
    """A workflow behind one address or several that have the same models.

    A job has an id that follows from the call and the workflow: where a server knows it already,
    as after a crash, its picture is taken and nothing is drawn again.

    Args:
        workflow: that draws.
        urls: of servers.
        edit: the workflow that gets requests with pictures; None: the same.
    """

    slow, fast = 5.0, 1.0
    """Seconds between questions after a job: with a socket that tells of its end, and without."""

    def __init__(
        self, workflow: Workflow, urls: Sequence[str], edit: Workflow | None = None
    ) -> None:
        self.name, self._workflow, self._edit = f"comfyui:{workflow.name}", workflow, edit
        self.key_variable = variable_of(urls[0])
        self._client = httpx2.AsyncClient(
            timeout=_ANSWER,
            follow_redirects=False,
            verify=authorities(securest(urls)),
            event_hooks=bounded(IMAGE),
        )
        addresses = [url.rstrip("/") for url in urls]
        self._servers = Servers(addresses)
        self._at = {
            url: ComfyServer(url, self._client, key_header(url, "Authorization", "Bearer "))
            for url in addresses
        }
        self.capabilities = capabilities_of(workflow, edit, len(urls))

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw one picture.

        Raises:
            BadRequestError: a server does not take the workflow, or a node of it fails.
            NoMemoryError: its device has too little memory.
            TransientError: a server forgot the job, or somebody stopped it.
            httpx2.HTTPError, GarbledError: a server failed.
        """
        edit = self._edit if request.images else None
        order = order_of(request, edit or self._workflow, edits=edit is not None)
        if request.key and (known := await self._look(order.job)):
            with self._servers.turn(at=known.url), suppress(GoneError):  # gone: drawn again
                return [await self._run(known, order, anew=False)]
        for turn in self._servers.turns():
            with turn as url:
                return [await self._run(self._at[url], order)]
        raise AssertionError  # the last turn returns or raises

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _look(self, job: str) -> ComfyServer | None:
        """Return the server that draws or drew a job already; one that failed is none."""

        async def glance(server: ComfyServer) -> Found:
            try:
                async with asyncio.timeout(_GLANCE):
                    return await server.find(job)
            except (httpx2.HTTPError, GarbledError, TimeoutError):
                return None  # it says so itself when it is asked to draw

        servers = [self._at[url] for url in self._servers.present()]
        found = await asyncio.gather(*map(glance, servers))
        for server, known in zip(servers, found, strict=True):
            if known == "waiting" or (known and pictures_in(known)):
                return server
        return None

    async def _run(self, server: ComfyServer, order: Order, anew: bool = True) -> Picture:
        """Have a server draw, or wait for what it draws already, and fetch the picture."""
        workflow, job = order.workflow, order.job
        steps = Steps(workflow.samplers, order.request.progress, whole(workflow.value("steps")))
        try:
            async with Listener(server.url, server.headers, job, steps) as listener:
                if anew:
                    await server.upload(order.request.images)
                    await server.submit(workflow.graph, job)
                record = await self._ended(server, job, listener)
        except asyncio.CancelledError:
            await cancelled(server, job, _FAREWELL)
            raise
        if error := failure(record, workflow.graph, server.place):
            raise error
        steps.end()
        found = [] if anew else ["The server had drawn it for this same call before."]
        return await self._picture(server, order, record, found)

    async def _ended(self, server: ComfyServer, job: str, listener: Listener) -> Record:
        """Wait for the end of a job, and return its entry in the history."""
        while True:
            found = await self._patiently(lambda: server.find(job))
            if found is None:
                msg = f"ComfyUI at {server.place} forgot the job: it was started anew, or cleared"
                raise TransientError(msg)
            if found != "waiting":
                return found
            await listener.news(self.slow if listener.hears else self.fast)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return an answer; who fails for a moment is asked again."""
        for left in reversed(range(_PATIENCE)):
            try:
                return await ask()
            except Exception as error:
                if not left or isinstance(error, GoneError) or not is_passing(error):
                    raise
            await asyncio.sleep(self.fast)
        raise AssertionError  # the last turn returns or raises

    async def _picture(
        self, server: ComfyServer, order: Order, record: Record, notes: list[str]
    ) -> Picture:
        """Fetch the picture of a job that succeeded."""
        files = pictures_in(record, order.workflow.output)
        if not files:
            msg = (
                f"the workflow {order.workflow.name!r} gave no picture at {server.place}; its "
                "output is the node with the title `output`, or generator_options.slots.output"
            )
            raise GarbledError(msg)
        if len(files) > 1:
            notes.append(f"The workflow gave {len(files)} pictures; this is the first.")
        data = await self._patiently(lambda: server.view(files[0]))
        facts = facts_in(order.workflow, await server.version())
        facts |= {"server": server.place, "job": order.job}
        if order.request.size and not order.workflow.size:
            facts["size"] = size_of(data)
        if all_notes := [*order.notes, *notes]:
            facts["notes"] = all_notes
        return Picture(data=data, facts=facts)


def open_backend(argument: str, spec: GeneratorSpec | None = None) -> ComfyGenerator:
    """Open a workflow; its options name slots, set inputs of nodes, and name a workflow for edits.

    Raises:
        ConfigError: there is no such workflow, it lacks a slot, or the URL is none.
    """
    options = dict(spec.options) if spec else {}
    if not argument:
        msg = f"`comfyui:WORKFLOW` needs a workflow: {', '.join(ready())}, or the path of a file."
        raise ConfigError(msg)
    edit = options.pop("edit", None)
    return ComfyGenerator(
        open_workflow(argument, options),
        urls_in((spec and spec.url) or URL, _WRITTEN),
        open_workflow(str(edit), {}) if edit else None,
    )
