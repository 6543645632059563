"""The events of a run under way: typed, each plain JSON.

Nodes send them through LangGraph's stream writer (`stream_mode="custom"`), so that Studio, a page,
a host and our own terminal see the same. `type` tells them apart; readers ignore those that they do
not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from typing_extensions import TypedDict

from gems_graph.calls.budget import Waiting as Waiting  # of the nodes, too
from gems_graph.calls.ledger import Ledger
from gems_graph.state import Criterion, ImageRef, Result, Round, Verdict


class RunStarted(TypedDict):
    """A run begins or goes on; one that goes on has its rounds so far, and what they used."""

    type: Literal["run_started"]
    thread: str
    strategy: str
    prompt: str
    criteria: list[Criterion]
    rounds: list[Round]
    used: Ledger


class NodeStarted(TypedDict):
    """A node begins; `doing` says it in a word or two, `round` is 0 before the first."""

    type: Literal["node_started"]
    node: str
    doing: str
    round: int


class NodeEnded(TypedDict):
    """A node has ended: its wall time in seconds, and what it used by role."""

    type: Literal["node_ended"]
    node: str
    round: int
    seconds: float
    used: Ledger


class Progress(TypedDict):
    """How far a node is: `done` of `of` steps of a picture, or criteria of a verdict."""

    type: Literal["progress"]
    what: Literal["step", "criterion"]
    round: int
    done: int
    of: int


class CriteriaReady(TypedDict):
    """The criteria that pictures will be judged by."""

    type: Literal["criteria"]
    criteria: list[Criterion]


class Planned(TypedDict):
    """The first prompt is there, written with these skills."""

    type: Literal["planned"]
    prompt: str
    skills: list[str]


class RoundStarted(TypedDict):
    """A picture is being drawn."""

    type: Literal["round_started"]
    round: int
    prompt: str
    seed: int


class PictureReady(TypedDict):
    """A picture is in the image store."""

    type: Literal["picture_ready"]
    round: int
    image: ImageRef


class VerdictReady(TypedDict):
    """Every criterion has its verdict; `passed` of `total` hold."""

    type: Literal["verdict"]
    round: int
    verdicts: list[Verdict]
    passed: int
    total: int


class Refined(TypedDict):
    """The prompt of the next round is there; `origin` says who wrote it."""

    type: Literal["refined"]
    round: int
    prompt: str
    origin: str


class LessonLearned(TypedDict):
    """The Compressor distilled a round into an experience."""

    type: Literal["lesson"]
    round: int
    experience: str


class Noted(TypedDict):
    """A note: something went wrong that does not stop the run."""

    type: Literal["note"]
    text: str


class Asked(TypedDict):
    """The run waits for a person; `question` as a pause puts it, `id` tells several apart."""

    type: Literal["asked"]
    id: str
    question: Any


class Stopped(TypedDict):
    """The run has ended; without a result, nothing was drawn.

    `reason` is a stop reason of the state, `error` where it failed before any picture, or `ended`
    where a graph of somebody else gives none.
    """

    type: Literal["stopped"]
    reason: str
    result: Result | None


class Custom(TypedDict):
    """What a graph of somebody else streams in a form of its own."""

    type: Literal["custom"]
    data: Any


Event = (
    RunStarted
    | NodeStarted
    | NodeEnded
    | Progress
    | Waiting
    | CriteriaReady
    | Planned
    | RoundStarted
    | PictureReady
    | VerdictReady
    | Refined
    | LessonLearned
    | Noted
    | Asked
    | Stopped
    | Custom
)
Tell = Callable[[Event], None]
"""Takes events; may be called from any thread."""


def silent(event: Event) -> None:
    """Ignore an event: where nobody follows."""
