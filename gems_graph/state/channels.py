"""The channels of the graph, and how updates of them are joined.

Symbols as in the paper (arXiv 2603.28088): U `prompt`, C `criteria`, E_i `experiences[i-1]`, M_i
the rounds and experiences up to i.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from gems_graph.calls.ledger import Usage, add
from gems_graph.errors import ConfigError
from gems_graph.state.parts import Attempt, Criterion, ImageRef, Result, Round, Stop, Timing

SCHEMA = 1
"""Version of the state, raised when an older release would misread it."""


def first(old: Stop, new: Stop) -> Stop:
    """Return the first stop: two siblings may fail in one superstep."""
    return old or new


def for_one_step() -> Any:
    """Return the channel that holds a value for the next step only; imported late: it is slow."""
    from langgraph.channels import EphemeralValue

    return EphemeralValue


def steps_left() -> Any:
    """Return what LangGraph fills with the supersteps that are left; imported late, too."""
    from langgraph.managed.is_last_step import RemainingStepsManager

    return RemainingStepsManager


class Input(TypedDict):
    """What a caller gives."""

    prompt: Annotated[str, Field(description="What to draw (U), in any language.")]
    checklist: NotRequired[
        Annotated[
            list[str], Field(description="Your own yes/no criteria, instead of the Decomposer.")
        ]
    ]
    images: NotRequired[
        Annotated[
            list[ImageRef | str],
            Field(description="Pictures to go by: `data:` addresses, or references to the store."),
        ]
    ]


class Output(TypedDict, total=False):
    """What a caller gets, and what streams and Studio show."""

    prompt: str
    schema: int
    trajectory: str
    skills: list[str]
    criteria: list[Criterion]
    references: list[ImageRef]
    attempt: Attempt
    rounds: Annotated[list[Round], operator.add]
    experiences: Annotated[list[str], operator.add]
    failed: Annotated[list[Stop], operator.add]
    notes: Annotated[list[str], operator.add]
    timings: Annotated[list[Timing], operator.add]
    ledger: Annotated[dict[str, Usage], add]
    result: Result


class State(Output, total=False):
    """All channels of the graph.

    `drawn` holds candidates whose pictures nobody has judged yet, `extra` what a strategy adds;
    `remaining_steps` is LangGraph's count of supersteps, this one included, and never kept.
    """

    checklist: Annotated[list[str], for_one_step()]
    images: Annotated[list[ImageRef | str], for_one_step()]
    skill_criteria: list[Criterion]
    settings: dict[str, Any]
    stop: Annotated[Stop, first]
    drawn: Annotated[list[Attempt], operator.add]
    extra: Annotated[dict[str, Any], operator.or_]
    remaining_steps: Annotated[int, steps_left()]


LISTS = ("rounds", "experiences", "failed", "notes", "timings", "drawn")
MAPPINGS = ("ledger", "stop", "extra")
"""Channels whose updates are added to what is there."""


def check_readable(state: State) -> None:
    """Make sure that this release understands a kept trajectory; release 0.1.0 wrote no version.

    Raises:
        ConfigError: a newer release wrote it.
    """
    if state.get("schema", 0) > SCHEMA:
        msg = (
            f"This trajectory has schema {state['schema']}, written by a newer release; this one "
            f"reads up to {SCHEMA}: pip install --upgrade gems-graph."
        )
        raise ConfigError(msg)
