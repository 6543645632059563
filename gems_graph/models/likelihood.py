"""How likely a yes was, from the log-probabilities of an answer's tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

_EDGES = " \t\r\n\"'`*.,:;!}()[]{"


def p_yes(tokens: Sequence[dict[str, Any]]) -> float | None:
    """Return p(yes) in 0..1 over all spellings of yes and no, renormalised; None if unknown.

    The answer is the last token that could have been one: evidence stands before it.

    Args:
        tokens: as OpenAI-compatible servers send them: `token`, `logprob`, `top_logprobs`.
    """
    for token in reversed(tokens):
        if _word(token) in {"yes", "no", "unsure"}:
            return _share(token)
    return None


def _share(token: dict[str, Any]) -> float | None:
    choices = token.get("top_logprobs")
    if not choices:  # only the chosen token has one: what is missing to 1 is the other answer
        chosen = _probability(token)
        return None if chosen is None else {"yes": chosen, "no": 1 - chosen}.get(_word(token))
    weight = {"yes": 0.0, "no": 0.0}
    for choice in choices:
        if (word := _word(choice)) in weight:
            weight[word] += _probability(choice) or 0.0
    total = weight["yes"] + weight["no"]
    return weight["yes"] / total if total > 0 else None


def _probability(token: dict[str, Any]) -> float | None:
    """Return a token's probability; None where `logprob` is no logarithm of one."""
    logprob = token.get("logprob")
    return math.exp(logprob) if isinstance(logprob, int | float) and logprob <= 0 else None


def _word(token: dict[str, Any]) -> str:
    return str(token.get("token", "")).strip(_EDGES).casefold()
