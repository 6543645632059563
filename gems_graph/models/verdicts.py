"""One verdict out of a reply of any form; where a reply says two things, none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from gems_graph.models.loose_json import MARK, Found, around, objects
from gems_graph.models.words import WORDS, Word, leading, opening, plain_text, stands, word_of

Claim = Word | None
"""What one place of a reply states; None: something that nobody should interpret."""

_LONGEST, _MOST = 50_000, 20  # characters of a reply, and places that state a verdict
_SAID = 300  # characters of prose that are kept as evidence
_KEYS = ("answer", "verdict", "final_answer", "final answer", "judgement", "judgment",
         "conclusion", "decision", "result", "response")  # fmt: skip
_EVIDENCE = ("evidence", "reason", "reasoning", "explanation", "rationale", "observation")
_EDGES = MARK + " \t\r\n"
_FENCE = re.compile(r"```[ \t]{0,3}[\w+-]{0,20}(?=\n)|```")
_BOX = re.compile(
    r"\\boxed\{(?:\\\w{1,10}\{)?([^{}]{0,200})\}\}?"
    r"|<(?:final_)?(?:answer|conclusion)>([^<>]{0,2000})</(?:final_)?(?:answer|conclusion)>"
)
_STATED = re.compile(
    r"(?:\b(?:answer|verdict|conclusion|judge?ment|decision|antwort|réponse|respuesta|risposta"
    r"|resposta|ответ)|答案|回答|结论|結論|答え|정답|답변|الإجابة|उत्तर)"
    r"(?: to (?:the|this|your) (?:question|criterion))?(?:\s{0,3}\([^()\n]{0,30}\))?"
    r"[\s\"'`*_\\]{0,20}(?::|=|は|是|为|為|\b(?:is|(?:should|must|would) be|ist|est|es|è)\b)\s?:?"
    r"[\s\"'`*_\\]{0,20}"
    r"|\b(?:so|thus|hence|therefore|overall)[,:]?\s{1,3}(?=\W{0,4}(?:yes|no|unsure|not sure)\b)"
)
_OF_JSON = re.compile(r"[\"']\s*:")  # a key whose object is cut off or broken
_SENTENCE = re.compile(r"(?:\A|[.!?。！？\n])\s{0,9}(yes|no|unsure)(?=\s{0,9}(?:[.!。！\n]|\Z))")
_BESIDE = re.compile(rf"(?:as follows|below|(?:the )?following|in json|json)?[\s:.$]*{MARK}")
_BARE_LINE = re.compile(r"^[^\w\n]{0,40}\w[^\n]{0,60}$", re.MULTILINE)


class Reading(NamedTuple):
    """A verdict, and what the reply says for it."""

    answer: Word
    evidence: str


def read_verdict(text: str) -> Reading:
    """Read the verdict of a reply: JSON, a word, a box, or a statement such as `Answer: yes`.

    Every place that states one must state the same, and nothing behind it may take it back.

    Args:
        text: of the reply, without its reasoning.

    Raises:
        ValueError: it states none, or more than one, or is cut or broken.
    """
    text = text.replace(MARK, " ")
    found = [*objects(text)] if len(text) <= _LONGEST else []
    if len(text) > _LONGEST or len(found) > _MOST:
        _refuse("it is far too long")
    prose = plain_text(_FENCE.sub("\n", around(found, text)))
    boxes = [(box[1] or box[2] or "").strip(_EDGES) for box in _BOX.finditer(prose)]
    prose = _BOX.sub(MARK, prose)
    if "{" in prose:
        _refuse("it holds broken JSON")
    claims = [*_in_objects(found), *map(word_of, filter(None, boxes)), *_in_prose(prose)]
    lead = leading(prose)
    if lead:
        claims.append(lead[0] if claims or stands(*lead) else None)
    elif word := opening(prose):  # `No yes`, `No other cat is there. Yes.`
        claims.append(word if claims else None)
    answer = _one(claims, _repeated(text, prose))
    if not stands(answer, prose.partition(MARK)[2]):
        _refuse("what follows the answer may take it back")
    said = text[:_SAID] if len(prose.split()) > 2 else ""
    return Reading(answer, _evidence(found) if found else said)


def _in_objects(found: Sequence[Found]) -> Iterator[Claim]:
    """Yield what objects answer; an object that parrots the example of the prompt answers nothing.

    The first known key answers; others may only agree.
    """
    for each in found:
        fields = {key.casefold(): value for key, value in each.fields.items()}
        words = [word_of(fields[key]) for key in _KEYS if key in fields]
        if words:
            unclear = each.contradicts or len(fields) < len(each.fields) or _parrots(fields)
            yield None if unclear else words[0]
            yield from filter(None, words[1:])


def _in_prose(prose: str) -> Iterator[Claim]:
    """Yield what statements (`Answer: yes`) and lines of one word state."""
    for stated in [*_STATED.finditer(prose)][:_MOST]:
        if not _BESIDE.match(prose, stated.end()):
            lead = leading(prose[stated.end() :])
            whole = not _OF_JSON.search(stated[0])
            yield lead[0] if lead and stands(*lead) and whole else None
    for line in [*_BARE_LINE.finditer(prose)][:_MOST]:
        lead = leading(line[0])
        if lead and not re.search(r"\w", lead[1]):
            yield lead[0] if stands(lead[0], prose[line.end() :]) else None


def _repeated(text: str, prose: str) -> Iterator[Word]:
    """Yield what anything in a reply states, also inside strings, and sentences of one word."""
    for sentence in _SENTENCE.finditer(prose):
        yield WORDS[sentence[1]]
    whole = plain_text(text)
    for stated in _STATED.finditer(whole):
        if lead := leading(whole[stated.end() : stated.end() + 80]):
            yield lead[0]


def _one(claims: Sequence[Claim], repeated: Iterator[Word]) -> Word:
    """Return the one verdict that all claims make.

    Raises:
        ValueError: there is none.
    """
    if not claims or None in claims:
        _refuse("it states no clear yes, no or unsure")
    different = {*claims, *repeated}
    if len(different) > 1:
        _refuse(f"it says both {' and '.join(sorted(map(str, different)))}")
    return next(claim for claim in claims if claim)


def _parrots(fields: dict[str, Any]) -> bool:
    return any(isinstance(text, str) and text.strip() in {"...", "…"} for text in fields.values())


def _evidence(found: Sequence[Found]) -> str:
    for each in found:
        for key, value in each.fields.items():
            if key.casefold() in _EVIDENCE and value is not None:
                return value if isinstance(value, str) else str(value)
    return ""


def _refuse(problem: str) -> NoReturn:
    raise ValueError(problem)
