"""The Skill Manager: expertise as Markdown files, shown to the Planner step by step.

The manifest (names and descriptions) always, instructions when a skill is picked, the files
that the instructions refer to only when asked for.
"""

from __future__ import annotations

from gems_graph.skills.manager import Skills
from gems_graph.skills.names import near
from gems_graph.skills.skill import Reference, Skill

__all__ = ["Reference", "Skill", "Skills", "near"]
