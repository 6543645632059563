"""What a generator is asked for, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from gems_graph.errors import BadRequestError
from gems_graph.settings.roles import ModelSpec

Progress = Callable[[int, int], None]
"""Takes the steps done and the steps in all; from any thread."""


def unheard(done: int, of: int) -> None:
    """Hear of a step and do nothing."""


T = TypeVar("T")


class Asked(NamedTuple, Generic[T]):
    """What a chat model answered, as it was read, and the model's name."""

    value: T
    model: str


class Ask(Protocol):
    """Has a chat model do part of the drawing; paid, limited and kept as any chat call of a run."""

    async def __call__(
        self, task: str, read: Callable[[str], T], model: ModelSpec | None = None, **values: Any
    ) -> Asked[T]:
        """Ask a task from `prompts/` until the answer can be read.

        Args:
            task: name of the prompt template.
            read: reads an answer; a `ValueError` says, to the model, why it cannot.
            model: who is asked; what it leaves open is the run's own.
            values: what the template shows.
        """


async def ask_nobody(
    task: str, read: Callable[[str], T], model: ModelSpec | None = None, **values: Any
) -> Asked[T]:
    """Refuse: the request was made outside a run.

    Raises:
        BadRequestError: always.
    """
    msg = "This generator has a chat model draw: use it in a run, or give the request an `ask`."
    raise BadRequestError(msg)


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
        ask: has the chat model of the run draw, for those that need one.
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
    ask: Ask = ask_nobody


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
