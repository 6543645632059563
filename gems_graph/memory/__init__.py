"""The Memory Manager: pure views over rounds and experiences (M_i); no model calls."""

from __future__ import annotations

from gems_graph.memory.context import compressor_context, refiner_context
from gems_graph.memory.lengths import shorten, tokens
from gems_graph.memory.rounds import (
    all_pass,
    best,
    has_image,
    likelihood,
    passes,
    stagnant,
    unverified,
    worked,
    written,
)

__all__ = [
    "all_pass",
    "best",
    "compressor_context",
    "has_image",
    "likelihood",
    "passes",
    "refiner_context",
    "shorten",
    "stagnant",
    "tokens",
    "unverified",
    "worked",
    "written",
]
