"""`compat:MODEL`: any OpenAI-compatible server (SGLang, vLLM, Ollama, LM Studio, Kimi)."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import httpx2
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from pydantic import Field, PrivateAttr, SecretStr

from gems_graph.calls.transport import CHAT, authorities, bounded
from gems_graph.errors import ConfigError
from gems_graph.models.wire import read_answer, write_message
from gems_graph.settings.credentials import key_in
from gems_graph.settings.roles import ModelSpec
from gems_graph.settings.servers import check_server

_POOL = httpx2.Limits(max_connections=1000, max_keepalive_connections=100)
"""More than any `concurrency`: the limit on calls at once is ours, not the pool's."""

_OWN = re.compile(r"//[^/]*\bopenai\.(?:azure\.)?com\b", re.IGNORECASE)
"""OpenAI's own servers."""


def open_backend(model: str, spec: ModelSpec) -> BaseChatModel:
    """Open a model of an OpenAI-compatible server.

    The key is read from `GEMS_API_KEY`, then `OPENAI_API_KEY`; servers without keys need none.

    Raises:
        ConfigError: no model or no base URL is named, or the key is none that HTTP can send.
    """
    url = spec.mllm_url or os.environ.get("OPENAI_BASE_URL")
    if not model or not url:
        msg = (
            "`compat:MODEL` needs a model and a base URL, for example --mllm compat:qwen3-vl "
            "--mllm-url http://localhost:8000/v1 (or GEMS_MLLM and GEMS_MLLM_URL)."
        )
        raise ConfigError(msg)
    check_server(url)
    key = key_in("GEMS_API_KEY") or key_in("OPENAI_API_KEY") or "none"
    return CompatibleChat(
        model_name=model,
        base_url=url,
        api_key=SecretStr(key),
        temperature=spec.temperature,
        max_tokens=spec.max_tokens,
        extra_body=spec.extra_body or {},
    )


class CompatibleChat(BaseChatModel):
    """A chat model behind `POST BASE_URL/chat/completions`.

    It sends text and pictures, and keeps the reasoning that servers send beside the text, in
    `additional_kwargs["reasoning_content"]`. Time limits, retries and limits on calls at once are
    the caller's. It binds no tools, so `with_structured_output` is not there either (send a
    `response_format` in `extra_body`), and `stream` yields the whole answer as one chunk.

    Args:
        model_name: as the server calls it.
        base_url: without `/chat/completions`.
        api_key: sent as `Authorization: Bearer KEY`.
        temperature: of sampling; None: the server's own.
        max_tokens: of one answer at most, its reasoning included; None: the server's own.
        extra_body: more fields of the request; those of a call win over them.
    """

    takes_extra_body: ClassVar[bool] = True
    key_variable: ClassVar[str] = "GEMS_API_KEY"

    model_name: str
    base_url: str
    api_key: SecretStr
    temperature: float | None = None
    max_tokens: int | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict)
    _client: tuple[asyncio.AbstractEventLoop, httpx2.AsyncClient] | None = PrivateAttr(default=None)

    @property
    def _llm_type(self) -> str:
        return "gems-compat"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return self._options({})

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await self._post(self._client_of_this_loop(), self._body(messages, stop, kwargs))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """Ask over a connection of its own: the caller's thread may have a loop that runs."""

        async def once() -> ChatResult:
            async with _open_client(self.base_url) as client:
                return await self._post(client, self._body(messages, stop, kwargs))

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: asyncio.run(once())).result()

    async def _post(self, client: httpx2.AsyncClient, body: Mapping[str, Any]) -> ChatResult:
        response = await client.post(
            f"{self.base_url.rstrip('/')}/chat/completions",
            content=json.dumps(body),
            headers={
                "Authorization": f"Bearer {self.api_key.get_secret_value()}",
                "Content-Type": "application/json",
            },
        )
        response.raise_for_status()
        return read_answer(response.json(), self.model_name)

    def _body(
        self, messages: list[BaseMessage], stop: list[str] | None, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        fields = {"stream": False, **self._options(given), **({"stop": stop} if stop else {})}
        extra = {**self.extra_body, **(given.get("extra_body") or {})}
        return {**fields, "messages": [write_message(message) for message in messages], **extra}

    def _options(self, call_options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a request beside messages and extra ones: the model's, a call's."""
        own_options = {"model": self.model_name, "temperature": self.temperature}
        fields = {**own_options, "max_tokens": self.max_tokens, **call_options}
        fields["max_completion_tokens"] = fields["max_tokens"]  # the name in the protocol today
        if _OWN.search(self.base_url):  # refuses the older name, which others know alone
            del fields["max_tokens"]
        return {k: v for k, v in fields.items() if v is not None and k != "extra_body"}

    def _client_of_this_loop(self) -> httpx2.AsyncClient:
        """Return the client, or a new one on another loop, where its connections are of no use."""
        loop, entry = asyncio.get_running_loop(), self._client
        if entry is None or entry[0] is not loop:
            entry = self._client = (loop, _open_client(self.base_url))
        return entry[1]


def _open_client(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        timeout=None,  # time limits are the caller's
        follow_redirects=False,
        limits=_POOL,
        verify=authorities(url),
        event_hooks=bounded(CHAT),
    )
