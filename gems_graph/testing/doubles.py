"""A scripted chat model and a painter."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from PIL import Image
from pydantic import PrivateAttr

Answer = str | dict[str, Any] | AIMessage | BaseException
Script = Answer | Sequence[Answer] | Callable[[str], Answer]

DEFAULTS: dict[str, Script] = {
    "select-skills": {"skills": []},
    "apply-skills": {"prompt": "a prompt written with a skill"},
    "decompose": {"criteria": ["Is it there?", "Is it right?"]},
    "verify": {"evidence": "seen", "answer": "yes"},
    "verify-all": lambda prompt: {
        "verdicts": [
            {"n": int(n), "evidence": "seen", "answer": "yes"}
            for n in re.findall(r'<criterion n="(\d+)"', prompt)
        ]
    },
    "refine": {"rationale": "say where", "prompt": "a better prompt"},
    "draw-svg": "<svg viewBox='0 0 64 64'><rect width='64' height='64' fill='#4060c0'/></svg>",
    "compress": {"experience": "saying where helps"},
    "rewrite": {"prompt": "a prompt in other words"},
    "score": {"evidence": "-", "accuracy": 5, "quality": 5, "coherence": 5, "overall": 5},
    "questions": {"criteria": ["Is it there?", "Is it right?"]},
    "edit-prompt": {"rationale": "it was late", "prompt": "an edited prompt"},
    "improve-prompt": {"rationale": "it was dull", "prompt": "an improved prompt"},
    "check-prompt": {"missing": [], "prompt": ""},
    "compare": {"rationale": "fewer failures", "better": "first"},
    "questions-with-parents": {
        "questions": [
            {"question": "Is it there?", "parents": []},
            {"question": "Is it right?", "parents": [1]},
        ]
    },
    "edit-failed": {"rationale": "it was vague", "prompt": "a prompt mended where it failed"},
    "score-all": lambda prompt: {
        "grades": [
            {
                "n": int(n),
                "evidence": "-",
                "accuracy": 5,
                "quality": 5,
                "coherence": 5,
                "overall": 5,
            }
            for n in re.findall(r"Picture (\d+):", prompt)
        ]
    },
}
"""What `ScriptedChat` answers to each task unless told otherwise."""


class ScriptedChat(BaseChatModel):
    """A chat model that answers each task by script and remembers what it was asked.

    Args:
        script: answers by task (`decompose`, `verify`, ...). One answer is given always, a
            sequence in turn (its last for ever), a function gets the text of the prompt. A dict
            is sent as JSON, an exception raised.
    """

    script: Mapping[str, Any] = {}
    _asked: list[tuple[str, list[BaseMessage]]] = PrivateAttr(default_factory=list)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "gems-scripted"

    def asked(self, task: str) -> list[list[BaseMessage]]:
        """Return the messages of every call of a task, in order."""
        return [messages for name, messages in self._asked if name == task]

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        prompt = text_of(messages[0])
        task = task_of(prompt)
        with self._lock:
            turn = len(self.asked(task))
            self._asked.append((task, messages))
        answer = planned({**DEFAULTS, **self.script}[task], turn, prompt)
        return ChatResult(generations=[ChatGeneration(message=_message(answer))])


class Painter:
    """A generator that paints a plain picture from prompt and seed, and remembers its calls.

    Args:
        script: what to do in turn instead of painting: an exception to raise, bytes to return,
            or None to paint.
    """

    name = "painter"

    def __init__(self, script: Sequence[BaseException | bytes | None] = ()) -> None:
        self.script = list(script)
        self.calls: list[tuple[str, int]] = []

    async def __call__(
        self, prompt: str, *, seed: int, size: tuple[int, int] | None = None
    ) -> bytes:
        """Return a PNG whose colour follows from prompt and seed."""
        turn = len(self.calls)
        self.calls.append((prompt, seed))
        step = self.script[turn] if turn < len(self.script) else None
        if isinstance(step, BaseException):
            raise step
        return step if step is not None else paint(prompt, seed, size or (64, 64))


def paint(prompt: str, seed: int, size: tuple[int, int]) -> bytes:
    """Return a one-colour PNG, another for each prompt and seed."""
    hashed = sum(map(ord, prompt)) * 31 + seed * 7919
    colour = (hashed % 256, hashed // 256 % 256, hashed // 65536 % 256)
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def text_of(message: BaseMessage) -> str:
    """Return a message's text, with `[picture]` where a picture stands."""
    if isinstance(message.content, str):
        return message.content
    blocks = [block if isinstance(block, dict) else {"text": block} for block in message.content]
    return "\n".join(str(block.get("text", "[picture]")) for block in blocks)


def task_of(prompt: str) -> str:
    """Return the task that an assembled prompt names."""
    match = re.search(r"<task>([a-z-]+)</task>", prompt)
    return match[1] if match else ""


def planned(script: Any, turn: int, prompt: str) -> Any:
    """Return what a script answers at its turn-th call."""
    if isinstance(script, list | tuple):
        script = script[min(turn, len(script) - 1)]
    return script(prompt) if callable(script) else script


def _message(answer: Answer) -> AIMessage:
    if isinstance(answer, BaseException):
        raise answer
    if isinstance(answer, AIMessage):
        return answer
    return AIMessage(answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False))
