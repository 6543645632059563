"""Many prompts at once: read, estimated, drawn side by side, and summed up."""

from __future__ import annotations

from gems_graph.cli.terminal.batch import resume_all, run_prompts
from gems_graph.cli.terminal.batch_output import Manner

__all__ = ["Manner", "resume_all", "run_prompts"]
