"""What a node may use: models by role, the generator, prompts, skills, the store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage

from gems_graph.calls.budget import Place, Purse, check_prices
from gems_graph.calls.ledger import Ledger
from gems_graph.errors import AnswerError, RefusedError
from gems_graph.events import Tell, silent
from gems_graph.generators import Generator, open_generator
from gems_graph.images import Store
from gems_graph.models import Chat, open_chat
from gems_graph.models.answers import Answer, F, ask, response_format
from gems_graph.models.chat import Reply
from gems_graph.prompting.templates import prompts_in
from gems_graph.runtime.drawing import Drawing
from gems_graph.settings import Settings
from gems_graph.settings.roles import ROLES, ModelSpec, Role
from gems_graph.skills import Skill, Skills
from gems_graph.state import ImageRef, Round, Thought

_NOWHERE = Place()


class Toolbox:
    """The only door from a node to the world; tests replace it whole.

    Made anew for each node call; the clients behind it are shared.

    Args:
        settings: in effect for this call.
        store: where pictures and long texts go.
        place: where in which trajectory: the scope of its caps, and which calls are the same.
        models: chat models made by the caller, by role or for all as `default`.
        generator: an image generator made by the caller.
        skills: made by the caller.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        place: Place = _NOWHERE,
        models: Mapping[str, Chat] | None = None,
        generator: Generator | None = None,
        skills: Sequence[Skill] = (),
    ) -> None:
        self.settings, self.store = settings, store
        self._skills = skills
        self._models, self._generator = models or {}, generator
        self.tell: Tell = silent
        self._purse = Purse(settings, place)

    @property
    def ledger(self) -> Ledger:
        """What this node has used so far, by role."""
        return self._purse.ledger

    def names(self) -> dict[str, str]:
        """Return who plays each role, and the generator, as records and prices name them."""
        names: dict[str, str] = {role: self._name(role) for role in ROLES if role != "judge"}
        return {**names, "generator": self._generator_name}

    def check_prices(self) -> None:
        """Make sure that a cap on money can hold.

        Raises:
            ConfigError: the price of a model in use is unknown.
        """
        check_prices(self.settings, [*self.names().values()])

    async def ask(
        self, role: Role, task: str, form: type[F], *, logprobs: bool = False, **values: Any
    ) -> Answer[F]:
        """Ask the chat model of a role a task from `prompts/`, and read its answer.

        Args:
            role: who is asked.
            task: name of the prompt template.
            form: what the answer must be.
            logprobs: also ask for log-probabilities, where the server gives them.
            values: what the template shows.

        Raises:
            AnswerError: the model gave no usable answer.
            ModelError: the model could not be reached.
            BudgetError: a cap would be exceeded.
        """
        chat, [message] = await asyncio.to_thread(self._prepare, role, task, [values])
        return await self._put(role, chat, message, form, logprobs)

    async def ask_each(
        self,
        role: Role,
        task: str,
        form: type[F],
        cases: Sequence[dict[str, Any]],
        *,
        logprobs: bool = False,
    ) -> list[Answer[F] | RefusedError]:
        """Ask the same task about several cases at once; the first failure cancels the others.

        Returns:
            One answer, or refusal, a case, in order.

        Raises:
            AnswerError: the model gave no usable answer to one.
            ModelError: the model could not be reached.
            BudgetError: a cap would be exceeded.
        """
        # one hop to a thread for all: eight would only take turns with the event loop
        chat, messages = await asyncio.to_thread(self._prepare, role, task, cases)

        async def put(message: HumanMessage) -> Answer[F] | RefusedError:
            try:
                return await self._put(role, chat, message, form, logprobs, refusable=True)
            except RefusedError as refusal:
                return refusal

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(put(message)) for message in messages]
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return [task.result() for task in tasks]

    async def _put(
        self,
        role: Role,
        chat: Chat,
        message: HumanMessage,
        form: type[F],
        logprobs: bool,
        *,
        refusable: bool = False,
    ) -> Answer[F]:
        extras = self._extras(form, logprobs)
        keys: list[str] = []

        async def call(messages: list[BaseMessage]) -> Reply:
            # numbered, as a model may say the same twice
            request = _request(self.settings.model_for(role), extras, len(keys), messages)
            keys.append(self._purse.key(role, chat.name, request))
            reply = await chat.complete(
                messages, self.settings, extras=extras, purse=self._purse, key=keys[-1]
            )
            self._purse.note(role, reply.usage)
            return reply

        try:
            return await ask(call, [message], form, self.settings.attempts, chat.name)
        except AnswerError as error:
            if not (refusable and isinstance(error, RefusedError)):
                await self._purse.discard(keys)
            raise

    async def generate(self, prompt: str, seed: int) -> ImageRef:
        """Draw one picture and keep it.

        Raises:
            GeneratorError: the generator failed or returned no picture.
            BudgetError: a cap would be exceeded.
        """
        draw = self._generator
        if draw is None:
            draw = await asyncio.to_thread(open_generator, self.settings.generator)
        job = Drawing(draw, self._generator_name, self.settings, self.store, self._purse)
        return await job.run(prompt, seed)

    @property
    def _generator_name(self) -> str:
        return str(getattr(self._generator, "name", None) or self.settings.generator)

    def _chat(self, role: Role) -> Chat | None:
        """Return the caller's own model for a role; a role named in the settings goes first."""
        if role in self.settings.roles:
            return self._models.get(role)
        return self._models.get(role) or self._models.get("default")

    def _name(self, role: Role) -> str:
        chat = self._chat(role)
        return chat.name if chat else self.settings.model_for(role).mllm or ""

    def _extras(self, form: type[F], logprobs: bool) -> dict[str, dict[str, Any]]:
        """Return what only some servers take, the most expendable first."""
        extras: dict[str, dict[str, Any]] = {}
        if logprobs and self.settings.logprobs == "auto":
            extras["logprobs"] = {"logprobs": True, "top_logprobs": 20}
        if self.settings.structured == "auto":
            extras["schema"] = response_format(form)
        return extras

    async def skills(self) -> Skills:
        """Return the skills on disk as of now, their manifest read."""
        given, local = self.settings.skills, self.settings.local_skills
        return await asyncio.to_thread(lambda: Skills(given, self._skills, local=local))

    async def instructions(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return `name`, `instructions` and `files` of picked skills (`state["skills"]`).

        In the order of the names; a skill that is gone or broken by now is left out.
        """
        skills = await self.skills()
        return await asyncio.to_thread(skills.instructions, names)

    async def reference(self, skill: Skill, path: str) -> dict[str, Any]:
        """Read a file that a skill refers to, for a prompt: `name`, and `text` or `image`.

        Raises:
            ConfigError: there is no such file, or it is too large.
            GeneratorError: it is to be a picture, and is none.
        """
        found = await asyncio.to_thread(skill.reference, path)
        image = None
        if found.image is not None:
            image = await asyncio.to_thread(self.store.put_image, found.image)
        return {"name": f"{skill.name}/{found.path}", "text": found.text, "image": image}

    async def keep(self, thought: str) -> Thought:
        """Put reasoning into a form that state can hold."""
        return await asyncio.to_thread(self.store.put_thought, thought)

    async def recall(self, rounds: Sequence[Round]) -> list[str]:
        """Return the whole reasoning of each round, T_1 to T_i."""
        return await asyncio.to_thread(
            lambda: [self.store.thought(round_["thought"]) for round_ in rounds]
        )

    def _prepare(
        self, role: Role, task: str, cases: Sequence[dict[str, Any]]
    ) -> tuple[Chat, list[HumanMessage]]:
        """Open the model of a role and assemble its messages; reads files, so not on the loop."""
        chat = self._chat(role) or open_chat(self.settings.model_for(role))
        return chat, [HumanMessage(self._assemble(task, values)) for values in cases]

    def _assemble(self, task: str, values: dict[str, Any]) -> list[Any]:
        parts = prompts_in(self.settings.prompts).render(task, **values)
        return [_text(part) if isinstance(part, str) else self._image(*part) for part in parts]

    def _image(self, ref: ImageRef, side: int | None) -> dict[str, str]:
        data, media_type = self.store.view(
            ref, side or self.settings.vision_max_side, self.settings.vision_format
        )
        return {"type": "image", "base64": data, "mime_type": media_type}


MakeToolbox = Callable[[Settings, Place], Toolbox]
"""Makes a toolbox from the settings in effect and the place in a trajectory."""


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _request(
    model: ModelSpec, extras: Mapping[str, Any], turn: int, messages: Sequence[BaseMessage]
) -> Iterator[str]:
    """Yield all that a chat call says, for its key."""
    yield from (model.model_dump_json(), json.dumps(extras), str(turn))
    for message in messages:
        yield message.type
        blocks = [message.content] if isinstance(message.content, str) else message.content
        for block in blocks:
            yield from [block] if isinstance(block, str) else map(str, block.values())
