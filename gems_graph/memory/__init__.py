"""The Memory Manager: pure views over rounds and experiences (M_i); no model calls."""

from __future__ import annotations

from gems_graph.memory.context import compressor_context, refiner_context
from gems_graph.memory.lengths import shorten, tokens
from gems_graph.memory.rounds import (
    all_pass,
    answered,
    best,
    edited,
    has_image,
    likelihood,
    next_prompt_written,
    passes,
    probabilities_known,
    seconds_worked,
    stagnant,
    unjudged,
    unverified,
)

__all__ = [
    "all_pass",
    "answered",
    "best",
    "compressor_context",
    "edited",
    "has_image",
    "likelihood",
    "next_prompt_written",
    "passes",
    "probabilities_known",
    "refiner_context",
    "seconds_worked",
    "shorten",
    "stagnant",
    "tokens",
    "unjudged",
    "unverified",
]
