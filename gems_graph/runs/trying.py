"""Draw one picture with a generator, and tell what it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PIL import Image

from gems_graph.images import Store
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.state import ImageRef


@dataclass(frozen=True)
class Tried:
    """A picture and what it took.

    Attributes:
        image: decoded.
        made: how, as records say it: generator, model, seed, seconds, ...
        cost: in the currency of the prices; None: no price is known.
    """

    image: Image.Image
    made: dict[str, Any]
    cost: float | None

    def as_state(self, prompt: str, settings: Settings) -> dict[str, Any]:
        """Return what a file of the picture tells of it, as the state of a run has it."""
        width, height = self.image.size
        ref = ImageRef(sha256="", media_type="", width=width, height=height, made=self.made)
        attempt = {"n": 1, "prompt": prompt, "image": ref, "seed": self.made.get("seed")}
        result = {"round": 1, "image": ref}
        kept = settings.model_dump()
        return {"prompt": prompt, "attempt": attempt, "settings": kept, "result": result}


async def try_generator(prompt: str, settings: Settings, store: Store) -> Tried:
    """Draw one picture as a run would, caps and retries and all.

    Args:
        prompt: what to draw.
        settings: name the generator.
        store: keeps the picture.

    Raises:
        ConfigError: the generator cannot be opened or used so.
        GeneratorError: it failed.
    """
    toolbox = Toolbox(settings, store, roles=())
    await toolbox.check()
    ref = await toolbox.generate(prompt, settings.seed or 0)
    return Tried(store.open(ref), ref.get("made", {}), toolbox.ledger["generator"]["cost"])
