"""What Refiner and Compressor see of the attempt."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gems_graph.settings.dials.base import Dials

Memory = Literal["none", "feedback", "images", "thought", "experience"]


class MemoryDials(Dials):
    """What Refiner and Compressor see of the attempt."""

    order: Literal["paper", "reference"] = Field(
        default="paper",
        description="`paper`: refine with M_{i-1} beside compressing (Eq. 6, 7); `reference`: "
        "compress first, then refine with M_i (the authors' code).",
    )
    memory: Memory = Field(
        default="experience",
        description="What is remembered of earlier rounds: nothing; prompt and feedback; plus "
        "images; plus raw thought, or plus experience instead (Fig. 4 right, I to IV).",
    )
    show_passes: bool = Field(
        default=True,
        description="The Refiner sees what passed, regressions and the best attempt; off: failures "
        "only.",
    )
    show_evidence: bool = Field(
        default=True,
        description="Refiner and Compressor see what the Verifier saw of a failed criterion.",
    )
    show_thought: bool = Field(default=True, description="The Refiner sees T_i (Eq. 6).")
    first_thought: bool = Field(
        default=True, description="The Planner's reasoning is T_1; off: T_1 is empty."
    )
    show_skills: bool = Field(
        default=True, description="The Refiner sees the instructions of the picked skills."
    )
    compressor_sees: Literal["memory", "experiences"] = Field(
        default="memory",
        description="Of the past, the Compressor sees M_{i-1} (Eq. 7) or only its experiences.",
    )
    compressor_request: bool = Field(
        default=True, description="The Compressor sees the request, which Eq. 7 does not list."
    )
    experience_words: int = Field(
        default=100, ge=10, le=1000, description="Length of an experience, in words at most."
    )
    history_tokens: int = Field(
        default=16_000,
        ge=500,
        le=1_000_000,
        description="Text of all attempts shown to Refiner and Compressor, in tokens at most; the "
        "oldest give way, whole parts first.",
    )
    history_pictures: int = Field(
        default=3, ge=0, le=50, description="Pictures of earlier rounds shown beside the last one."
    )
    history_max_side: int = Field(
        default=280, ge=32, le=4096, description="The same for pictures of earlier rounds (px)."
    )
    stagnation: int = Field(
        default=0,
        ge=0,
        le=50,
        description="Rounds without a better verdict before a restart; 0: never.",
    )
    on_stagnation: Literal["best", "reseed"] = Field(
        default="best",
        description="`best`: refine the best attempt instead of the last; `reseed`: draw its "
        "prompt again with another seed.",
    )
