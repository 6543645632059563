"""One module of the paper, one node, one file: `async (state, toolbox) -> update` and its facts."""

from gems_graph.nodes.paper import MODULES, PAPER

__all__ = ["MODULES", "PAPER"]
