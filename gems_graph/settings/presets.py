"""Named sets of dials: the paper, the authors' code, and the ablations of Fig. 4."""

from __future__ import annotations

from typing import Any, Literal

Preset = Literal[
    "paper",
    "reference",
    "no-skills",
    "loop-only",
    "memory-feedback",
    "memory-images",
    "memory-thought",
    "memory-experience",
]

# Eq. 6 and 7: refine with M_{i-1} and T_i, compress beside the refiner
_PAPER: dict[str, Any] = {
    "order": "paper",
    "memory": "experience",
    "max_skills": 1,
    "enhance": False,
    "show_passes": True,
    "show_thought": True,
    "show_skills": True,
    "skill_criteria": True,
    "compressor_sees": "memory",
}
# the authors' code: compress first, refine with M_i; failures only, T_i never shown, skills
# for the Planner alone
_REFERENCE = {
    **_PAPER,
    "order": "reference",
    "show_passes": False,
    "show_thought": False,
    "show_skills": False,
    "skill_criteria": False,
    "compressor_sees": "experiences",
}
_NO_SKILLS = {**_PAPER, "max_skills": 0}
# the ablations add one thing at a time: reasoning is shown from III on
_NO_THOUGHT = {**_NO_SKILLS, "show_thought": False}

PRESETS: dict[str, dict[str, Any]] = {
    "paper": _PAPER,
    "reference": _REFERENCE,
    "no-skills": _NO_SKILLS,
    "loop-only": {**_NO_THOUGHT, "memory": "none"},
    "memory-feedback": {**_NO_THOUGHT, "memory": "feedback"},
    "memory-images": {**_NO_THOUGHT, "memory": "images"},
    "memory-thought": {**_NO_SKILLS, "memory": "thought"},
    "memory-experience": _NO_SKILLS,
}
"""Every preset sets all of these dials, so that the last one named holds whole."""
