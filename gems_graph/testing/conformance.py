"""Whether a generator keeps its word: what every backend must do, and what it declares."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from gems_graph.generators import Capabilities, GenerateRequest, Generator, adapt, encode
from gems_graph.generators.request import Ask, ask_nobody
from gems_graph.testing.doubles import paint

_PATIENCE = 30.0  # seconds from a cancel until the next picture
_SHEET = paint("a sheet of paper", 1, (192, 128))  # given to those that only change pictures


@dataclass(frozen=True)
class _Case:
    """A generator under test and a request that it can draw."""

    generator: Generator
    request: GenerateRequest

    @property
    def can(self) -> Capabilities:
        """What the generator declares."""
        return self.generator.capabilities

    async def draw(self, **changes: Any) -> list[bytes]:
        """Return the encoded pictures of the request, changed."""
        request = replace(self.request, **changes)
        pictures = await self.generator.generate(request)
        _hold(isinstance(pictures, list), "`generate` returns a list of pictures")
        _hold(len(pictures) == request.n, f"it draws {request.n} where n={request.n} is asked for")
        for picture in pictures:
            _hold(_plain(dict(picture.facts)), "the facts of a picture are plain JSON")
        return [encode(picture.data, "png") for picture in pictures]

    async def picture(self, **changes: Any) -> Image.Image:
        """Return the one picture of the request, changed and decoded."""
        [data] = await self.draw(**changes)
        image = Image.open(io.BytesIO(data))
        image.load()
        return image


async def check_generator(
    given: Any, *, prompt: str = "two red fish", seed: int = 1,
    size: tuple[int, int] | None = None, ask: Ask = ask_nobody,
) -> list[str]:  # fmt: skip
    """Make sure that a generator does what every one must, and all that it declares of itself.

    It draws about a dozen pictures, and closes the generator.

    Args:
        given: a generator, or whatever `adapt` makes one of.
        prompt: that it can draw.
        seed: of the first picture.
        size: (width, height) in pixels that it can draw; None: its own, or 192 x 128.
        ask: answers for the chat model, to a generator that has one draw.

    Returns:
        What was checked, a sentence each.

    Raises:
        AssertionError: something does not hold; says what.
    """
    generator = adapt(given)
    _hold(isinstance(generator.name, str) and generator.name != "", "it has a name")
    _hold(isinstance(generator.capabilities, Capabilities), "it declares `Capabilities`")
    images = (_SHEET,) if generator.capabilities.edits_only else ()
    request = GenerateRequest(prompt=prompt, seed=seed, size=size, ask=ask, images=images)
    case = _Case(generator, request)
    held = []
    for declared, sentence, check in _CHECKS:
        if declared(case.can):
            _hold(await check(case), sentence)
            held.append(sentence)
    await generator.aclose()
    await generator.aclose()  # twice, as whoever stops may have stopped before
    return held


async def _draws(case: _Case) -> bool:
    image = await case.picture()
    return image.width > 0 and image.height > 0


async def _takes_every_field(case: _Case) -> bool:
    await case.draw(key="a-key", negative="fog", ratio="1:1", steps=2, guidance=1.0)
    return True


async def _sizes(case: _Case) -> bool:
    size = case.request.size or (192, 128)
    return (await case.picture(size=size)).size == size


async def _ratios(case: _Case) -> bool:
    wide, tall = (
        await case.picture(size=None, ratio="16:9"),
        await case.picture(size=None, ratio="9:16"),
    )
    return wide.width > wide.height and tall.height > tall.width


async def _seeds(case: _Case) -> bool:
    seeds = range(case.request.seed, case.request.seed + 3)
    return len({(await case.draw(seed=seed))[0] for seed in seeds}) > 1


async def _repeats(case: _Case) -> bool:
    return await case.draw() == await case.draw()


async def _reports(case: _Case) -> bool:
    steps: list[tuple[int, int]] = []
    await case.draw(progress=lambda done, of: steps.append((done, of)))
    return bool(steps) and steps == sorted(steps) and steps[-1][0] == steps[-1][1]


async def _batches(case: _Case) -> bool:
    return len(await case.draw(n=2)) == 2


async def _edits(case: _Case) -> bool:
    [first] = await case.draw()
    return bool(await case.draw(images=(first,), instruction="make it blue"))


async def _side_by_side(case: _Case) -> bool:
    pictures = await asyncio.gather(*(case.draw(seed=case.request.seed + k) for k in range(4)))
    if not case.can.repeatable:
        return True
    return pictures[3] == await case.draw(seed=case.request.seed + 3)


async def _outlives_a_cancel(case: _Case) -> bool:
    task = asyncio.create_task(case.draw())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    async with asyncio.timeout(_PATIENCE):
        return await _draws(case)


def _plain(facts: dict[str, Any]) -> bool:
    try:
        return bool(json.loads(json.dumps(facts, allow_nan=False)) == facts)
    except (TypeError, ValueError):
        return False


def _hold(held: bool, sentence: str) -> None:
    if not held:
        msg = f"It does not hold that {sentence}."
        raise AssertionError(msg)


def _always(can: Capabilities) -> bool:
    return True


_CHECKS: list[tuple[Callable[[Capabilities], object], str, Callable[[_Case], Awaitable[bool]]]] = [
    (_always, "it draws a picture that can be decoded", _draws),
    (_always, "it draws without what it cannot honour", _takes_every_field),
    (lambda can: can.sizes, "it draws the size that it is given", _sizes),
    (lambda can: can.ratios, "it draws the ratio that it is given", _ratios),
    (lambda can: can.seeds, "another seed makes another picture", _seeds),
    (lambda can: can.repeatable, "the same request gives the same bytes", _repeats),
    (lambda can: can.progress, "it tells its steps in order, up to the last", _reports),
    (lambda can: can.n > 1, "it draws several pictures of one prompt", _batches),
    (lambda can: can.edits, "it edits a picture", _edits),
    (_always, "pictures drawn side by side are not mixed up", _side_by_side),
    (_always, "it draws again after a cancel", _outlives_a_cancel),
]
"""What it must declare to be checked, what holds then, and the check."""
