"""Show what the Refiner and the Compressor are told, as it is assembled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from gems_graph.calls.budget import Place
from gems_graph.images import Store
from gems_graph.models.answers import Answer, F
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.templates import Part, as_text, prompts_in
from gems_graph.runtime.toolbox import MakeToolbox, Toolbox
from gems_graph.settings import Settings
from gems_graph.settings.roles import Role
from gems_graph.strategies import open_strategy

Say = Callable[[str], None]


def shows_context(store: Store, say: Say) -> MakeToolbox:
    """Return a way to make toolboxes that show their context."""

    def make(settings: Settings, place: Place) -> Toolbox:
        strategy = open_strategy(settings.strategy)
        shown = [each for each in strategy.nodes.values() if "rounds" in each.reads]
        return ContextToolbox(
            settings, store, say=say, place=place, roles=strategy.all_roles,
            templates={name for each in shown for name in each.templates},
            prompts=strategy.prompts,
        )  # fmt: skip

    return make


class ContextToolbox(Toolbox):
    """A toolbox that also shows what it asks by some templates: those that show the memory.

    Args:
        settings: in effect for this call.
        store: where pictures and long texts go.
        say: where to say it.
        templates: names of the templates whose prompts are shown.
        prompts: folder of the strategy's own templates.
        equipment: what else a toolbox takes.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        say: Say,
        templates: Collection[str],
        prompts: Path | None = None,
        **equipment: Any,
    ) -> None:
        super().__init__(settings, store, prompts=prompts, **equipment)
        self._say, self._shown = say, templates
        self._assembled = prompts_in(settings.prompts, prompts)

    async def ask(
        self, role: Role, task: str, form: type[F], *, logprobs: bool = False, **values: Any
    ) -> Answer[F]:
        """Say the assembled prompt, then ask."""
        if task in self._shown:
            parts = await asyncio.to_thread(self._assemble, task, values)
            text = as_text(parts, self.settings.vision_max_side)
            n = values["current"]["n"]
            self._say(printable(f"--- {role}, attempt {n} ---\n{text}\n--- end of {role} ---"))
        return await super().ask(role, task, form, logprobs=logprobs, **values)

    def _assemble(self, task: str, values: Mapping[str, Any]) -> Sequence[Part]:
        notes = self._backends.generator_notes
        return self._assembled.render(task, generator_notes=notes, **values)
