"""One module of the paper, one node, one file: `async (state, toolbox) -> update`."""

from __future__ import annotations

from gems_graph.nodes.begin import begin
from gems_graph.nodes.compressor import compressor
from gems_graph.nodes.decomposer import decomposer
from gems_graph.nodes.generator import generator
from gems_graph.nodes.planner import planner
from gems_graph.nodes.refiner import refiner
from gems_graph.nodes.select import select
from gems_graph.nodes.verifier import verifier

MODULES = {
    module.__name__: module
    for module in (begin, planner, decomposer, generator, verifier, refiner, compressor, select)
}
"""The seven modules of the paper and `begin`, by name."""
