"""What a node may use: models by role, the generator, prompts, skills, the store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from gems_graph.calls.budget import Place
from gems_graph.calls.ledger import Ledger
from gems_graph.errors import AnswerError, RefusedError, UnreadableError
from gems_graph.events import Progress, silent
from gems_graph.models import Chat, open_chat
from gems_graph.models.answers import Answer, F, Question, ask
from gems_graph.models.ladder import Extras
from gems_graph.models.reply import Reply
from gems_graph.prompting.templates import prompts_in
from gems_graph.runtime.drawer import Drawer
from gems_graph.runtime.prompts import extras_of, in_words, message_of
from gems_graph.settings import Settings
from gems_graph.settings.roles import Role


class Toolbox(Drawer):
    """Everything that a node may use outside the state; tests replace it whole.

    Made anew for each node call; the clients behind it are shared. What it is made of, and its
    generator, are in `Drawer`.
    """

    @property
    def ledger(self) -> Ledger:
        """What this node has used so far, by role."""
        return self._budget.ledger

    def names(self) -> dict[str, str]:
        """Return who plays each role, and the generator, as records and prices name them."""
        return self._backends.names()

    async def check(self, pictures: int = 0) -> None:
        """Make sure, before anything is paid, that what is asked for can be done.

        Args:
            pictures: of the user's, for the generator to go by.

        Raises:
            ConfigError: the generator cannot be opened or used so, or a price is unknown.
        """
        await self._backends.check(pictures)

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
            AnswerError: the model gave no usable answer; a `RefusedError`, if it refused, an
                `UnreadableError`, if a node may go on without.
            ModelError: the model could not be reached.
            BudgetError: a cap would be exceeded.
        """
        chat, [question] = await asyncio.to_thread(
            self._prepare, role, task, form, [values], logprobs=logprobs, branch=branch
        )
        answer = await ask(question, chat, self.settings, self._budget)
        if isinstance(answer, AnswerError):
            raise answer
        return answer

    async def ask_each(
        self,
        role: Role,
        task: str,
        form: type[F],
        cases: Sequence[dict[str, Any]],
        *,
        logprobs: bool = False,
        branch: str = "",
        quiet: bool = False,
    ) -> list[Answer[F] | RefusedError | UnreadableError]:
        """Ask the same task about several cases at once; the first failure cancels the others.

        Args:
            role: who is asked.
            task: name of the prompt template.
            form: what each answer must be.
            cases: what the template shows.
            logprobs: as for `ask`.
            branch: as for `ask`.
            quiet: whether a case is more than one criterion, so that no progress is told.

        Returns:
            One answer a case, in order, or why there is none.

        Raises:
            GemsError: as `ask` does; but not where one refused or cannot be read.
        """
        # one hop to a thread for all: eight would only take turns with the event loop
        chat, questions = await asyncio.to_thread(
            self._prepare,
            role,
            task,
            form,
            cases,
            logprobs=logprobs,
            branch=branch,
            dispensable=True,
        )
        answers = [ask(each, chat, self.settings, self._budget) for each in questions]
        n, of = self._place.round, len(cases)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(answer) for answer in answers]
                for done, finished in enumerate(asyncio.as_completed(tasks), start=1):
                    await finished
                    event = Progress(type="progress", what="criterion", round=n, done=done, of=of)
                    (silent if quiet else self.tell)(event)
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return [task.result() for task in tasks]

    async def complete(
        self, role: Role, messages: list[BaseMessage], *, extras: Extras, branch: str = ""
    ) -> Reply:
        """Ask the chat model of a role with messages as they stand; journaled as all calls are.

        Args:
            role: who is asked.
            messages: of the conversation.
            extras: fields beside the messages, for servers that take them.
            branch: tells apart calls with the same messages.

        Raises:
            ModelError: the model could not be reached.
            BudgetError: a cap would be exceeded.
        """
        chat = self._backends.chat(role) or open_chat(self.settings.model_for(role))
        said = [json.dumps([each.type, each.content]) for each in messages]
        key = self._budget.key(role, chat.name, [*said, json.dumps(extras)], branch=branch)
        return await chat.complete(
            messages, self.settings, self._budget, role=role, extras=extras, key=key
        )

    def _prepare(
        self, role: Role, task: str, form: type[F], cases: Sequence[dict[str, Any]], *,
        logprobs: bool, branch: str, dispensable: bool = False,
    ) -> tuple[Chat, list[Question[F]]]:  # fmt: skip
        """Open the model of a role and write what it is asked; reads files, so not on the loop."""
        chat = self._backends.chat(role) or open_chat(self.settings.model_for(role))
        templates = prompts_in(self.settings.prompts, self._prompts)
        notes = self._backends.generator_notes
        prompts = [templates.render(task, generator_notes=notes, **values) for values in cases]
        if role in self.settings.text_only:
            prompts = [in_words(parts) for parts in prompts]
        messages = [message_of(parts, self.settings, self.store) for parts in prompts]
        extras = extras_of(form, self.settings, logprobs=logprobs)
        return chat, [Question(role, each, form, extras, branch, dispensable) for each in messages]


MakeToolbox = Callable[[Settings, Place], Toolbox]
"""Makes a toolbox from the settings in effect and the place in a trajectory."""
