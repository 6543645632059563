"""What generators there are, what each can do, and what one of them lacks here."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from gems_graph import plugins
from gems_graph.errors import GemsError
from gems_graph.generators.opening import open_generator
from gems_graph.settings.generator import Capabilities


@dataclass(frozen=True)
class Listed:
    """A generator that is installed.

    Attributes:
        name: that settings open it by, before any colon.
        about: a line on it; empty: nobody wrote one.
        capabilities: what it can do, by its own outline or example; None: that is not known yet.
        lacks: what it needs to work here, a sentence; empty: nothing that is known.
    """

    name: str
    about: str
    capabilities: Capabilities | None = None
    lacks: str = ""

    @property
    def can(self) -> list[str]:
        """What it can do, in words."""
        return [] if self.capabilities is None else [*_words(self.capabilities)]


def listed() -> list[Listed]:
    """Return every generator that is installed; none is asked to draw, or loads anything."""
    return [_listed(name) for name in plugins.generators()]


def _listed(name: str) -> Listed:
    try:
        opener = plugins.load("generators", name)
        module = sys.modules.get(getattr(opener, "__module__", ""))
        about = (inspect.getdoc(module) or "").partition("\n")[0]
    except Exception as error:  # noqa: BLE001  # anybody's package
        return Listed(name, "", lacks=str(error))
    try:
        return Listed(name, about, _capabilities(module))
    except GemsError as error:
        return Listed(name, about, lacks=str(error))


def _capabilities(module: object) -> Capabilities | None:
    """Return what a generator can do: as it outlines, else by the example that it gives."""
    if outline := getattr(module, "outline", None):
        outlined: Capabilities = outline()
        return outlined
    example = getattr(module, "EXAMPLE", None)
    return None if example is None else open_generator(example).capabilities


def _words(can: Capabilities) -> Iterator[str]:
    plain = {
        "size": can.sizes, "ratio": can.ratios, "seed": can.seeds, "negative": can.negative,
        "steps": can.steps, "guidance": can.guidance,
        "edits": can.edits and not can.edits_only, "only edits": can.edits_only,
        "progress": can.progress, "repeats itself": can.repeatable,
    }  # fmt: skip
    yield from (word for word, does in plain.items() if does)
    if can.n > 1:
        yield f"{can.n} at once"
    if can.options == "any":
        yield "any option"
    elif can.options:
        yield f"options {', '.join(sorted(can.options))}"
