"""Where in which run we are, for whatever is traced below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_facts: ContextVar[Mapping[str, Any]] = ContextVar("gems_facts", default={})  # noqa: B039  # read only


def facts() -> Mapping[str, Any]:
    """Return what is known of the place that this task works at: thread, trajectory, round."""
    return _facts.get()


@contextmanager
def about(**more: Any) -> Iterator[None]:
    """Add facts for the block and the tasks and threads begun in it; empty ones are left out."""
    token = _facts.set({**_facts.get(), **{k: v for k, v in more.items() if v not in (None, "")}})
    try:
        yield
    finally:
        _facts.reset(token)
