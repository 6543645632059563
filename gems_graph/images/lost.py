"""The error for a lost picture or text, which names the trajectory that needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gems_graph.errors import StoreError


class LostError(StoreError):
    """A stored picture or text is missing, damaged or unreadable.

    Args:
        what: the file, and what is wrong with it, without a full stop.
        needed: whether the message says already which trajectory needs it.
    """

    def __init__(self, what: str, needed: str = "") -> None:
        super().__init__(f"{what}{needed or ': put the file back.'}")
        self.what, self.needed = what, needed


@contextmanager
def needed_by(trajectory: str, thread: str | None = None) -> Iterator[None]:
    """Name the trajectory in the error if the store has lost what is read inside.

    Args:
        trajectory: its id; empty: the error stays as it is.
        thread: under which a checkpointer keeps it, so that it can be forked.

    Raises:
        LostError: with the trajectory and the remedy.
    """
    try:
        yield
    except LostError as error:
        if error.needed or not trajectory:
            raise
        owner = f"trajectory {trajectory}" + (f" (thread {thread})" if thread else "")
        remedy = "run it again"
        if thread:
            remedy = f"branch off from an earlier round with: gems fork {thread} --round N"
        needed = f"; {owner} needs it. Put the file back, or {remedy}."
        raise LostError(error.what, needed) from error
