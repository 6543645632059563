"""Criteria, how pictures are judged, and which is the best."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gems_graph.settings.dials.base import Dials


class VerdictDials(Dials):
    """Criteria, how pictures are judged, and which is the best."""

    max_criteria: int = Field(
        default=20, ge=1, le=100, description="Criteria kept from the Decomposer at most."
    )
    probe: Literal["evidence", "direct"] = Field(
        default="evidence",
        description="`evidence`: say what is seen, then answer; `direct`: answer first, in one "
        "token that p(yes) is read from, and say what is off only where the answer is not yes.",
    )
    verify: Literal["per-criterion", "batched"] = Field(
        default="per-criterion",
        description="`per-criterion`: one probe a call, at once (the paper); `batched`: one call "
        "for all criteria that are judged on a picture of one size, doubtful ones asked again "
        "alone.",
    )
    logprobs: Literal["auto", "off"] = Field(
        default="auto", description="Ask the Verifier's server for log-probabilities, for p(yes)."
    )
    select_by: Literal["passes", "p_yes"] = Field(
        default="passes",
        description="The best of rounds that all fail: `passes`, most criteria (the paper, Eq. 5); "
        "`p_yes`, the highest geometric mean of p(yes), where the server tells it.",
    )
    tie_break: Literal["first", "p_yes"] = Field(
        default="first",
        description="Of rounds with equally many passes: the first (the paper), or the one with "
        "the highest geometric mean of p(yes).",
    )
    detail_max_side: int | None = Field(
        default=1024,
        ge=64,
        le=4096,
        description="Longest side of the picture on which text, counts and small things are judged "
        "(px); none: as vision_max_side.",
    )
    vision_max_side: int = Field(
        default=560,
        ge=64,
        le=4096,
        description="Longest side of a picture shown to a model for anything else (px).",
    )
    scene_max_side: int | None = Field(
        default=384,
        ge=64,
        le=4096,
        description="Longest side of the picture on which style, mood and scene are judged (px); "
        "none: as vision_max_side.",
    )
    vision_format: Literal["jpeg", "png", "webp"] = Field(
        default="jpeg",
        description="How pictures are sent to models; small exact PNGs stay as they are.",
    )
