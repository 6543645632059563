"""Messages on their way to a chat model: how large they are, and how OpenAI's servers take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from langchain_core.messages import BaseMessage, HumanMessage

from gems_graph.models.wire import write_content


class Size(NamedTuple):
    """What is sent: bytes of text, pictures, and bytes of those pictures (base64)."""

    text: int = 0
    pictures: int = 0
    picture_bytes: int = 0


def size_of(messages: Sequence[BaseMessage]) -> Size:
    """Return the size of what messages hold."""
    text, pictures = 0, []
    for message in messages:
        blocks: list[Any] = (
            [message.content] if isinstance(message.content, str) else message.content
        )
        for block in blocks:
            if isinstance(block, dict) and block.get("type") == "image":
                pictures.append(len(block.get("base64", "")))
            else:
                words = block if isinstance(block, str) else str(block.get("text", ""))
                text += len(words.encode())
    return Size(text, len(pictures), sum(pictures))


def for_openai(message: BaseMessage) -> BaseMessage:
    """Write pictures as these servers take them, or LangChain would for each call, slowly."""
    if isinstance(message.content, str):
        return message
    return HumanMessage(write_content(message.content))
