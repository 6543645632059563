"""A cheap first pass over many skills, so that the manifest keeps to its budget (BM25)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gems_graph.skills.skill import Skill

_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af"
    "\U00020000-\U0003ffff]+"
)
_STEM = 5  # letters; "drawing" and "drawings" meet in most languages that inflect
_MARKUP = 12  # tokens around an entry


def tokens_of(skill: Skill) -> int:
    """Estimate what a manifest entry costs: four ASCII characters a token, one of others."""
    text = skill.name + skill.description
    narrow = sum(char.isascii() for char in text)
    return narrow // 4 + len(text) - narrow + _MARKUP


def shortlist(skills: Sequence[Skill], query: str, budget: int) -> list[Skill]:
    """Return the skills that fit a request best within a budget of tokens, in their order.

    All of them where they fit. Where words tell nothing apart, packaged skills go first. The
    best one is always shown.
    """
    if sum(map(tokens_of, skills)) <= budget:
        return list(skills)
    scores = _scores([f"{skill.name} {skill.description}" for skill in skills], query)
    ranked = sorted(
        range(len(skills)), key=lambda k: (-scores[k], skills[k].source != "packaged", k)
    )
    chosen: list[int] = []
    remaining = budget
    for k in ranked:
        remaining -= tokens_of(skills[k])
        if remaining < 0 and chosen:
            break
        chosen.append(k)
    return [skills[k] for k in sorted(chosen)]


def terms(text: str) -> list[str]:
    """Split a text into words and their stems; scripts without spaces into pairs of letters."""
    result: list[str] = []
    folded = text.casefold()
    for word in _WORD.findall(_UNSPACED.sub(" ", folded)):
        result += [word, word[:_STEM]] if len(word) > _STEM else [word]
    for run in _UNSPACED.findall(folded):
        result += [run[k : k + 2] for k in range(len(run) - 1)] or [run]
    return result


def _scores(texts: Sequence[str], query: str) -> list[float]:
    from bm25s import BM25  # takes a moment to import, and few runs need it

    index = BM25(backend="numpy", csc_backend="numpy")
    index.index([terms(text) or [""] for text in texts], show_progress=False)
    query_terms = [term for term in terms(query) if term in index.vocab_dict]
    if not query_terms:
        return [0.0] * len(texts)
    return [float(score) for score in index.get_scores(query_terms)]
