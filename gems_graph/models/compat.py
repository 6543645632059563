"""`compat:MODEL`: any OpenAI-compatible server (SGLang, vLLM, Ollama, LM Studio, Kimi)."""

from __future__ import annotations

import os
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient
from pydantic import SecretStr

from gems_graph.errors import ConfigError

_FIELDS = ("reasoning_content", "reasoning")


def open_backend(model: str, url: str | None) -> BaseChatModel:
    """Open a model of an OpenAI-compatible server.

    The key is read from `GEMS_API_KEY`, then `OPENAI_API_KEY`; servers without keys need none.

    Raises:
        ConfigError: no model or no base URL is named.
    """
    url = url or os.environ.get("OPENAI_BASE_URL")
    if not model or not url:
        msg = (
            "`compat:MODEL` needs a model and a base URL, for example --mllm compat:qwen3-vl "
            "--mllm-url http://localhost:8000/v1 (or GEMS_MLLM and GEMS_MLLM_URL)."
        )
        raise ConfigError(msg)
    key = os.environ.get("GEMS_API_KEY") or os.environ.get("OPENAI_API_KEY") or "none"
    return CompatibleChat(
        model=model,
        base_url=url,
        api_key=SecretStr(key),
        max_retries=0,  # one retry layer: ours
        http_async_client=DefaultAsyncHttpxClient(timeout=None),  # time limits are ours, too
        stream_usage=True,
    )


class CompatibleChat(ChatOpenAI):
    """ChatOpenAI that keeps the reasoning which compatible servers send beside the text."""

    def _create_chat_result(self, response: Any, generation_info: Any = None) -> ChatResult:
        result = super()._create_chat_result(response, generation_info)
        choices = response["choices"] if isinstance(response, dict) else response.choices
        for generation, choice in zip(result.generations, choices, strict=True):
            raw = choice["message"] if isinstance(choice, dict) else choice.message.model_extra
            _keep(generation.message, raw)
        return result

    def _convert_chunk_to_generation_chunk(
        self, chunk: Any, default_chunk_class: Any, base_generation_info: Any
    ) -> ChatGenerationChunk | None:
        out = super()._convert_chunk_to_generation_chunk(
            chunk, default_chunk_class, base_generation_info
        )
        choices = chunk.get("choices") or chunk.get("chunk", {}).get("choices")
        if out and choices and isinstance(out.message, AIMessageChunk):
            _keep(out.message, choices[0].get("delta"))
        return out


def _keep(message: BaseMessage, raw: Any) -> None:
    for field in _FIELDS:
        if text := (raw or {}).get(field):
            message.additional_kwargs["reasoning_content"] = text
            return
