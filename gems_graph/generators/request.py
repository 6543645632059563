"""What a generator is asked for, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Progress = Callable[[int, int], None]
"""Takes the steps done and the steps in all; from any thread."""


def unheard(done: int, of: int) -> None:
    """Hear of a step and do nothing."""


@dataclass(frozen=True, kw_only=True)
class GenerateRequest:
    """A request for pictures; what is left open is the generator's own.

    Attributes:
        prompt: what to draw.
        seed: of the noise, 0 or more.
        size: (width, height) in pixels.
        ratio: width to height, as in "16:9"; a size goes first.
        negative: what must not be seen.
        steps: of denoising.
        guidance: how closely the prompt is followed.
        n: pictures of the one prompt, with seed, seed + 1, ...
        images: encoded pictures to go by.
        instruction: what to change in the first of `images`; empty: nothing is edited.
        key: names the call; the same when it is made again after a crash. Empty: nobody will.
        progress: told of each step, by those that can.
    """

    prompt: str
    seed: int
    size: tuple[int, int] | None = None
    ratio: str = ""
    negative: str = ""
    steps: int | None = None
    guidance: float | None = None
    n: int = 1
    images: tuple[bytes, ...] = ()
    instruction: str = ""
    key: str = ""
    progress: Progress = unheard


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture and what is known of its making.

    Attributes:
        data: what `encode` takes: encoded bytes, a PIL image, an array.
        facts: plain JSON for the record: `model`, `seed`, `size` as [width, height] where it is
            not as asked for, `steps`, `guidance`, `versions`, `notes` (a list of sentences), ...
    """

    data: Any
    facts: Mapping[str, Any] = field(default_factory=dict)
