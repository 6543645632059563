"""What a node may use: models by role, the generator, prompts, skills, the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from gems_graph.errors import GeneratorError
from gems_graph.generators import Generator, encode, open_generator
from gems_graph.images import Store
from gems_graph.models import open_chat
from gems_graph.models.answers import Answer, F, ask
from gems_graph.prompts import prompts_in
from gems_graph.retry import persistently
from gems_graph.settings import Settings
from gems_graph.skills import Skills
from gems_graph.state import ImageRef, Round, Thought


@dataclass(frozen=True)
class Toolbox:
    """The only door from a node to the world; tests replace it whole.

    Made anew for each node call, from the settings in effect; the clients behind it are shared.
    """

    settings: Settings
    store: Store
    mllm: BaseChatModel | None = None
    generator: Generator | None = None

    async def ask(self, role: str, task: str, form: type[F], **values: Any) -> Answer[F]:
        """Ask the chat model of a role a task from `prompts/`, and read its answer.

        Args:
            role: planner, decomposer, verifier, refiner or compressor.
            task: name of the prompt template.
            form: what the answer must be.
            values: what the template shows.

        Raises:
            AnswerError: the model gave no usable answer.
            ModelError: the model could not be reached.
        """
        message = HumanMessage(await asyncio.to_thread(self._assemble, task, values))
        model = self.mllm or self.settings.mllm
        chat = await asyncio.to_thread(open_chat, model, self.settings.mllm_url)
        return await ask(chat, [message], form, self.settings)

    async def generate(self, prompt: str, seed: int) -> ImageRef:
        """Draw one picture and keep it.

        Raises:
            GeneratorError: the generator failed or returned no picture.
        """
        draw = self.generator
        if draw is None:
            draw = await asyncio.to_thread(open_generator, self.settings.generator)
        size = self.settings.size_px
        picture = await persistently(
            lambda: _awaitable(draw(prompt, seed=seed, size=size)),
            retries=self.settings.retries,
            wait=self.settings.retry_wait,
            timeout=self.settings.image_timeout,
            failure=GeneratorError,
            what=f"The generator {self.generator_name!r}",
        )
        return await asyncio.to_thread(lambda: self.store.put_image(encode(picture)))

    @property
    def generator_name(self) -> str:
        """How records name the generator."""
        return str(getattr(self.generator, "name", None) or self.settings.generator)

    async def skills(self) -> Skills:
        """Return the skills on disk as of now, their manifest read."""
        return await asyncio.to_thread(lambda: Skills(self.settings.skills))

    async def keep(self, thought: str) -> Thought:
        """Put reasoning into a form that state can hold."""
        return await asyncio.to_thread(self.store.put_thought, thought)

    async def recall(self, rounds: Sequence[Round]) -> list[str]:
        """Return the whole reasoning of each round, T_1 to T_i."""
        return await asyncio.to_thread(
            lambda: [self.store.thought(round_["thought"]) for round_ in rounds]
        )

    def _assemble(self, task: str, values: dict[str, Any]) -> list[Any]:
        parts = prompts_in(self.settings.prompts).render(task, **values)
        return [_text(part) if isinstance(part, str) else self._image(*part) for part in parts]

    def _image(self, ref: ImageRef, side: int | None) -> dict[str, str]:
        data, media_type = self.store.view(ref, side or self.settings.vision_max_side)
        return {"type": "image", "base64": data, "mime_type": media_type}


MakeToolbox = Callable[[Settings], Toolbox]


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


async def _awaitable(drawing: Any) -> Any:
    return await drawing
