"""What sets chat models of the OpenAI family apart: fields beside the messages, one shared pool."""

from __future__ import annotations

from langchain_core.language_models import BaseChatModel

from gems_graph.calls.transport import CHAT, bounded
from gems_graph.private_hooks import is_openai, with_client


def takes_extra_body(model: BaseChatModel) -> bool:
    """Tell whether a model sends fields beside the messages: it declares so, or is OpenAI's."""
    return getattr(model, "takes_extra_body", False) or is_openai(model)


def rehome(model: BaseChatModel) -> BaseChatModel:
    """Return LangChain's OpenAI client with an HTTP client of its own; other models unchanged.

    The stock client shares one pool over all event loops of the process: used from ours, it
    would break the host's own calls. Its retries go, too: there is one retry layer, ours.
    """
    if not is_openai(model):
        return model
    from openai import DefaultAsyncHttpxClient

    client = DefaultAsyncHttpxClient(
        timeout=None, follow_redirects=False, event_hooks=bounded(CHAT)
    )
    rehomed: BaseChatModel = with_client(model, client)
    return rehomed
