"""How likely a yes was, from the log-probabilities of an answer's tokens."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from gems_graph.models.words import WORDS, Word, plain_text

_BLANKS = "ĠĊ▁"  # as some servers write them
_EDGES = f" \t\r\n\"'`*.,:;!?()[]{{}}“”「」。，！{_BLANKS}"
# what tokenisers make of words that they cut
_BEGINNINGS: dict[str, Word] = {"un": "unsure", "uns": "unsure", "没": "no", "いい": "no"}
_SPELLINGS = {**WORDS, **_BEGINNINGS}
_FIELD = re.compile(r'"answer"\s*:\s*"?')
_LEAST = 1e-9
Token = dict[str, Any]
"""As OpenAI-compatible servers send it: `token`, `logprob`, `top_logprobs`."""


def p_yes(tokens: Sequence[Token], *, first: bool = False) -> float | None:
    """Return p(yes) in 0..1 at the token that decides; None if unknown.

    Args:
        tokens: of one whole answer.
        first: whether the answer stands first (`direct`), or last, behind the evidence.
    """
    said = _without_reasoning(tokens)
    deciding = _of_fields(said) or [token for token in said if _word(token)]
    return _share(deciding[0 if first else -1]) if deciding else None


def p_yes_each(tokens: Sequence[Token], count: int) -> list[float | None]:
    """Return p(yes) of each of `count` answers in one JSON object, in order.

    All are unknown where the tokens show more or fewer.
    """
    deciding = _of_fields(_without_reasoning(tokens))
    return list(map(_share, deciding)) if len(deciding) == count else [None] * count


def _without_reasoning(tokens: Sequence[Token]) -> Sequence[Token]:
    ends = [k for k, token in enumerate(tokens) if _text(token).strip() == "</think>"]
    return tokens[ends[-1] + 1 :] if ends else tokens


def _of_fields(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with which the values of `"answer"` begin."""
    places = [match.end() for match in _FIELD.finditer("".join(map(_text, tokens)))]
    found, start = [], 0
    for token in tokens:
        end = start + len(_text(token))
        found += [token for place in places if start <= place < end]
        start = end
    return found


def _share(token: Token) -> float | None:
    """Return the share of yes among the spellings of yes, no and unsure that could stand here.

    A server returns only the likeliest few. Where no spelling of yes, or of no, is among them, it
    counts as likely as it can be: as the least likely one returned, or as all that is missing to 1.
    """
    choices = list(_choices(token))
    weight = {"yes": 0.0, "no": 0.0, "unsure": 0.0}
    for word, probability in choices:
        if word:
            weight[word] += probability
    if not any(weight.values()):
        return None
    rest = max(_LEAST, 1 - sum(probability for _, probability in choices))
    most = min([rest, *(probability for _, probability in choices[1:])])
    yes, no = (weight[word] or most for word in ("yes", "no"))
    return yes / (yes + no + weight["unsure"])


def _choices(token: Token) -> Iterator[tuple[str, float]]:
    """Yield what could stand here, as a word of ours or nothing, and its probability."""
    for choice in token.get("top_logprobs") or [token]:
        logprob = choice.get("logprob")
        if isinstance(logprob, int | float) and logprob <= 0:
            yield _word(choice), math.exp(logprob)


def _word(token: Token) -> str:
    return _SPELLINGS.get(plain_text(_text(token).strip(_EDGES)), "")


def _text(token: Token) -> str:
    return str(token.get("token", ""))
