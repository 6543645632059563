"""What rounds are made of: plain JSON, pictures and long texts by reference.

Symbols as in the paper (arXiv 2603.28088): P_i, T_i and I_i are the parts of an `Attempt`, V_i its
verdicts; an attempt with verdicts is a `Round`.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

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
