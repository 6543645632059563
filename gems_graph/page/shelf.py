"""What the checkpointer keeps, as the page shows it: one trajectory, or a page of history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from gems_graph.agents.links import PICTURES
from gems_graph.errors import GemsError
from gems_graph.page.render import at
from gems_graph.persistence.catalogue import thread_names
from gems_graph.persistence.history import standing_of
from gems_graph.persistence.last import UNREADABLE, Last, check_shape, read_last
from gems_graph.persistence.threads import Threads
from gems_graph.report.html.pictures import THUMB
from gems_graph.report.html.rounds import attempts_of, chosen_of
from gems_graph.report.html.views import Kept
from gems_graph.report.standing import Standing, error_in, goes_on
from gems_graph.state import ImageRef, State, check_readable

PAGE = 24
"""Trajectories on a page of history."""
LOOKED_AT = 2_000
"""Threads that one search reads at most."""


def source(ref: ImageRef, side: int) -> str:
    """Return the address of a picture: small ones are made smaller, others are as they were."""
    return at(f"{'/thumbs/' if side <= THUMB else PICTURES}{ref['sha256']}")


@dataclass(frozen=True)
class Seen:
    """A kept trajectory: how it was left, and how it stands."""

    thread: str
    last: Last
    standing: Standing

    @property
    def kept(self) -> Kept:
        """The trajectory for the renderer."""
        return Kept(self.last.values, self.thread, self.standing)

    @property
    def question(self) -> Any:
        """What it waits for; None: nothing."""
        return self.last.interrupts[0].value if self.last.interrupts else None

    @property
    def goes_on(self) -> bool:
        """Whether it can be taken up where it stopped."""
        return self.question is None and goes_on(self.standing, self.last.values)

    @property
    def error(self) -> str:
        """What it failed on; empty: nothing."""
        return error_in(self.last.values, self.last.errors)


class Card(NamedTuple):
    """One trajectory in the history."""

    thread: str
    prompt: str
    standing: Standing
    thumb: str
    rounds: int
    when: str


async def look(threads: Threads, thread: str) -> Seen | None:
    """Return a trajectory; None: nothing is kept under that name, or nothing that can be read."""
    try:
        last = await read_last(threads.saver, thread)
        if not isinstance(last.values.get("prompt"), str):
            return None
        check_readable(_state(last))
        if last.values.get("trajectory"):
            check_shape(last.values)
    except (*UNREADABLE, GemsError):
        return None
    busy = thread in await threads.claims.busy()
    return Seen(thread, last, standing_of(last, busy=busy))


async def search(
    threads: Threads, text: str, may_see: Callable[[str], bool], skip: int = 0
) -> tuple[list[Card], bool]:
    """Return a page of the trajectories whose prompt holds every word, and whether there are more.

    Args:
        threads: keep them.
        text: words to be found, in any order and case.
        may_see: tells whether a thread is for whoever asks.
        skip: how many that fit are on the pages before.
    """
    words, found = text.lower().split(), list[Card]()
    for thread in filter(may_see, (await thread_names(threads.saver))[:LOOKED_AT]):
        seen = await look(threads, thread)
        if seen is None or not all(word in seen.last.values["prompt"].lower() for word in words):
            continue
        if skip:
            skip -= 1
        elif len(found) == PAGE:
            return found, True
        else:
            found.append(_card(seen))
    return found, False


def _card(seen: Seen) -> Card:
    values = seen.last.values
    chosen = chosen_of(values)
    return Card(
        seen.thread, values["prompt"], seen.standing,
        source(chosen["image"], THUMB) if chosen else "",
        len(attempts_of(values)), seen.last.when or "",
    )  # fmt: skip


def _state(last: Last) -> State:
    values: Any = last.values
    return values  # type: ignore[no-any-return]
