"""A chat model for agents that does as it is told: calls tools in turn, then says a last word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr


class Host(BaseChatModel):
    """Calls tools as planned, whatever it is told.

    Args:
        plan: of each turn the calls, as (tool, arguments), or a text to say.
    """

    plan: Sequence[Any] = ()
    _turn: int = PrivateAttr(default=0)
    _heard: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "host"

    @property
    def heard(self) -> list[list[BaseMessage]]:
        """What it was given at each turn."""
        return self._heard

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> ChatResult:
        self._heard.append(messages)
        said = self.plan[self._turn] if self._turn < len(self.plan) else "Done."
        self._turn += 1
        if isinstance(said, str):
            return ChatResult(generations=[ChatGeneration(message=AIMessage(said))])
        calls = [
            {"name": tool, "args": arguments, "id": f"{self._turn}-{n}"}
            for n, (tool, arguments) in enumerate(said)
        ]
        message = AIMessage("", tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])


def tool_messages(out: Any) -> list[ToolMessage]:
    """Return what the tools of an agent answered, in order."""
    return [message for message in out["messages"] if isinstance(message, ToolMessage)]


def asking(text: str = "draw") -> dict[str, Any]:
    """Return the input of an agent."""
    return {"messages": [{"role": "user", "content": text}]}
