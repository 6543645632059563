"""Roles to chat models: anything LangChain can talk to, called in one way."""

from gems_graph.models.chat import Chat
from gems_graph.models.openai_family import rehome
from gems_graph.models.opening import open_chat, wrap

__all__ = ["Chat", "open_chat", "rehome", "wrap"]
