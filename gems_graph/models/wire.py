"""Messages and answers as the protocol of OpenAI-compatible servers has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult

from gems_graph.errors import ConfigError

_ROLES = {"human": "user", "ai": "assistant", "system": "system"}
_REASONING = ("reasoning_content", "reasoning")
"""Fields of a message: of SGLang and Kimi, of vLLM and Ollama."""


def write_message(message: BaseMessage) -> dict[str, Any]:
    """Return a message as a request holds it: its role, its text and pictures.

    Raises:
        ConfigError: it is of another kind than text and pictures, or calls tools.
    """
    role = _ROLES.get(message.type)
    if role is None or getattr(message, "tool_calls", None):
        msg = (
            f"`compat:` sends text and pictures, no tool calls (a message of {message.type!r}); "
            "use `openai:MODEL` with --mllm-url for those."
        )
        raise ConfigError(msg)
    if isinstance(message.content, str):
        return {"role": role, "content": message.content}
    return {"role": role, "content": [write_block(block) for block in message.content]}


def write_block(block: str | Mapping[Any, Any]) -> dict[str, Any]:
    """Return a part of a message's content as a request holds it."""
    if isinstance(block, str):
        return {"type": "text", "text": block}
    if block.get("type") != "image":
        return dict(block)
    url = block.get("url") or f"data:{block['mime_type']};base64,{block['base64']}"
    return {"type": "image_url", "image_url": {"url": url}}


def read_answer(body: Any, model: str) -> ChatResult:
    """Read the body of an answer.

    Args:
        body: as JSON.
        model: who was asked, where the body does not say who answered.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is no chat completion.
    """
    if not body["choices"] or body.get("error"):
        msg = f"no answer: {body.get('error')}"
        raise ValueError(msg)
    usage = _usage(body["usage"]) if body.get("usage") else None
    about = {
        "model_provider": "openai",  # how LangChain knows the form of the content
        "model_name": body.get("model", model),
        "system_fingerprint": body.get("system_fingerprint", ""),
        "id": body.get("id"),
        "token_usage": body.get("usage"),
    }
    return ChatResult(
        generations=[_generation(choice, usage) for choice in body["choices"]],
        llm_output={name: value for name, value in about.items() if value is not None},
    )


def _generation(choice: Mapping[str, Any], usage: UsageMetadata | None) -> ChatGeneration:
    sent = choice["message"]
    reasoning = next((sent[field] for field in _REASONING if sent.get(field)), None)
    beside = {"reasoning_content": reasoning, "refusal": sent.get("refusal")}
    message = AIMessage(
        content=sent.get("content") or "",
        additional_kwargs={name: value for name, value in beside.items() if value},
    )
    message.usage_metadata = usage
    about = {name: choice[name] for name in ("finish_reason", "logprobs") if name in choice}
    return ChatGeneration(message=message, generation_info=about)


def _usage(sent: Mapping[str, Any]) -> UsageMetadata:
    given, made = sent.get("prompt_tokens") or 0, sent.get("completion_tokens") or 0
    of_given = sent.get("prompt_tokens_details") or {}
    of_made = sent.get("completion_tokens_details") or {}
    usage = UsageMetadata(
        input_tokens=given,
        output_tokens=made,
        total_tokens=sent.get("total_tokens") or given + made,
    )
    if (cached := of_given.get("cached_tokens")) is not None:
        usage["input_token_details"] = InputTokenDetails(cache_read=cached)
    if (thought := of_made.get("reasoning_tokens")) is not None:
        usage["output_token_details"] = OutputTokenDetails(reasoning=thought)
    return usage
