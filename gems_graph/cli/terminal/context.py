"""Show what the Refiner and the Compressor are told, as it is assembled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from gems_graph.calls.budget import Place
from gems_graph.images import Store
from gems_graph.models.answers import Answer, F
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.templates import Part, prompts_in
from gems_graph.runtime.toolbox import MakeToolbox, Toolbox
from gems_graph.settings import Settings
from gems_graph.settings.roles import Role

SHOWN = ("refiner", "compressor")
"""Templates that show the memory."""

Say = Callable[[str], None]


def as_text(parts: Sequence[Part], side: int) -> str:
    """Return an assembled prompt as text, `[picture ...]` where one stands.

    Args:
        parts: what `Prompts.render` returned.
        side: the longest side of a picture whose template names none, in pixels.
    """
    texts = [
        part.strip("\n")
        if isinstance(part, str)
        else f"[picture {part.ref['sha256'][:8]}, at most {part.side or side} px]"
        for part in parts
    ]
    return "\n".join(texts)


def shows_context(store: Store, say: Say) -> MakeToolbox:
    """Return a way to make toolboxes that show their context."""

    def make(settings: Settings, place: Place) -> Toolbox:
        return ContextToolbox(settings, store, say=say, place=place)

    return make


class ContextToolbox(Toolbox):
    """A toolbox that also shows what it asks the Refiner and the Compressor.

    Args:
        settings: in effect for this call.
        store: where pictures and long texts go.
        say: where to say it.
        equipment: what else a toolbox takes.
    """

    def __init__(self, settings: Settings, store: Store, *, say: Say, **equipment: Any) -> None:
        super().__init__(settings, store, **equipment)
        self._say = say

    async def ask(
        self, role: Role, task: str, form: type[F], *, logprobs: bool = False, **values: Any
    ) -> Answer[F]:
        """Say the assembled prompt, then ask."""
        if task in SHOWN:
            prompts = prompts_in(self.settings.prompts)
            parts = await asyncio.to_thread(lambda: prompts.render(task, **values))
            text = as_text(parts, self.settings.vision_max_side)
            n = values["current"]["n"]
            self._say(printable(f"--- {role}, attempt {n} ---\n{text}\n--- end of {role} ---"))
        return await super().ask(role, task, form, logprobs=logprobs, **values)
