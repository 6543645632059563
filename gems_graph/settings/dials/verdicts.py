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
    verify: Literal["per-criterion", "batched"] = Field(
        default="per-criterion",
        description="`per-criterion`: one probe a call, at once (the paper); `batched`: one call "
        "for all, doubtful ones asked again alone.",
    )
    logprobs: Literal["auto", "off"] = Field(
        default="auto", description="Ask the Verifier's server for log-probabilities, for p(yes)."
    )
    tie_break: Literal["first", "p_yes"] = Field(
        default="first",
        description="Of rounds with equally many passes: the first (the paper), or the one with "
        "the highest geometric mean of p(yes).",
    )
    vision_max_side: int = Field(
        default=560, ge=64, le=4096, description="Longest side of a picture shown to a model (px)."
    )
    vision_format: Literal["jpeg", "png", "webp"] = Field(
        default="jpeg",
        description="How pictures are sent to models; small exact PNGs stay as they are.",
    )
