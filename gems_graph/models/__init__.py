"""Roles to chat models: anything LangChain can talk to, called in one way."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from gems_graph import plugins
from gems_graph.errors import ConfigError, ModelError
from gems_graph.retry import persistently
from gems_graph.settings import Settings

__all__ = ["Chat", "Reply", "open_chat"]


_OPENING = threading.Lock()  # two roles that start together must share one client


@dataclass(frozen=True)
class Reply:
    """A whole answer: its text, the reasoning shown with it, and why it ended."""

    text: str
    thought: str
    finish: str


class Chat:
    """A chat model as the loop calls it: limited, repeated after outages, reasoning kept.

    Args:
        model: any LangChain chat model.
        name: how records name it.
        server: whose limit on concurrent calls it shares.
    """

    def __init__(self, model: BaseChatModel, name: str, server: str) -> None:
        self.model, self.name, self.server = model, name, server

    async def complete(self, messages: list[BaseMessage], settings: Settings) -> Reply:
        """Ask once and return the whole answer.

        Raises:
            ModelError: the model could not be reached or refused the call.
        """

        async def call() -> AIMessage:
            async with _limit(self.server, settings.concurrency):
                return await self._call(messages)

        message = await persistently(
            call,
            retries=settings.retries,
            wait=settings.retry_wait,
            timeout=settings.call_timeout,
            failure=ModelError,
            what=f"The chat model {self.name!r}",
        )
        finish = str(message.response_metadata.get("finish_reason") or "")
        return Reply(str(message.text), _thought(message), finish)

    async def _call(self, messages: list[BaseMessage]) -> AIMessage:
        if _has_own_loop(self.model):
            # its pool of connections may belong to another event loop: stay off it
            return await asyncio.to_thread(self.model.invoke, messages)
        return await self.model.ainvoke(messages)


def open_chat(model: str | BaseChatModel, url: str | None = None) -> Chat:
    """Open the chat model that a name means, or wrap one that the caller made.

    Raises:
        ConfigError: nobody knows the name, or its package is missing.
    """
    if isinstance(model, str):
        with _OPENING:
            return _open(model, url)
    name = getattr(model, "model_name", None) or getattr(model, "model", None)
    label = str(name or type(model).__name__)
    return Chat(rehome(model), label, f"{type(model).__name__}:{id(model)}")


def rehome(model: BaseChatModel) -> BaseChatModel:
    """Return an OpenAI-family model with an HTTP client of its own; others unchanged.

    The stock client shares one pool over all event loops of the process: used from ours, it
    would break the host's own calls.
    """
    root = getattr(model, "root_async_client", None)
    if root is None:
        return model
    from openai import DefaultAsyncHttpxClient

    private = root.with_options(http_client=DefaultAsyncHttpxClient(), max_retries=0)
    completions = private.chat.completions
    return model.model_copy(update={"root_async_client": private, "async_client": completions})


@lru_cache(maxsize=64)
def _open(name: str, url: str | None) -> Chat:
    head, _, argument = name.partition(":")
    if opener := plugins.load("models", head):
        return Chat(opener(argument, url), name, f"{head}:{url}")
    return Chat(rehome(_langchain(name)), name, f"{head}:{url}")


def _langchain(name: str) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        return init_chat_model(name)
    except (ImportError, ValueError) as error:
        msg = (
            f"The chat model {name!r} cannot be opened: {_first_line(error)} Use `mini`, "
            "`compat:MODEL` with --mllm-url, or `provider:model` of LangChain."
        )
        raise ConfigError(msg) from error
    except Exception as error:
        # a provider's own complaint, most often a missing key; its text names the variable
        msg = f"The chat model {name!r} cannot be opened: {_first_line(error)}"
        raise ConfigError(msg) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@lru_cache(maxsize=256)
def _limit(server: str, concurrency: int) -> asyncio.Semaphore:
    """Return the limit shared by all runs of the process; it lives on the background loop."""
    return asyncio.Semaphore(concurrency)


def _has_own_loop(model: BaseChatModel) -> bool:
    """Tell whether a model keeps connections that we cannot move to our loop."""
    module = type(model).__module__
    return module.startswith("langchain_") and not (
        module.startswith("langchain_core") or hasattr(model, "root_async_client")
    )


def _thought(message: AIMessage) -> str:
    blocks: list[Any] = list(message.content_blocks)
    shown = [block["reasoning"] for block in blocks if block.get("reasoning")]
    extra = message.additional_kwargs
    return "\n".join(shown) or str(extra.get("reasoning_content") or extra.get("reasoning") or "")
