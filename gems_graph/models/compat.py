"""`compat:MODEL`: any OpenAI-compatible server (SGLang, vLLM, Ollama, LM Studio, Kimi)."""

from __future__ import annotations

import json
import os
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient
from pydantic import SecretStr

from gems_graph.calls.transport import CHAT, bounded
from gems_graph.errors import ConfigError
from gems_graph.settings.roles import ModelSpec

_WIRE = {"text", "image_url"}
_WIRE_ROLES = {"human": "user", "ai": "assistant", "system": "system"}
_FIELDS = ("reasoning_content", "reasoning")


def open_backend(model: str, spec: ModelSpec) -> BaseChatModel:
    """Open a model of an OpenAI-compatible server.

    The key is read from `GEMS_API_KEY`, then `OPENAI_API_KEY`; servers without keys need none.

    Raises:
        ConfigError: no model or no base URL is named.
    """
    url = spec.mllm_url or os.environ.get("OPENAI_BASE_URL")
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
        api_key=SecretStr(key.strip()),  # a line end would be an illegal header
        max_retries=0,  # one retry layer: ours
        http_async_client=DefaultAsyncHttpxClient(  # time limits are ours, too
            timeout=None, follow_redirects=False, event_hooks=bounded(CHAT)
        ),
        stream_usage=True,
        temperature=spec.temperature,
        max_tokens=spec.max_tokens,  # type: ignore[call-arg]  # the field's own alias
        extra_body=spec.extra_body,
    )


class CompatibleChat(ChatOpenAI):
    """ChatOpenAI that keeps the reasoning which compatible servers send beside the text."""

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """Send messages of text and pictures as they are, and read the answer as JSON.

        The stock way walks every block through its type hints and rebuilds request and answer as
        models, which takes longer than sending it; eight probes at once wait for each other there.
        """
        plain = [_plain(message) for message in messages]
        if None in plain or self.streaming or self.http_async_client is None or self.default_query:
            return await super()._agenerate(messages, stop, run_manager, **kwargs)
        payload = self._get_request_payload([], stop=stop, **kwargs)
        extra = payload.pop("extra_body", None) or {}
        body = {**payload, **extra, "messages": plain}
        answer = await self.http_async_client.post(
            f"{str(self.openai_api_base).rstrip('/')}/chat/completions",
            content=json.dumps(body),
            headers=self._headers(),
        )
        answer.raise_for_status()
        return self._create_chat_result(answer.json())

    def _headers(self) -> dict[str, str]:
        key = self.openai_api_key
        secret = key.get_secret_value() if isinstance(key, SecretStr) else ""
        said = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        return {**said, **(self.default_headers or {})}

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


def _plain(message: BaseMessage) -> dict[str, Any] | None:
    """Return a message of text and pictures as the protocol has it; None for any other."""
    role = _WIRE_ROLES.get(message.type)
    if role is None or message.additional_kwargs:
        return None
    if isinstance(message.content, str):
        return {"role": role, "content": message.content}
    if any(
        not isinstance(block, dict) or block.get("type") not in _WIRE for block in message.content
    ):
        return None
    return {"role": role, "content": message.content}


def _keep(message: BaseMessage, raw: Any) -> None:
    for field in _FIELDS:
        if text := (raw or {}).get(field):
            message.additional_kwargs["reasoning_content"] = text
            return
