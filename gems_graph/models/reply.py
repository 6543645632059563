"""A whole answer of a chat model, read from the message that LangChain gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage
from pydantic import BaseModel, ValidationError

from gems_graph.calls.ledger import Usage, no_usage

_MOST = 2**40
"""Tokens of one call at most; no server counts more, and sums of it fit a database."""


class _Choice(BaseModel):
    token: str
    logprob: float


class _Token(_Choice):
    top_logprobs: list[_Choice] | None = None


class _Logprobs(BaseModel):
    content: list[_Token] | None = None


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
        logprobs=_logprobs(metadata.get("logprobs")),
        usage=usage,
    )


def tokens_of(message: AIMessage) -> Usage:
    """Return the tokens that a server reports with an answer; `unmetered` where it reports none."""
    usage: Mapping[str, Any] = message.usage_metadata or {}
    return Usage(
        **{
            **no_usage(),
            "calls": 1,
            "input_tokens": _count(usage.get("input_tokens")),
            "output_tokens": _count(usage.get("output_tokens")),
            "reasoning_tokens": _count((usage.get("output_token_details") or {}).get("reasoning")),
            "cached_tokens": _count((usage.get("input_token_details") or {}).get("cache_read")),
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


def _count(tokens: int | None) -> int:
    """Return a count that a sum and a database can hold: a negative one would add to a cap."""
    return min(max(tokens or 0, 0), _MOST)


def _logprobs(reported: object) -> list[dict[str, Any]]:
    """Return the tokens with their log-probabilities; none where they have another form."""
    try:
        tokens = _Logprobs.model_validate(reported).content or []
    except ValidationError:
        return []
    return [token.model_dump(exclude_unset=True) for token in tokens]


def _encodable(text: str) -> str:
    """Return text that any file and any server takes: half a character becomes `?`."""
    return text.encode("utf-8", "replace").decode()
