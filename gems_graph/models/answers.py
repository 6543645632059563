"""Strict answers: what was asked for, or a typed error; never a guess at broken JSON."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from pydantic import BaseModel, ConfigDict, ValidationError

from gems_graph.errors import AnswerError, RefusedError
from gems_graph.models.chat import Reply
from gems_graph.prompting.templates import unescape


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
Call = Callable[[list[BaseMessage]], Awaitable[Reply]]
_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(.*?)\n?```\Z", re.DOTALL | re.IGNORECASE)
_CUT = {"length", "max_tokens", "MAX_TOKENS"}
_NOISE = {"default", "title", "description"}  # keys that strict servers refuse or ignore
_REFUSED = {"content_filter", "refusal", "SAFETY"}


@dataclass(frozen=True)
class Answer(Generic[F]):
    """A read answer, the reasoning that came with it, and the reply as it was."""

    value: F
    thought: str
    reply: Reply


async def ask(
    call: Call, messages: Sequence[BaseMessage], form: type[F], attempts: int, name: str
) -> Answer[F]:
    """Ask until the answer can be read, at most `attempts` times.

    Args:
        call: makes one call and returns the whole reply.
        messages: what is asked.
        form: what the answer must be.
        attempts: calls at most.
        name: who is asked, for the message.

    Raises:
        RefusedError: the model will not answer; it is not asked again.
        AnswerError: its answers could not be read; carries the last raw text.
        ModelError: the model could not be reached.
    """
    talk = list(messages)
    for _ in range(attempts):
        reply = await call(talk)
        if reply.refusal or reply.finish in _REFUSED:
            msg = f"{name!r} refused to answer: {reply.refusal or reply.text or reply.finish}"
            raise RefusedError(f"{msg}. Reword the request, or use another model.", reply.text)
        try:
            return Answer(_read(reply, form), reply.thought, reply)
        except ValueError as error:
            said, remedy = _complaint(reply, error)
            again = f"{said} Answer with the JSON object alone, as asked."
            talk = [*messages, AIMessage(reply.text or "(empty)"), HumanMessage(again)]
    msg = f"{name!r} gave no usable answer in {attempts} attempts. {said} {remedy}"
    raise AnswerError(msg, raw=reply.text)


@cache
def response_format(form: type[Form]) -> dict[str, Any]:
    """Return the JSON schema of a form as OpenAI-compatible servers take it."""
    schema = _closed(form.model_json_schema())
    named = {"name": form.__name__.lower(), "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _read(reply: Reply, form: type[F]) -> F:
    if reply.finish in _CUT:
        msg = "cut"
        raise ValueError(msg)
    text = reply.text.strip()
    fenced = _FENCED.match(text)
    value = form.read(fenced[1] if fenced else text)
    assert isinstance(value, form)  # narrows the type
    return value


def _complaint(reply: Reply, error: ValueError) -> tuple[str, str]:
    """Say what is wrong with an answer, for the model and for people, and what helps."""
    if reply.finish in _CUT:
        return "It was cut off at the token limit.", "Raise max_tokens, or ask for fewer criteria."
    if not reply.text.strip():
        if reply.thought:
            return "It held reasoning and no answer.", "Raise max_tokens, or lower its thinking."
        return "It was empty.", "Check that the model takes pictures and system load is normal."
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "answer"
        return f"It could not be read ({where}: {first['msg']}).", "Try a stronger model."
    return f"It could not be read ({error}).", "Try a stronger model."


def _closed(schema: Any) -> Any:
    """Make every object of a schema closed and every key required, as strict servers want."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items() if key not in _NOISE}
    if "properties" in closed:
        closed |= {"additionalProperties": False, "required": list(closed["properties"])}
    return closed


def plain(text: str) -> str:
    """Return free text of a model as it is meant: our escapes undone, edges trimmed."""
    return unescape(text).strip()
