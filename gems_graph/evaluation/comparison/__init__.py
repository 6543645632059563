"""Strategies compared under equal budgets: drawn as a batch, judged apart, told in one report."""

from __future__ import annotations

from gems_graph.evaluation.comparison.compare import compare
from gems_graph.evaluation.comparison.plan import Comparison, budget_in

__all__ = ["Comparison", "budget_in", "compare"]
