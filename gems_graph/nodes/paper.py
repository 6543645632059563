"""The modules of the paper, those between `begin` and `select`, in the order of the loop."""

from __future__ import annotations

from gems_graph.nodes.begin import begin
from gems_graph.nodes.compressor import compressor
from gems_graph.nodes.decomposer import decomposer
from gems_graph.nodes.generator import generator
from gems_graph.nodes.planner import planner
from gems_graph.nodes.refiner import refiner
from gems_graph.nodes.select import passing_or_best, selecting
from gems_graph.nodes.verifier import verifier

PAPER = (planner, decomposer, generator, verifier, refiner, compressor)
MODULES = {each.name: each for each in (begin, *PAPER, selecting(passing_or_best))}
"""The seven modules of the paper and `begin`, by name."""
