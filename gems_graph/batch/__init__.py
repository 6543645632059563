"""Many prompts at once: read, estimated, drawn side by side, summed up; nothing is printed."""

from __future__ import annotations

from gems_graph.batch.estimate import Estimate, estimate
from gems_graph.batch.plan import Task
from gems_graph.batch.prompt_file import read
from gems_graph.batch.runner import Watcher
from gems_graph.batch.summary import Record, Summary
from gems_graph.batch.tally import Tally
from gems_graph.batch.work import Work, alone, carry_out, open_models, work_left_open, work_of

__all__ = [
    "Estimate", "Record", "Summary", "Tally", "Task", "Watcher", "Work", "alone", "carry_out",
    "estimate", "open_models", "read", "work_left_open", "work_of",
]  # fmt: skip
