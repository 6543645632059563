"""One wiring with several openings: a first prompt, one picture, and no check of it."""

from __future__ import annotations

from itertools import pairwise

from langgraph.graph import END, START

from gems_graph.nodes.generator import generator
from gems_graph.runtime.module import Module
from gems_graph.settings import Settings
from gems_graph.strategies.strategy import Builder, Strategy


def one_picture(settings: Settings) -> tuple[int, int]:
    """Return the bounds of a strategy that draws one picture."""
    return 1, 1


def opening(module: Module, name: str, summary: str) -> Strategy:
    """Return the strategy that draws the first prompt of a module, and returns that picture.

    Nothing is verified, as the method pays for nothing of the kind; `gems compare` has the judge
    do it.

    Args:
        module: gives `attempt`, with the prompt of round 1.
        name: of the strategy.
        summary: what it does, in one line.
    """

    def wire(graph: Builder) -> None:
        for start, end in pairwise((START, "begin", module.name, "generator", "select", END)):
            graph.add_edge(start, end)

    return Strategy(
        name=name, summary=summary, modules=(module, generator), wire=wire, rounds=one_picture
    )
