"""`gems_chat`: GEMS over `messages`, a message of its own for each round and one for the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.graph import END, START
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from gems_graph.agents.sayings import said_at_the_end, said_of_rounds
from gems_graph.graph import Graph, build_graph
from gems_graph.state import Result, State
from gems_graph.strategies import gems
from gems_graph.strategies.strategy import Builder

QUIET = "nostream"
"""LangGraph's tag for chat models whose answers no chat shows: what the roles say to us."""


class ChatInput(TypedDict):
    """What a chat client gives: the messages so far, or only the new one."""

    messages: Annotated[list[AnyMessage], add_messages]


class ChatOutput(ChatInput, total=False):
    """What a chat client gets."""

    result: Result


class ChatState(State, total=False):
    """The channels of GEMS, and the conversation."""

    messages: Annotated[list[AnyMessage], add_messages]


def listen(state: ChatState) -> dict[str, Any]:
    """Take the last message of the user as the request, and the pictures in it to go by."""
    said = [each for each in state["messages"] if isinstance(each, HumanMessage)]
    blocks = said[-1].content_blocks if said else []
    texts = [str(block["text"]) for block in blocks if block["type"] == "text"]
    pictures = [_address(block) for block in blocks if block["type"] == "image"]
    return {"prompt": "\n".join(texts).strip(), "images": pictures}


def _address(block: Mapping[str, Any]) -> str:
    if "base64" in block:
        return f"data:{block.get('mime_type', 'image/png')};base64,{block['base64']}"
    return str(block.get("url", ""))


def tell(state: ChatState) -> dict[str, Any]:
    """Say what each round came to, as far as it is not said; a kept message keeps its place."""
    return {"messages": _news(state, said_of_rounds(state))}


def conclude(state: ChatState) -> dict[str, Any]:
    """Say which picture was chosen, and why; the last message holds it."""
    return {"messages": [*_news(state, said_of_rounds(state)), said_at_the_end(state)]}


def _news(state: ChatState, messages: list[AIMessage]) -> list[AIMessage]:
    known = {message.id: message.content for message in state["messages"]}
    return [message for message in messages if known.get(message.id) != message.content]


def wire(graph: Builder) -> None:
    """Wire GEMS, with what it hears before it begins, and what it says as it goes on."""
    nodes: tuple[Any, ...] = (listen, tell, conclude)
    for node in nodes:
        graph.add_node(node)
    graph.add_edge(START, "listen")
    graph.add_edge("verifier", "tell")
    gems.wire(graph, judged="tell", ends=("listen", "conclude"))
    graph.add_edge("conclude", END)


CHAT = replace(gems.STRATEGY, wire=wire, schemas=(ChatState, ChatInput, ChatOutput))


def build_chat(**options: Any) -> Graph:
    """Build `gems_chat`: `{"messages": [...]}` in, the same with what came of it out.

    Args:
        options: those of `build_graph`, but for the strategy.
    """
    graph = build_graph(strategy=CHAT, **options)
    return graph.copy({"name": "gems_chat"}).with_config(tags=[QUIET])
