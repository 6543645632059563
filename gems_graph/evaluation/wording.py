"""Words of yes/no questions, made equal where they mean the same: the tables of the rule.

Everything here is English and deterministic; `docs/evaluation.md` tells its limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAMES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
NUMBERS = {name: n for n, name in enumerate(_NAMES.split())} | {
    "single": 1, "lone": 1, "pair": 2, "dozen": 12
}  # fmt: skip
COLLECTIVES = {"pair", "dozen"}
DEFINITE = {"the", "all", "every", "each", "both", "this", "that", "these", "those"}
_OPEN = {"a", "an", "any", "some", "exactly", "precisely", "only", "just", "of", "total"}
INEXACT = {"least", "most", "more", "fewer", "less", "than", "at"}
_DETERMINERS = DEFINITE | _OPEN | INEXACT | {*NUMBERS}
NEGATIONS = {"no", "not", "none", "without", "never", "nothing", "other", "else", "except"}
LINKS = {"and", "or"}
THERE = "there"
FILLERS = {
    "is", "are", "be", "being", "does", "do", "which", "who", "it", "made", "out", "from", "in",
    "with", "color", "colour", "colored", "coloured", "appear", "look", "entirely", "fully",
    "completely", "clearly", "also", "material", "texture", "pattern",
}  # fmt: skip
_SAME_QUALITY = {
    "wood": "wooden", "metallic": "metal", "golden": "gold", "grey": "gray", "sparkly": "sparkling",
    "sparkle": "sparkling", "sparkles": "sparkling", "spots": "spotted", "spotty": "spotted",
    "stripes": "striped", "stripy": "striped", "checked": "checkered", "chequered": "checkered",
    "checkerboard": "checkered", "checks": "checkered",
}  # fmt: skip
_IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "mice": "mouse",
    "geese": "goose", "feet": "foot", "teeth": "tooth", "knives": "knife", "wolves": "wolf",
    "leaves": "leaf", "shelves": "shelf", "oxen": "ox",
}  # fmt: skip
_STANCE = r"(?:(?:positioned|located|placed|standing|sitting|resting|lying|directly) )*"
_POSITIONS = [
    (re.compile(rf"\b{_STANCE}(?:{phrase})(?= )"), token)
    for phrase, token in (
        (r"(?:(?:to|on|at) the )?left(?:[ -]hand)?(?: side)? of", "@left"),
        (r"(?:(?:to|on|at) the )?right(?:[ -]hand)?(?: side)? of", "@right"),
        (r"in front of", "@front"),
        (r"behind|in back of", "@behind"),
        (r"(?:on|at) (?:the )?top of|atop|on(?= (?:the|a|an|\w+) )", "@top"),
        (r"under|underneath|beneath", "@under"),
        (r"above", "@above"),
        (r"below", "@below"),
    )
]
_TURNED = {"@right": "@left", "@behind": "@front", "@under": "@top", "@below": "@above"}
_PICTURE = "(?:picture|image|scene|photo|photograph|frame)"
_FRAMES = [
    (re.compile(frame), words)
    for frame, words in (
        (r"\bboth (?=an? )", ""),
        (rf"\b(?:in|of|on|within) (?:the|this) (?:entire |whole )?{_PICTURE}\b", " "),
        (r"\b(?:visible|shown|depicted|present|pictured|displayed|appear)\b", " "),
        (r"\b(?:altogether|in total)\b", " "),
        (rf"^(?:does|do) (?:the|this) {_PICTURE} (?:show|contain|include|depict|feature|have)\b",
         THERE),
        (r"^can (?:you|one|we) (?:clearly )?see\b", THERE),
        (r"^(?:is|are) the (?:total )?(?:number|count|total) of (?:the )?(.+?) "
         rf"(?:equal to |exactly )?({'|'.join(NUMBERS)}|\d+)$", rf"{THERE} exactly \2 \1"),
        (r"^(?:is|are) there\b", THERE),
    )
]  # fmt: skip


def words_of(question: str, nouns: Iterable[str] = ()) -> list[str]:
    """Return the words of a question in lower case, its frame and positions made tokens.

    Args:
        question: in English.
        nouns: known ones; those of several words become one, joined by underscores.
    """
    text = re.sub(r"[^\w\s-]", " ", question.lower().replace("’s ", " ").replace("'s ", " "))
    for noun in sorted({form for n in nouns if " " in n for form in forms(n)}):
        text = re.sub(rf"\b{re.escape(noun).replace('_', ' ')}", noun, text)
    text = " ".join(text.split())
    for frame, words in _FRAMES:
        text = " ".join(frame.sub(words, text).split())
    for phrase, token in _POSITIONS:
        text = phrase.sub(token, text)
    return text.split()


def forms(noun: str) -> set[str]:
    """Return the singulars that a noun may have, itself among them."""
    noun = noun.replace(" ", "_")
    found = {noun, _IRREGULAR.get(noun, noun)}
    endings = (("ies", "y"), ("es", ""), ("s", ""))
    return found | {noun.removesuffix(e) + y for e, y in endings if noun.endswith(e)}


def number(word: str) -> int | None:
    """Return the number that a word names."""
    return int(word) if word.isdecimal() else NUMBERS.get(word)


def determines(word: str) -> bool:
    """Tell whether a word is an article, a quantifier or a number."""
    return word in _DETERMINERS or word.isdecimal()


def quality(word: str) -> str:
    """Return the adjective that stands for a word: `wooden` for `wood`."""
    return _SAME_QUALITY.get(word, word)


def relation(words: list[str], subject: str, other: str) -> tuple[str, str, str] | None:
    """Return (subject, relation, other) of the words between two nouns; None: they say none.

    What has two sides is told from one of them: `right of` and `chased by` are turned round.
    """
    words = [word for word in words if word not in FILLERS - {"in", "with"}]
    if positions := [word for word in words if word.startswith("@")]:
        token = positions[-1]
        turned = token in _TURNED
        return (other, _TURNED[token], subject) if turned else (subject, token, other)
    stems = [_stem(word) for word in words if not determines(word)]
    if not stems:
        return None
    if stems[-1] == "by":
        subject, other, stems = other, subject, stems[:-1]
    elif stems[-1] == "with":  # whoever plays with one is played with
        subject, other = sorted((subject, other))
    return subject, " ".join(stems), other


def _stem(verb: str) -> str:
    for ending in ("ing", "es", "ed", "s", "e"):
        if verb.endswith(ending) and len(verb) > len(ending) + 2:
            return verb.removesuffix(ending)
    return verb
