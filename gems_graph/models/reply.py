"""A whole answer of a chat model, read from the message that LangChain gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage

from gems_graph.calls.ledger import Usage, no_usage


@dataclass(frozen=True)
class Reply:
    """A whole answer: text, the reasoning shown with it, why it ended, what it used."""

    text: str
    thought: str
    finish: str
    refusal: str = ""
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    usage: Usage = field(default_factory=no_usage)


def reply_of(message: AIMessage, usage: Usage) -> Reply:
    """Return a message as a reply with the usage given."""
    metadata = message.response_metadata
    finish = str(metadata.get("finish_reason") or metadata.get("stop_reason") or "")
    return Reply(
        text=_encodable(str(message.text)),
        thought=_encodable(thought_of(message)),
        finish=finish,
        refusal=_encodable(str(message.additional_kwargs.get("refusal") or "")),
        logprobs=list((metadata.get("logprobs") or {}).get("content") or []),
        usage=usage,
    )


def tokens_of(message: AIMessage) -> Usage:
    """Return the tokens that a server reports with an answer; `unmetered` where it reports none."""
    usage: Mapping[str, Any] = message.usage_metadata or {}
    return Usage(
        **{
            **no_usage(),
            "calls": 1,
            "input_tokens": usage.get("input_tokens", 0),
            "output_tokens": usage.get("output_tokens", 0),
            "reasoning_tokens": (usage.get("output_token_details") or {}).get("reasoning") or 0,
            "cached_tokens": (usage.get("input_token_details") or {}).get("cache_read") or 0,
            "unmetered": 0 if usage else 1,
        }
    )


def thought_of(message: AIMessage) -> str:
    """Return the reasoning that came with an answer, however the provider sends it."""
    blocks: list[Any] = list(message.content_blocks)
    thoughts = [str(block["reasoning"]) for block in blocks if block.get("reasoning")]
    extras = message.additional_kwargs
    return "\n".join(thoughts) or str(
        extras.get("reasoning_content") or extras.get("reasoning") or ""
    )


def _encodable(text: str) -> str:
    """Return text that any file and any server takes: half a character becomes `?`."""
    return text.encode("utf-8", "replace").decode()
