"""What sets chat models of the OpenAI family apart: fields beside the messages, one shared pool."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel

from gems_graph.calls.transport import CHAT, bounded


def takes_extra_body(model: BaseChatModel) -> bool:
    """Tell whether a model sends fields beside the messages: it says so, or is OpenAI's own."""
    return getattr(model, "takes_extra_body", False) or _client_of(model) is not None


def rehome(model: BaseChatModel) -> BaseChatModel:
    """Return LangChain's OpenAI client with an HTTP client of its own; other models unchanged.

    The stock client shares one pool over all event loops of the process: used from ours, it
    would break the host's own calls. Its retries go, too: there is one retry layer, ours.
    """
    root = _client_of(model)
    if root is None:
        return model
    from openai import DefaultAsyncHttpxClient

    client = DefaultAsyncHttpxClient(
        timeout=None, follow_redirects=False, event_hooks=bounded(CHAT)
    )
    private = root.with_options(http_client=client, max_retries=0)
    clients = {
        "root_async_client": private,
        "async_client": private.chat.completions,
        "http_async_client": client,
    }
    return model.model_copy(update=clients)


def _client_of(model: BaseChatModel) -> Any:
    """Return the client that only `langchain_openai` keeps, without importing that package."""
    return getattr(model, "root_async_client", None)
