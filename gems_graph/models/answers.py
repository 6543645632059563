"""Strict answers: what was asked for, or a typed error; never a guess at broken JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from pydantic import BaseModel, ConfigDict, ValidationError

from gems_graph.errors import AnswerError
from gems_graph.models import Chat, Reply
from gems_graph.prompts import unescape
from gems_graph.settings import Settings


class Form(BaseModel):
    """Base of the answers that nodes ask for; unknown keys are ignored, types are not bent."""

    model_config = ConfigDict(strict=True, extra="ignore")

    @classmethod
    def read(cls, text: str) -> Form:
        """Read an answer; forms that also accept bare words override this.

        Raises:
            ValueError: the text is not such an answer.
        """
        return cls.model_validate_json(text)


F = TypeVar("F", bound=Form)
_FENCED = re.compile(r"\A```(?:json)?\s*\n(.*?)\n?```\Z", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Answer(Generic[F]):
    """A read answer and the reasoning that came with it."""

    value: F
    thought: str


async def ask(
    chat: Chat, messages: Sequence[BaseMessage], form: type[F], settings: Settings
) -> Answer[F]:
    """Ask until the answer can be read, at most `settings.attempts` times.

    Raises:
        AnswerError: it never could; carries the last raw text.
        ModelError: the model could not be reached.
    """
    talk = list(messages)
    for _ in range(settings.attempts):
        reply = await chat.complete(talk, settings)
        try:
            return Answer(_read(reply, form), reply.thought)
        except ValueError as error:
            complaint = _complaint(reply, error)
            talk = [*messages, AIMessage(reply.text or "(empty)"), HumanMessage(complaint)]
    msg = (
        f"{chat.name!r} gave no usable answer in {settings.attempts} attempts. {complaint} "
        "Try another model, or raise its max_tokens if answers are cut short."
    )
    raise AnswerError(msg, raw=reply.text)


def _read(reply: Reply, form: type[F]) -> F:
    if reply.finish == "length":
        msg = "the answer was cut off at the token limit"
        raise ValueError(msg)
    if not reply.text.strip():
        msg = "the answer was empty"
        raise ValueError(msg)
    text = reply.text.strip()
    fenced = _FENCED.match(text)
    value = form.read(fenced[1] if fenced else text)
    assert isinstance(value, form)
    return value


def _complaint(reply: Reply, error: ValueError) -> str:
    """Say what is wrong with an answer, briefly, for the model and for people."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "answer"
        reason = f"{where}: {first['msg']}"
    else:
        reason = str(error)
    return f"That could not be read ({reason}). Answer with the JSON object alone, as asked."


def plain(text: str) -> str:
    """Return free text of a model as it is meant: our escapes undone, edges trimmed."""
    return unescape(text).strip()
