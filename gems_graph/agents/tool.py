"""GEMS as a tool of another agent: `create_agent(model, [as_tool()])`, deepagents likewise.

It runs as a subgraph of the agent: its events reach the agent's stream, what it asks a person
surfaces as the agent's interrupt, and it is persisted and resumed by the agent's checkpointer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.config import get_stream_writer
from pydantic import BaseModel, Field, ValidationError

from gems_graph.errors import GemsError, UsageError
from gems_graph.events import Tell, silent
from gems_graph.graph import build_graph
from gems_graph.images import Store
from gems_graph.memory import best
from gems_graph.runtime.given import store_in
from gems_graph.state import Input

Content = tuple[list[dict[str, Any]], dict[str, Any]]
"""Content blocks for the agent's model, and the artifact that only programs see."""
SIDE = 1024  # pixels: models scale larger pictures down, and providers refuse long messages
_STREAMED: Any = {"config": {"recursion_limit": 10_000}, "stream_mode": ["values", "custom"]}
"""More supersteps than any run has, whatever the limit of the agent around us is."""
_DESCRIPTION = (
    "Draw a picture, check it against yes/no criteria by looking at it, and draw it again with a "
    "better prompt until all hold or the rounds are spent. Returns the best picture and what "
    "holds of it. May take minutes."
)


class _Draw(BaseModel):
    """Arguments of the tool."""

    prompt: str = Field(
        description="What to draw, in any language; text that shall stand in the picture in "
        "quotation marks."
    )
    criteria: list[str] | None = Field(
        default=None,
        description="Yes/no questions that must all be answered yes for the picture. Left out: "
        "they are made from the prompt.",
    )


def as_tool(
    graph: Any = None,
    *,
    name: str = "draw_picture",
    description: str = _DESCRIPTION,
    side: int = SIDE,
    store: Store | None = None,
    **build: Any,
) -> BaseTool:
    """Return a LangChain tool that draws until all criteria hold.

    Its message holds a text and the picture; its artifact the reference (`image`), the `result`
    and the id of the `trajectory`. What goes wrong is a message of one sentence.

    Args:
        graph: built by `build_graph` over the same store; by default one of what `build` says.
        name: of the tool, as the agent's model sees it.
        description: what the agent's model is told of it.
        side: longest side of the picture in the message, in pixels; 0: the text alone, for models
            that take no pictures from tools.
        store: where pictures go; by default `GEMS_IMAGES`, else `images` under `GEMS_HOME`.
        build: whatever `build_graph` takes: `mllm`, `generator`, single settings.

    Raises:
        ConfigError: a setting is out of bounds or unknown.
    """
    store = store_in(store)
    gems = graph or build_graph(store=store, **build)
    if not hasattr(gems, "astream"):
        msg = f"as_tool takes a graph of build_graph, not {graph!r:.80}."
        raise UsageError(msg)

    def draw(prompt: str, criteria: list[str] | None = None) -> Content:
        """Draw for an agent without an event loop."""
        with sentences():
            out, tell = dict[str, Any](), writer()
            for mode, data in gems.stream(_given(prompt, criteria), **_STREAMED):
                out = _heard(mode, data, tell) or out
            return told(out, store, side)

    async def adraw(prompt: str, criteria: list[str] | None = None) -> Content:
        """Draw for an agent on any event loop."""
        with sentences():
            out, tell = dict[str, Any](), writer()
            async for mode, data in gems.astream(_given(prompt, criteria), **_STREAMED):
                out = _heard(mode, data, tell) or out
            return await asyncio.to_thread(told, out, store, side)

    return make_tool(draw, adraw, name, description, _Draw)


def make_tool(
    call: Any, acall: Any, name: str, description: str, arguments: type[BaseModel]
) -> BaseTool:
    """Return a tool whose failures reach the agent's model as sentences."""
    return StructuredTool.from_function(
        call, acall, name=name, description=description, args_schema=arguments,
        response_format="content_and_artifact", handle_tool_error=True,
        handle_validation_error=_unfit,
    )  # fmt: skip


def writer() -> Tell:
    """Return what hands events to the stream of the agent; where none calls us, to nobody."""
    try:
        return get_stream_writer()
    except (RuntimeError, KeyError):  # no config at all, or one of LangChain alone
        return silent


def _heard(mode: str, data: Any, tell: Tell) -> Any:
    """Hand an event on, which a host that streams no subgraphs would not get; return values."""
    return data if mode == "values" else tell(data)


@contextmanager
def sentences() -> Iterator[None]:
    """Turn our errors into what LangChain hands to the model; interrupts pass through.

    Raises:
        ToolException: one of our errors was raised.
    """
    try:
        yield
    except GemsError as error:
        raise ToolException(str(error)) from error


def told(out: Mapping[str, Any], store: Store, side: int) -> Content:
    """Return a finished run as content blocks, and its reference as artifact.

    Args:
        out: what the graph returned.
        store: holds the picture.
        side: of the picture in the message, in pixels; 0: none.
    """
    result = out["result"]
    image = result["image"]
    blocks = [{"type": "text", "text": _words(out)}]
    if side:
        data, media_type = store.view(image, side, "jpeg")
        blocks.append({"type": "image", "base64": data, "mime_type": media_type})
    return blocks, {"image": image, "result": result, "trajectory": out["trajectory"]}


def _words(out: Mapping[str, Any]) -> str:
    """Return how it ended, which criteria fail and why, and the name of the picture."""
    result = out["result"]
    image, rounds = result["image"], [r for r in out["rounds"] if r["n"] == result["round"]]
    lines = [f"{'Passed' if result['success'] else 'Not passed'}: {result['why']}."]
    if error := result["stop"].get("error"):
        lines.append(f"It ended early: {error}")
    verdicts = best(rounds)["verdicts"] if rounds else []
    for criterion, verdict in zip(out["criteria"], verdicts, strict=False):
        if verdict["answer"] != "yes":
            lines.append(f"{verdict['answer']}: {criterion['question']} ({verdict['evidence']})")
    return "\n".join(
        [*lines, f"Picture {image['sha256']}, {image['width']} x {image['height']} pixels."]
    )


def _given(prompt: str, criteria: list[str] | None) -> Input:
    return Input(prompt=prompt) if criteria is None else Input(prompt=prompt, checklist=criteria)


def _unfit(error: ValidationError | Any) -> str:
    """Say in a sentence which argument does not fit."""
    problem = error.errors()[0]
    place = ".".join(map(str, problem["loc"]))
    return f"The argument {place!r} does not fit: {problem['msg'].lower()}."
