"""Named sets of dials: the paper, the authors' code, and the ablations of Fig. 4."""

from __future__ import annotations

from typing import Any, Literal

Preset = Literal[
    "paper",
    "enhanced",
    "reference",
    "no-skills",
    "loop-only",
    "memory-feedback",
    "memory-images",
    "memory-thought",
    "memory-experience",
]

# Eq. 6 and 7: refine with M_{i-1} and T_i, compress beside the refiner; no skill picked: P_1 = U
_PAPER: dict[str, Any] = {
    "order": "paper",
    "memory": "experience",
    "max_skills": 1,
    "enhance": False,
    "show_passes": True,
    "show_thought": True,
    "show_skills": True,
    "show_evidence": True,
    "skill_criteria": True,
    "compressor_sees": "memory",
}
# the authors' code: compress first, refine with M_i; failures only, T_i never shown, skills
# for the Planner alone; every picture as it was drawn; no limits, no guards, no hints
_REFERENCE = {
    **_PAPER,
    "order": "reference",
    "show_passes": False,
    "show_thought": False,
    "show_skills": False,
    "show_evidence": False,
    "skill_criteria": False,
    "compressor_sees": "experiences",
    "compressor_request": False,
    "first_thought": False,
    "keep_quotes": False,
    "generator_notes": "",
    "structured": "plain",
    "logprobs": "off",
    "verify": "per-criterion",
    "select_by": "passes",
    "probe": "direct",
    "tie_break": "first",
    "vision_format": "png",
    "detail_max_side": None,
    "scene_max_side": None,
    "vision_max_side": 4096,
    "history_max_side": 4096,
    "history_pictures": 50,
    "history_tokens": 1_000_000,
    "manifest_tokens": 1_000_000,
    "max_criteria": 100,
    "max_tokens": 16_384,
}
_NO_SKILLS = {**_PAPER, "max_skills": 0}
# the ablations add one thing at a time: reasoning is shown from III on, and the Verifier gives
# its answers alone
_BARE = {**_NO_SKILLS, "show_evidence": False}
_NO_THOUGHT = {**_BARE, "show_thought": False}

PRESETS: dict[str, dict[str, Any]] = {
    "paper": _PAPER,
    "enhanced": {**_PAPER, "enhance": True},
    "reference": _REFERENCE,
    "no-skills": _NO_SKILLS,
    "loop-only": {**_NO_THOUGHT, "memory": "none"},
    "memory-feedback": {**_NO_THOUGHT, "memory": "feedback"},
    "memory-images": {**_NO_THOUGHT, "memory": "images"},
    "memory-thought": {**_BARE, "memory": "thought"},
    "memory-experience": _BARE,
}
"""Every preset sets what `paper` sets; what one sets beyond that goes when another is named."""
