"""What a node may use: models by role, the generator, prompts, skills, the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from langchain_core.messages import HumanMessage

from gems_graph.calls.budget import Budget, Place
from gems_graph.calls.ledger import Ledger
from gems_graph.calls.paid import pay
from gems_graph.errors import RefusedError
from gems_graph.events import PictureReady, Progress, RoundStarted, Tell, silent
from gems_graph.generators import Generator
from gems_graph.images import Store
from gems_graph.models import Chat, open_chat
from gems_graph.models.answers import Answer, F, Question, ask
from gems_graph.prompting.templates import prompts_in
from gems_graph.runtime.backends import GEMS_ROLES, Backends
from gems_graph.runtime.drawing import Drawing
from gems_graph.runtime.library import Library
from gems_graph.runtime.prompts import extras_of, message_of
from gems_graph.settings import Settings
from gems_graph.settings.roles import Role
from gems_graph.skills import Skill
from gems_graph.state import ImageRef

_NOWHERE = Place()


class Toolbox(Library):
    """The only door from a node to the world; tests replace it whole.

    Made anew for each node call; the clients behind it are shared.

    Args:
        settings: in effect for this call.
        store: where pictures and long texts go.
        place: where in which trajectory: the scope of its caps, and which calls are the same.
        models: chat models made by the caller, by role or for all as `default`.
        generator: an image generator made by the caller.
        skills: made by the caller.
        roles: in play, as the strategy declares them.
        prompts: folder of the strategy's own templates, which win over the packaged ones.

    Attributes:
        tell: takes the events of drawing and judging as they happen.
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
        roles: Sequence[Role] = GEMS_ROLES,
        prompts: Path | None = None,
    ) -> None:
        super().__init__(settings, store, skills)
        self.tell: Tell = silent
        self._prompts = prompts
        self._place, self._budget = place, Budget(settings, place)
        self._backends = Backends(settings, models or {}, generator, roles)

    @property
    def ledger(self) -> Ledger:
        """What this node has used so far, by role."""
        return self._budget.ledger

    def names(self) -> dict[str, str]:
        """Return who plays each role, and the generator, as records and prices name them."""
        return self._backends.names()

    def check_prices(self) -> None:
        """Make sure that a cap on money can hold, or raise a `ConfigError`."""
        self._backends.check_prices()

    async def check(self) -> None:
        """Make sure, before anything is paid, that what the settings ask for can be done.

        Raises:
            ConfigError: it cannot: a generator, an option, a price.
        """
        await self._backends.check()

    async def ask(
        self,
        role: Role,
        task: str,
        form: type[F],
        *,
        logprobs: bool = False,
        branch: str = "",
        **values: Any,
    ) -> Answer[F]:
        """Ask the chat model of a role a task from `prompts/`, and read its answer.

        Args:
            role: who is asked.
            task: name of the prompt template.
            form: what the answer must be.
            logprobs: also ask for log-probabilities, where the server gives them.
            branch: tells apart what a strategy asks side by side; empty: there is one.
            values: what the template shows.

        Raises:
            AnswerError: the model gave no usable answer.
            ModelError: the model could not be reached.
            BudgetError: a cap would be exceeded.
        """
        chat, [message] = await asyncio.to_thread(self._prepare, role, task, [values])
        extras = extras_of(form, self.settings, logprobs=logprobs)
        question = Question(role, message, form, extras, branch)
        return await ask(question, chat, self.settings, self._budget)

    async def ask_each(
        self,
        role: Role,
        task: str,
        form: type[F],
        cases: Sequence[dict[str, Any]],
        *,
        logprobs: bool = False,
        branch: str = "",
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
        extras = extras_of(form, self.settings, logprobs=logprobs)
        questions = [Question(role, m, form, extras, branch, refusable=True) for m in messages]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._ask(each, chat)) for each in questions]
                for done, answer in enumerate(asyncio.as_completed(tasks), start=1):
                    await answer
                    self._progress("criterion", self._place.round, done, len(tasks))
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return [task.result() for task in tasks]

    async def _ask(self, question: Question[F], chat: Chat) -> Answer[F] | RefusedError:
        """Ask about one case; a refusal is an answer, too."""
        try:
            return await ask(question, chat, self.settings, self._budget)
        except RefusedError as refusal:
            return refusal

    async def generate(
        self,
        prompt: str,
        seed: int,
        round: int | None = None,  # noqa: A002  # the paper's word
        *,
        branch: str = "",
    ) -> ImageRef:
        """Draw one picture and keep it; `round` is the one that the node works on, if not given.

        Raises:
            GeneratorError: the generator failed or returned no picture.
            BudgetError: a cap would be exceeded.
        """
        n = self._place.round if round is None else round
        spec = self._backends.spec
        drawing = Drawing(prompt, seed, spec, self.settings, self.store)
        key = self._budget.key("generator", spec.name, drawing.request, round=n, branch=branch)
        self.tell(RoundStarted(type="round_started", round=n, prompt=prompt, seed=seed))
        async with self._backends.drawer() as generator:
            progress = partial(self._progress, "step", n)
            ref = await pay(drawing.call(generator, self._budget, key, progress), self._budget)
        drawing.prepare_views(ref)
        self.tell(PictureReady(type="picture_ready", round=n, image=ref))
        return ref

    def _progress(self, what: Literal["step", "criterion"], n: int, done: int, of: int) -> None:
        self.tell(Progress(type="progress", what=what, round=n, done=done, of=of))

    def _prepare(
        self, role: Role, task: str, cases: Sequence[dict[str, Any]]
    ) -> tuple[Chat, list[HumanMessage]]:
        """Open the model of a role and assemble its messages; reads files, so not on the loop."""
        chat = self._backends.chat(role) or open_chat(self.settings.model_for(role))
        templates = prompts_in(self.settings.prompts, self._prompts)
        parts = [templates.render(task, **values) for values in cases]
        return chat, [message_of(each, self.settings, self.store) for each in parts]


MakeToolbox = Callable[[Settings, Place], Toolbox]
"""Makes a toolbox from the settings in effect and the place in a trajectory."""
