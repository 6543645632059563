"""WISE Verified: the maintained edition of WISE, with one score of 0 or 1 a picture."""

from __future__ import annotations

from gems_graph.benchmarks.tasks.wise import WiseVerified

TASK = WiseVerified()
