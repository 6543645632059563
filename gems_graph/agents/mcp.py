"""GEMS over the Model Context Protocol: draw, verify, list_skills, and trajectories (extra `mcp`).

The server itself, for any transport: `gems mcp` speaks it over stdio, `gems_graph.service` over
HTTP. Written with the official SDK 2, which also answers clients of older protocols.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    ReadResourceRequestParams,
    ReadResourceResult,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)

from gems_graph import __version__
from gems_graph.agents.answering import TRAJECTORY, drawn, listed, verified
from gems_graph.agents.arguments import Arguments, DrawArguments, NoArguments, VerifyArguments
from gems_graph.agents.drawing import Drawings
from gems_graph.agents.looking import look
from gems_graph.errors import GemsError, UsageError
from gems_graph.images import Store
from gems_graph.persistence.show import look_up
from gems_graph.persistence.threads import open_threads
from gems_graph.settings import Settings, from_env, settle
from gems_graph.skills import Skills

_INSTRUCTIONS = (
    "Draws pictures and checks them. `draw` has a picture drawn, checks it against yes/no criteria "
    "by looking at it, and has it drawn again, with a better prompt, until all hold or the rounds "
    "are spent; it returns the best picture, what holds of it, and the thread that keeps the "
    "drawing. `verify` answers criteria about a picture that anybody drew. A drawing that was "
    "cancelled or failed goes on with `draw` and its thread, and pays for nothing twice."
)
_log = logging.getLogger(__name__)
Handler = Callable[[Any, Any], Awaitable[CallToolResult]]


def make_server(settings: Settings | None = None, *, files: bool = False) -> Server[Any]:
    """Return the server, for any transport.

    Args:
        settings: of all that is drawn and judged; by default what the environment says, as of then.
        files: whether `verify` opens paths: only where the client sits at this machine.
    """
    tools = _Tools(settings, files=files)
    return Server(
        "gems",
        version=__version__,
        title="GEMS",
        instructions=_INSTRUCTIONS,
        on_list_tools=_list_tools,
        on_call_tool=tools.call,
        on_list_resources=_list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=_read_resource,
    )


async def serve_stdio(settings: Settings | None = None) -> None:
    """Serve one client over stdin and stdout, until it closes them; prints go to stderr."""
    server = make_server(settings, files=True)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


class _Tools:
    """The tools of one server."""

    def __init__(self, settings: Settings | None, *, files: bool) -> None:
        self._given, self._files, self._drawings = settings, files, Drawings()
        self._handlers: dict[str, Handler] = {
            "draw": self._draw, "verify": self._verify, "list_skills": self._list_skills,
        }  # fmt: skip

    async def call(self, context: Any, params: CallToolRequestParams) -> CallToolResult:
        """Carry out a call; what goes wrong is told to the model in a sentence."""
        try:
            if handler := self._handlers.get(params.name):
                return await handler(context, params.arguments)
            msg = f"There is no tool {params.name!r}; there are {', '.join(self._handlers)}."
            raise UsageError(msg)
        except GemsError as error:
            return _failed(str(error))
        except Exception as error:  # noqa: BLE001  # told and logged; its text may hold anything
            _log.warning("The tool %s failed: %s", params.name, type(error).__name__, exc_info=True)
            return _failed(
                f"The tool {params.name!r} failed in a way that was not foreseen "
                f"({type(error).__name__}); the log of the server says more."
            )

    @property
    def _settings(self) -> Settings:
        return self._given or settle(from_env())

    async def _draw(self, context: Any, given: dict[str, Any] | None) -> CallToolResult:
        asked = DrawArguments.call("draw", given)
        done = await self._drawings.draw(asked, self._settings, context.session.report_progress)
        return await asyncio.to_thread(drawn, done, context.request)

    async def _verify(self, context: Any, given: dict[str, Any] | None) -> CallToolResult:
        asked = VerifyArguments.call("verify", given)
        ref, verdicts = await look(
            asked.picture, asked.criteria, self._settings, Store(), files=self._files
        )
        return verified(ref, asked.criteria, verdicts)

    async def _list_skills(self, context: Any, given: dict[str, Any] | None) -> CallToolResult:
        NoArguments.call("list_skills", given)
        dials = self._settings
        skills = await asyncio.to_thread(
            Skills, dials.skills, local=dials.local_skills, only=dials.only_skills
        )
        return listed(skills)


def _failed(sentence: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=sentence)], is_error=True)


async def _list_tools(context: Any, params: Any) -> ListToolsResult:
    spends = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
    )
    looks = ToolAnnotations(read_only_hint=True, open_world_hint=True)
    return ListToolsResult(
        tools=[
            _tool("draw", "Draw a picture until it is right", DrawArguments, spends,
                  "Draw a picture, check it against yes/no criteria, and draw it again with a "
                  "better prompt until all hold or the rounds are spent. Returns the best picture "
                  "and what holds of it. May take minutes: each round is a picture and its checks; "
                  "progress tells the thread, under which a drawing that was cut short goes on."),
            _tool("verify", "Check a picture", VerifyArguments, looks,
                  "Answer yes/no criteria about a picture by looking at it: yes, no or unsure, "
                  "each with what was seen."),
            _tool("list_skills", "List drawing skills", NoArguments, looks,
                  "List the drawing skills, with what each is for; `draw` picks by itself unless "
                  "told which."),
        ]
    )  # fmt: skip


def _tool(
    name: str, title: str, arguments: type[Arguments], hints: ToolAnnotations, description: str
) -> Tool:
    return Tool(
        name=name, title=title, description=description, annotations=hints,
        input_schema=arguments.schema_of(),
    )  # fmt: skip


async def _list_resources(context: Any, params: Any) -> ListResourcesResult:
    return ListResourcesResult(resources=[])  # a trajectory is for who knows its thread


async def _list_templates(context: Any, params: Any) -> ListResourceTemplatesResult:
    template = ResourceTemplate(
        uri_template=f"{TRAJECTORY}{{thread}}",
        name="trajectory",
        title="A drawing, round by round",
        description="Every round of a drawing: prompts, verdicts, lessons, pictures by reference.",
        mime_type="application/json",
    )
    return ListResourceTemplatesResult(resource_templates=[template])


async def _read_resource(context: Any, params: ReadResourceRequestParams) -> ReadResourceResult:
    uri = str(params.uri)
    try:
        if not uri.startswith(TRAJECTORY):
            msg = f"There is no resource {uri!r}; there are {TRAJECTORY}THREAD."
            raise UsageError(msg)
        async with open_threads() as threads:
            shown = await look_up(threads, unquote(uri.removeprefix(TRAJECTORY)))
            record = await asyncio.to_thread(shown.record)
    except GemsError as error:
        raise MCPError(INVALID_PARAMS, str(error), {"uri": uri}) from error
    text = json.dumps(record, ensure_ascii=False)
    contents = TextResourceContents(uri=uri, text=text, mime_type="application/json")
    return ReadResourceResult(contents=[contents])
