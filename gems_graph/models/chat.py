"""One chat model, called in one way: limited, repeated, measured, its reasoning kept."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from functools import partial
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from gems_graph.calls.amounts import Amount, Outcome
from gems_graph.calls.budget import ANSWER_TOKENS, Budget
from gems_graph.calls.ledger import Usage
from gems_graph.calls.limits import limits_of
from gems_graph.calls.paid import Effort, PaidCall, pay
from gems_graph.calls.retry import GarbledError, status_of
from gems_graph.errors import ModelError
from gems_graph.models.ladder import Extras, Ladder
from gems_graph.models.messages import Size, for_openai, size_of
from gems_graph.models.openai_family import rehome, takes_extra_body
from gems_graph.models.reply import Reply, reply_of, tokens_of
from gems_graph.settings import Settings
from gems_graph.settings.prices import Price
from gems_graph.traces.langchain import call_config
from gems_graph.traces.spans import note_messages


class Chat:
    """A chat model as the loop calls it.

    Args:
        model: any LangChain chat model; we call it by a client of our own where we can.
        name: how records and prices name it.
        server: whose limits it shares with other models.
        max_tokens: of one answer, if it was opened with a limit.
    """

    def __init__(
        self, model: BaseChatModel, name: str, server: str, max_tokens: int | None = None
    ) -> None:
        self.name, self.server, self.max_tokens = name, server, max_tokens
        self._given, self._ours = model, (os.getpid(), rehome(model))
        self.ladder = Ladder()

    @property
    def model(self) -> BaseChatModel:
        """The model, with a client of this process: a forked child's loop is another."""
        if self._ours[0] != os.getpid():
            self._ours = os.getpid(), rehome(self._given)
        return self._ours[1]

    async def complete(
        self,
        messages: list[BaseMessage],
        settings: Settings,
        budget: Budget,
        *,
        role: str,
        extras: Extras | None = None,
        key: str = "",
    ) -> Reply:
        """Ask once and return the whole answer; or what was answered to the same call before.

        Args:
            messages: the conversation so far.
            settings: time limit, retries, limits.
            budget: reserves before each try what it may spend at most.
            role: under which the ledger counts the call.
            extras: fields that one server takes and another does not; what it does not take is
                left out, now and later. Only OpenAI-family models are sent any.
            key: of this call in the journal; empty: it is not kept there.

        Raises:
            BudgetError: a cap would be exceeded.
            ModelError: the model could not be reached or refused the call.
        """
        bound = self.max_tokens or (ANSWER_TOKENS if budget.needs_bounds else None)
        call = self._call(messages, settings, budget, bound, role, key)
        climb = self.ladder.climb((extras or {}) if self.takes_extras else {})
        while True:
            make = partial(self.invoke, messages, self._options(climb.sending, bound), role)
            try:
                reply = await pay(replace(call, make=make, final=climb.final), budget)
            except ModelError as error:
                if not climb.down(status_of(error.__cause__)):
                    raise
            else:
                climb.ends()
                return reply

    @property
    def takes_extras(self) -> bool:
        """Whether fields beside the messages can be sent at all: OpenAI-family models only."""
        return takes_extra_body(self.model)

    def _options(self, extras: Extras, bound: int | None) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if extras:
            options["extra_body"] = dict(getattr(self.model, "extra_body", None) or {})
            for fields in extras.values():
                options["extra_body"].update(fields)
        if bound and not self.max_tokens:
            options["max_tokens"] = bound
        return options

    def _call(
        self,
        messages: list[BaseMessage],
        settings: Settings,
        budget: Budget,
        bound: int | None,
        role: str,
        key: str,
    ) -> PaidCall[AIMessage, Reply]:
        size = size_of(messages)
        return PaidCall(
            callee=f"The chat model {self.name!r}",
            role=role,
            limits=limits_of(self.server, settings.concurrency, settings.requests_per_minute),
            most=budget.chat_bound(self.name, size.text, size.pictures, bound or 0),
            key=key,
            timeout=settings.call_timeout,
            retries=settings.retries,
            wait=settings.retry_wait,
            failure=ModelError,
            make=partial(self.invoke, messages, {}, role),
            read=partial(_read, size, budget.price(self.name)),
            recall=_recall,
            key_variable=getattr(self.model, "key_variable", ""),
            player=self.name,
        )

    async def invoke(
        self, messages: list[BaseMessage], options: dict[str, Any], role: str = "chat"
    ) -> AIMessage:
        """Call the model itself, once."""
        config = call_config(role)
        note_messages("input", messages)
        if _has_own_loop(self.model):
            # its pool of connections may belong to another event loop: stay off it
            return await asyncio.to_thread(self.model.invoke, messages, config, **options)
        try:
            if self.takes_extras:
                messages = [for_openai(message) for message in messages]
            return await self.model.ainvoke(messages, config, **options)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if not self.takes_extras or isinstance(error, UnicodeEncodeError):  # of a header
                raise
            # what these clients make of a body that is no chat completion, as proxies send
            msg = "the answer is no chat completion; check the base URL (it often ends in /v1)"
            raise GarbledError(msg) from error


async def _read(
    size: Size, price: Price | None, message: AIMessage, effort: Effort
) -> Outcome[Reply]:
    """Return the reply in a message, and what it took."""
    note_messages("output", [message])
    reply = reply_of(message, _usage(message, size, price, effort))
    usage, spent = reply.usage, None
    if not usage["unmetered"]:
        tokens = usage["input_tokens"] + usage["output_tokens"]
        spent = Amount(calls=1, tokens=tokens, cost=usage["cost"] or 0.0)
    return Outcome(reply, usage, spent, vars(reply))


async def _recall(artifact: dict[str, Any]) -> Outcome[Reply]:
    reply = Reply(**artifact)
    return Outcome(reply, reply.usage)


def _usage(message: AIMessage, size: Size, price: Price | None, effort: Effort) -> Usage:
    tokens = tokens_of(message)
    cost = None
    if price == Price():
        cost = 0.0
    elif price and not tokens["unmetered"]:
        cost = price.of(tokens["input_tokens"], tokens["output_tokens"], tokens["cached_tokens"])
    bytes_sent = effort.tries * (size.text + size.picture_bytes)
    measured = {
        "retries": effort.tries - 1,
        "bytes": bytes_sent,
        "image_bytes": effort.tries * size.picture_bytes,
        "seconds": effort.seconds,
        "cost": cost,
    }
    return Usage(**{**tokens, **measured})  # type: ignore[typeddict-item]  # its own keys


def _has_own_loop(model: BaseChatModel) -> bool:
    """Tell whether a model keeps connections that we cannot move to our loop."""
    module = type(model).__module__
    return module.startswith("langchain_") and not (
        module.startswith("langchain_core") or takes_extra_body(model)
    )
