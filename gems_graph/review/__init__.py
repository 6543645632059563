"""Pauses: a person sees the criteria or a verdict, and may change it, before the run goes on.

Nodes of their own, so that a node that pays never runs twice. They do nothing before they ask, as
LangGraph runs them from the start again when the answer comes, and no clock of ours runs meanwhile.
"""

from __future__ import annotations

from gems_graph.review.criteria import review_criteria
from gems_graph.review.verdict import review_verdict

__all__ = ["review_criteria", "review_verdict"]
