"""Ask a chat model and read its answer: a typed value or a typed error, nothing guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from pydantic import ValidationError

from gems_graph.calls.budget import Budget
from gems_graph.errors import AnswerError, RefusedError, UnreadableError
from gems_graph.models.chat import Chat
from gems_graph.models.forms import Form
from gems_graph.models.ladder import Extras
from gems_graph.models.reasoning import parts_of
from gems_graph.models.reply import Reply
from gems_graph.prompting.templates import unescape
from gems_graph.settings import Settings
from gems_graph.settings.redaction import shortened
from gems_graph.settings.roles import Role

__all__ = ["Answer", "F", "Form", "Question", "ask", "plain"]  # what a node asks with
F = TypeVar("F", bound=Form)
_CUT = {"length", "max_tokens", "MAX_TOKENS"}
_REFUSED = {
    "content_filter", "refusal", "safety", "prohibited_content", "blocklist", "image_safety",
    "guardrail_intervened", "sensitive",
}  # fmt: skip


@dataclass(frozen=True)
class Answer(Generic[F]):
    """An answer: its value, the reasoning that came with it, and the reply it was read from."""

    value: F
    thought: str
    reply: Reply


@dataclass(frozen=True)
class Question(Generic[F]):
    """What is asked of a role.

    Attributes:
        role: who is asked.
        message: the assembled prompt.
        form: what the answer must be.
        extras: what only some servers take.
        branch: of a strategy that asks the same side by side; empty: there is one.
        dispensable: that there is no answer is of use, too, and not asked for again on resume.
    """

    role: Role
    message: BaseMessage
    form: type[F]
    extras: Extras
    branch: str = ""
    dispensable: bool = False


async def ask(
    question: Question[F], chat: Chat, settings: Settings, budget: Budget
) -> Answer[F] | RefusedError | UnreadableError:
    """Ask until the answer can be read, at most `settings.attempts` times, and return it.

    Returned, not raised, are a refusal and that no answer could be read.

    Raises:
        AnswerError: no answer could be read, and the settings are `strict`.
        ModelError: the model could not be reached.
        BudgetError: a cap would be exceeded.
    """
    messages, keys = [question.message], list[str]()
    for turn in range(settings.attempts):
        request = _request(question, settings, turn, messages)
        keys.append(budget.key(question.role, chat.name, request, branch=question.branch))
        reply = await chat.complete(
            messages, settings, budget, role=question.role, extras=question.extras, key=keys[-1]
        )
        if reply.refusal or reply.finish.lower() in _REFUSED:
            if not question.dispensable:
                await budget.discard(keys)
            said = shortened(reply.refusal or reply.text or reply.finish)
            msg = f"The {question.role} {chat.name!r} refused to answer: {said}."
            return RefusedError(f"{msg} Reword the request, or use another model.", reply.text)
        try:
            return _read(reply, question.form)
        except ValueError as error:
            complaint, remedy = _complaint(reply, error)
        reminder = HumanMessage(f"{complaint} {question.form.reminder}")
        messages = [question.message, AIMessage(reply.text or "(empty)"), reminder]
    if settings.strict or not question.dispensable:
        await budget.discard(keys)
    msg = (
        f"The {question.role} {chat.name!r} gave no usable answer in {settings.attempts} attempts. "
        f"{complaint} {remedy} It began: “{shortened(reply.text)}”"
    )
    if settings.strict:
        raise AnswerError(msg, raw=reply.text)
    return UnreadableError(msg, raw=reply.text)


def _request(
    question: Question[F], settings: Settings, turn: int, messages: Sequence[BaseMessage]
) -> Iterator[str]:
    """Yield all that a chat call says, for its key.

    With the number of the turn, as a model may give the same answer twice.
    """
    model = settings.model_for(question.role)
    yield from (model.model_dump_json(), json.dumps(question.extras), str(turn))
    for message in messages:
        yield message.type
        blocks = [message.content] if isinstance(message.content, str) else message.content
        for block in blocks:
            yield from [block] if isinstance(block, str) else map(str, block.values())


def _read(reply: Reply, form: type[F]) -> Answer[F]:
    """Read a reply's answer; reasoning inside its text is the thought where none came beside it.

    Raises:
        ValueError: it is cut, or holds no such answer.
    """
    if reply.finish in _CUT:
        msg = "cut"
        raise ValueError(msg)
    text, thought = parts_of(reply.text)
    return Answer(form.read(text), reply.thought or thought, reply)


def _complaint(reply: Reply, error: ValueError) -> tuple[str, str]:
    """Say what is wrong with an answer, for the model and for people, and what helps."""
    if reply.finish in _CUT:
        return "It was cut off at the token limit.", "Raise max_tokens, or ask for fewer criteria."
    text, thought = parts_of(reply.text)
    if not text:
        if reply.thought or thought:
            return "It held reasoning and no answer.", "Raise max_tokens, or lower its thinking."
        return "It was empty.", "Check that the model takes pictures and system load is normal."
    if isinstance(error, ValidationError):
        problem = error.errors()[0]
        location = ".".join(map(str, problem["loc"])) or "answer"
        return f"It could not be read ({location}: {problem['msg']}).", "Try a stronger model."
    return f"It could not be read ({error}).", "Try a stronger model."


def plain(text: str) -> str:
    """Return free text of a model as it is meant: our escapes undone, edges trimmed."""
    return unescape(text).strip()
