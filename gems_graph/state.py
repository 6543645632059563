"""What flows through the graph: plain JSON, pictures and long texts by reference.

Symbols as in the paper (arXiv 2603.28088): U `prompt`, C `criteria`, P_i / T_i / I_i the
parts of an `Attempt`, V_i its verdicts (an attempt with verdicts is a `Round`), E_i
`experiences[i-1]`, M_i the rounds and experiences up to i.
"""

from __future__ import annotations

import operator
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from gems_graph.calls.ledger import Usage, add
from gems_graph.errors import ConfigError

SCHEMA = 1
"""Version of the state, raised when an older release would misread it."""
StopReason = Literal["passed", "max_iterations", "budget", "error", "cancelled", "accepted"]
Kind = Literal["detail", "object", "scene"]
"""What a criterion is about: text, counts and small things; an object; the whole at a glance."""
Origin = str
"""Who wrote P_i: `planner`, `refiner`, `user`, or `request`: it is U; `best`, `seed`: restarts."""


class ImageRef(TypedDict):
    """A picture in the image store: SHA-256 of its bytes, media type, size in pixels.

    `made` says how: generator, model, seed, steps, versions, seconds, as far as that is known.
    """

    sha256: str
    media_type: str
    width: int
    height: int
    made: NotRequired[dict[str, Any]]


class Thought(TypedDict):
    """Reasoning: its beginning, and where the whole text is if that was too long for state."""

    text: str
    sha256: str | None


class Criterion(TypedDict):
    """One yes/no probe.

    `source` is `user`, `decomposer`, `prompt` (made of U itself), `skill:NAME` for a picked
    skill's own, or `strategy:NAME` for a standing one of a strategy. `kind` decides how large a
    picture it is judged on; without it, its words. Where one of the questions that are its
    `parents` is answered no, it fails unasked, in strategies that go by that.
    """

    question: str
    source: str
    kind: NotRequired[Kind]
    parents: NotRequired[list[str]]


def of_a_skill(criterion: Criterion) -> bool:
    """Tell whether a criterion is a picked skill's or the strategy's, not the request's."""
    return criterion["source"].startswith(("skill:", "strategy:"))


class Verdict(TypedDict):
    """One answer of the Verifier; `p_yes` is in 0..1 where the server gives log-probabilities.

    An `unsure` with `unanswered` is not the model's: it refused, or nobody could read its answer.
    """

    answer: Literal["yes", "no", "unsure"]
    p_yes: float | None
    evidence: str
    unanswered: NotRequired[Literal["refused", "unreadable"]]


class Variation(TypedDict):
    """One of several pictures of a prompt: its seed, and its verdicts once it is judged."""

    seed: int
    image: ImageRef
    verdicts: NotRequired[list[Verdict]]


class Attempt(TypedDict):
    """Round i in the making: P_i and T_i from Planner or Refiner, then seed and I_i.

    Candidates that are drawn side by side have numbers of their own, and one `generation`. Where
    several `variations` of the prompt are drawn, seed and image are those of the best of them.
    `instruction` says what to change, where a picture is edited.
    """

    n: int
    generation: NotRequired[int]
    prompt: str
    thought: Thought
    origin: NotRequired[Origin]
    instruction: NotRequired[str]
    seed: NotRequired[int]
    image: NotRequired[ImageRef]
    variations: NotRequired[list[Variation]]


class Round(Attempt):
    """A finished attempt: one verdict per criterion, in the order of the criteria (V_i)."""

    verdicts: list[Verdict]


class Stop(TypedDict, total=False):
    """Why the loop ended early, or a candidate was lost: reason, node, error in words, round."""

    reason: StopReason
    node: str
    error: str
    round: int


class Timing(TypedDict):
    """Wall time of one node: seconds, and the round it worked on (0: before the first).

    Nodes of one `step`, LangGraph's superstep, worked side by side.
    """

    node: str
    round: int
    seconds: float
    step: NotRequired[int]


class Result(TypedDict, total=False):
    """The best picture and why it is the best; `passed` of `total` criteria hold for it.

    `user_passed` and `user_total` count those of the request alone, without a skill's own.
    """

    image: ImageRef
    prompt: str
    round: int
    passed: int
    total: int
    user_passed: int
    user_total: int
    success: bool
    verified: bool
    stop: Stop
    why: str


def first(old: Stop, new: Stop) -> Stop:
    """Return the first stop: two siblings may fail in one superstep."""
    return old or new


def for_one_step() -> Any:
    """Return the channel that holds a value for the next step only; imported late: it is slow."""
    from langgraph.channels import EphemeralValue

    return EphemeralValue


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

    `drawn` holds candidates whose pictures nobody has judged yet, `extra` what a strategy adds.
    """

    checklist: Annotated[list[str], for_one_step()]
    images: Annotated[list[ImageRef | str], for_one_step()]
    skill_criteria: list[Criterion]
    settings: dict[str, Any]
    stop: Annotated[Stop, first]
    drawn: Annotated[list[Attempt], operator.add]
    extra: Annotated[dict[str, Any], operator.or_]


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
