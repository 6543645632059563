"""Messages and answers as the protocol of OpenAI-compatible servers has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from gems_graph.errors import ConfigError

_ROLES = {"human": "user", "ai": "assistant", "system": "system"}
_REASONING = ("reasoning_content", "reasoning")
"""Fields of a message: of SGLang and Kimi, of vLLM and Ollama."""

Tokens = Annotated[int, Field(strict=True), BeforeValidator(lambda value: value or 0)]


class _Details(BaseModel):
    cached_tokens: Tokens = 0
    reasoning_tokens: Tokens = 0


class _Counts(BaseModel):
    """The `usage` of an answer; unknown fields are ignored."""

    prompt_tokens: Tokens = 0
    completion_tokens: Tokens = 0
    total_tokens: Tokens = 0
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


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
    return {"role": role, "content": write_content(message.content)}


def write_content(content: str | Sequence[str | Mapping[Any, Any]]) -> str | list[Any]:
    """Return what a message holds as a request holds it; text alone is one text.

    Servers without pictures (llama-cpp-python) take a list of parts, and read nothing in it.
    """
    if isinstance(content, str):
        return content
    blocks = [write_block(block) for block in content]
    if all(block.get("type") == "text" for block in blocks):
        return "\n".join(block["text"] for block in blocks)
    return blocks


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
    usage = _usage(body.get("usage"))
    metadata = {
        "model_provider": "openai",  # how LangChain knows the form of the content
        "model_name": body.get("model", model),
        "system_fingerprint": body.get("system_fingerprint", ""),
        "id": body.get("id"),
        "token_usage": body.get("usage"),
    }
    return ChatResult(
        generations=[_generation(choice, usage) for choice in body["choices"]],
        llm_output={name: value for name, value in metadata.items() if value is not None},
    )


def _generation(choice: Mapping[str, Any], usage: UsageMetadata | None) -> ChatGeneration:
    answer = choice["message"]
    reasoning = next((answer[field] for field in _REASONING if answer.get(field)), None)
    extras = {"reasoning_content": reasoning, "refusal": answer.get("refusal")}
    message = AIMessage(
        content=answer.get("content") or "",
        additional_kwargs={name: value for name, value in extras.items() if value},
    )
    message.usage_metadata = usage
    info = {name: choice[name] for name in ("finish_reason", "logprobs") if name in choice}
    if not isinstance(info.get("logprobs"), Mapping):
        info.pop("logprobs", None)  # of a form that nobody reads; the answer counts all the same
    return ChatGeneration(message=message, generation_info=info)


def _usage(reported: object) -> UsageMetadata | None:
    """Return the tokens that a server reports; None where it reports none that can be read.

    An answer has been paid for by now, so it never fails for what stands beside it.
    """
    try:
        counts = _Counts.model_validate(reported)
    except ValidationError:
        return None
    usage = UsageMetadata(
        input_tokens=counts.prompt_tokens,
        output_tokens=counts.completion_tokens,
        total_tokens=counts.total_tokens or counts.prompt_tokens + counts.completion_tokens,
    )
    if counts.prompt_tokens_details:
        cached = counts.prompt_tokens_details.cached_tokens
        usage["input_token_details"] = InputTokenDetails(cache_read=cached)
    if counts.completion_tokens_details:
        reasoning = counts.completion_tokens_details.reasoning_tokens
        usage["output_token_details"] = OutputTokenDetails(reasoning=reasoning)
    return usage
