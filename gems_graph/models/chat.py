"""One chat model, called in one way: limited, repeated, measured, its reasoning kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from gems_graph.calls.budget import ANSWER_TOKENS, Place, Purse
from gems_graph.calls.journal import Amount
from gems_graph.calls.ledger import Usage, nothing
from gems_graph.calls.limits import Limits
from gems_graph.calls.retry import GarbledError, persistently, status_of, within
from gems_graph.errors import ModelError
from gems_graph.models.openai_family import takes_extra_body
from gems_graph.settings import Settings
from gems_graph.settings.prices import Price

_NOT_TAKEN = {400, 422}  # what servers answer to a field that they do not know


@dataclass(frozen=True)
class Reply:
    """A whole answer: text, the reasoning shown with it, why it ended, what it used."""

    text: str
    thought: str
    finish: str
    refusal: str = ""
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    usage: Usage = field(default_factory=nothing)


class Chat:
    """A chat model as the loop calls it.

    Args:
        model: any LangChain chat model.
        name: how records and prices name it.
        server: whose limits it shares with other models.
        max_tokens: of one answer, if it was opened with a limit.
    """

    def __init__(
        self, model: BaseChatModel, name: str, server: str, max_tokens: int | None = None
    ) -> None:
        self.model, self.name, self.server, self.max_tokens = model, name, server, max_tokens
        self.declined: set[str] = set()  # extras that the server turned out not to take

    async def complete(
        self,
        messages: list[BaseMessage],
        settings: Settings,
        *,
        extras: Mapping[str, Mapping[str, Any]] | None = None,
        purse: Purse | None = None,
        key: str = "",
    ) -> Reply:
        """Ask once and return the whole answer; or what was answered to the same call before.

        Args:
            messages: the talk so far.
            settings: time limit, retries, limits.
            extras: fields of the request body by feature; one that the server does not take is
                left out, now and later. Only OpenAI-family models are sent any.
            purse: reserves before each try what it may spend at most.
            key: of this call in the journal; empty: it is not kept there.

        Raises:
            BudgetError: a cap would be exceeded.
            ModelError: the model could not be reached or refused the call.
        """
        job = _Job(self, messages, settings, purse or Purse(settings, Place()), key)
        wanted, dropped = self._wanted(extras or {}), set[str]()
        while True:
            try:
                reply = await job.run(wanted)
            except ModelError as error:
                if not wanted or status_of(error.__cause__) not in _NOT_TAKEN:
                    raise
                dropped.add(next(iter(wanted)))
                wanted = {name: body for name, body in wanted.items() if name not in dropped}
            else:
                self.declined |= dropped  # it was the extras, and not the rest of the request
                return reply

    @property
    def takes_extras(self) -> bool:
        """Whether fields beside the messages can be sent at all: OpenAI-family models only."""
        return takes_extra_body(self.model)

    def _wanted(self, extras: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        if not self.takes_extras:
            return {}
        return {name: body for name, body in extras.items() if name not in self.declined}

    async def invoke(self, messages: list[BaseMessage], options: dict[str, Any]) -> AIMessage:
        """Call the model itself, once."""
        if _has_own_loop(self.model):
            # its pool of connections may belong to another event loop: stay off it
            return await asyncio.to_thread(self.model.invoke, messages, **options)
        try:
            sent = [_for_openai(message) for message in messages] if self.takes_extras else messages
            return await self.model.ainvoke(sent, **options)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if not self.takes_extras:
                raise
            # what these clients make of a body that is no chat completion, as proxies send
            msg = "the answer is no chat completion; check the base URL (it often ends in /v1)"
            raise GarbledError(msg) from error


class _Job:
    """One call with its tries: what is sent, and what it took."""

    def __init__(
        self,
        chat: Chat,
        messages: list[BaseMessage],
        settings: Settings,
        purse: Purse,
        key: str,
    ) -> None:
        self._chat, self._messages, self._settings, self._purse = chat, messages, settings, purse
        self._key = key
        self._tries, self._seconds, self._size = 0, 0.0, size_of(messages)
        self._bound = chat.max_tokens or (ANSWER_TOKENS if purse.needs_bounds else None)

    async def run(self, wanted: Mapping[str, Mapping[str, Any]]) -> Reply:
        options = self._options(wanted)
        return await persistently(
            lambda: self._try(options),
            retries=self._settings.retries,
            wait=self._settings.retry_wait,
            failure=ModelError,
            what=f"The chat model {self._chat.name!r}",
        )

    async def _try(self, options: dict[str, Any]) -> Reply:
        size = self._size
        most = self._purse.chat_bound(self._chat.name, size.text, size.pictures, self._bound or 0)
        async with (
            Limits.of(self._chat.server, self._settings),
            self._purse.spending(most, self._key) as ticket,
        ):
            if ticket.found is not None:
                return Reply(**json.loads(ticket.found))
            self._tries += 1
            started = time.monotonic()
            try:
                call = self._chat.invoke(self._messages, options)
                message = await within(self._settings.call_timeout, call)
            finally:
                self._seconds += time.monotonic() - started
            reply = _reply(message, used := self._usage(message))
            if not used["unmetered"]:
                tokens = used["input_tokens"] + used["output_tokens"]
                ticket.actual = Amount(calls=1, tokens=tokens, cost=used["cost"] or 0.0)
            ticket.artifact = json.dumps(asdict(reply)) if self._key else None
            return reply

    def _options(self, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if wanted:
            options["extra_body"] = dict(getattr(self._chat.model, "extra_body", None) or {})
            for fields in wanted.values():
                options["extra_body"].update(fields)
        if self._bound and not self._chat.max_tokens:
            options["max_tokens"] = self._bound
        return options

    def _usage(self, message: AIMessage) -> Usage:
        used: Mapping[str, Any] = message.usage_metadata or {}
        sent = self._size.text + self._size.picture_bytes
        given, made = used.get("input_tokens", 0), used.get("output_tokens", 0)
        cached = (used.get("input_token_details") or {}).get("cache_read") or 0
        price = self._purse.price(self._chat.name)
        free = price is not None and price == Price()
        known = price is not None and bool(used)
        return Usage(
            calls=1, retries=self._tries - 1, input_tokens=given, output_tokens=made,
            reasoning_tokens=(used.get("output_token_details") or {}).get("reasoning") or 0,
            cached_tokens=cached, unmetered=0 if used else 1,
            images=0, bytes=self._tries * sent, seconds=self._seconds,
            cost=0.0 if free else price.of(given, made, cached) if price and known else None,
        )  # fmt: skip


class Size(NamedTuple):
    """What is sent: bytes of text, pictures, and bytes of those pictures (base64)."""

    text: int = 0
    pictures: int = 0
    picture_bytes: int = 0


def size_of(messages: Sequence[BaseMessage]) -> Size:
    """Return the size of what messages hold."""
    text, pictures = 0, []
    for message in messages:
        blocks: list[Any] = (
            [message.content] if isinstance(message.content, str) else message.content
        )
        for block in blocks:
            if isinstance(block, dict) and block.get("type") == "image":
                pictures.append(len(block.get("base64", "")))
            else:
                words = block if isinstance(block, str) else str(block.get("text", ""))
                text += len(words.encode())
    return Size(text, len(pictures), sum(pictures))


def _for_openai(message: BaseMessage) -> BaseMessage:
    """Write pictures as these servers take them, or LangChain would for each call, slowly."""
    if isinstance(message.content, str):
        return message
    return HumanMessage([_block(block) for block in message.content if isinstance(block, dict)])


def _block(block: dict[Any, Any]) -> dict[str, Any]:
    if block.get("type") != "image":
        return block
    url = f"data:{block['mime_type']};base64,{block['base64']}"
    return {"type": "image_url", "image_url": {"url": url}}


def _reply(message: AIMessage, usage: Usage) -> Reply:
    about = message.response_metadata
    finish = str(about.get("finish_reason") or about.get("stop_reason") or "")
    return Reply(
        text=_whole(str(message.text)),
        thought=_whole(_thought(message)),
        finish=finish,
        refusal=_whole(str(message.additional_kwargs.get("refusal") or "")),
        logprobs=list((about.get("logprobs") or {}).get("content") or []),
        usage=usage,
    )


def _whole(text: str) -> str:
    """Return text that any file and any server takes: half a character becomes `?`."""
    return text.encode("utf-8", "replace").decode()


def _thought(message: AIMessage) -> str:
    """Return the reasoning that came with an answer, however the provider sends it."""
    blocks: list[Any] = list(message.content_blocks)
    shown = [str(block["reasoning"]) for block in blocks if block.get("reasoning")]
    extra = message.additional_kwargs
    return "\n".join(shown) or str(extra.get("reasoning_content") or extra.get("reasoning") or "")


def _has_own_loop(model: BaseChatModel) -> bool:
    """Tell whether a model keeps connections that we cannot move to our loop."""
    module = type(model).__module__
    return module.startswith("langchain_") and not (
        module.startswith("langchain_core") or takes_extra_body(model)
    )
