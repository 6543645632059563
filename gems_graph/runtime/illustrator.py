"""The chat model that draws for a generator: asked, paid and kept as any role is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gems_graph.calls.budget import Budget
from gems_graph.errors import (
    AnswerError,
    ContentRefusedError,
    GeneratorError,
    ModelError,
    RefusedError,
)
from gems_graph.generators.asking import with_illustrator
from gems_graph.generators.request import Asked, T
from gems_graph.images import Store
from gems_graph.models import Chat, open_chat
from gems_graph.models.answers import Question, ask
from gems_graph.models.forms import free_form
from gems_graph.prompting.templates import prompts_in
from gems_graph.runtime.backends import Backends
from gems_graph.runtime.prompts import message_of
from gems_graph.settings import Settings
from gems_graph.settings.roles import ILLUSTRATOR, ModelSpec


@dataclass(frozen=True)
class Illustrator:
    """Asks the chat model that a generator has draw; the `ask` of its requests.

    Attributes:
        settings: of the run.
        backends: hold the caller's own models.
        budget: under which it is paid.
        branch: tells the pictures of a node apart in keys of the journal.
        store: of pictures that a template shows.
        prompts: folder of the strategy's own templates.
    """

    settings: Settings
    backends: Backends
    budget: Budget
    branch: str
    store: Store
    prompts: Path | None

    async def __call__(
        self, task: str, read: Callable[[str], T], model: ModelSpec | None = None, **values: Any
    ) -> Asked[T]:
        """Ask a task from `prompts/` until `read` can read the answer.

        Raises:
            ContentRefusedError: the model refused to draw.
            GeneratorError: it gave no usable answer, or could not be reached.
            BudgetError: a cap would be exceeded.
        """
        model = model or ModelSpec()
        settings = with_illustrator(self.settings, model)
        form = free_form(read, "Answer with the whole drawing, as asked.")
        chat, message = await asyncio.to_thread(self._prepare, settings, model, task, values)
        question = Question(ILLUSTRATOR, message, form, {}, self.branch)
        try:
            answer = await ask(question, chat, settings, self.budget)
        except (AnswerError, ModelError) as error:  # for a chain to go on with its next
            raise GeneratorError(str(error)) from error
        if isinstance(answer, AnswerError):
            refused = isinstance(answer, RefusedError)
            raise (ContentRefusedError if refused else GeneratorError)(str(answer)) from answer
        return Asked(answer.value.content, chat.name)

    def _prepare(
        self, settings: Settings, model: ModelSpec, task: str, values: dict[str, Any]
    ) -> tuple[Chat, Any]:
        """Open the model and write what it is asked; reads files, so not on the loop."""
        own = None if model.mllm else self.backends.chat(ILLUSTRATOR)
        chat = own or open_chat(settings.model_for(ILLUSTRATOR))
        parts = prompts_in(settings.prompts, self.prompts).render(task, **values)
        return chat, message_of(parts, settings, self.store)
