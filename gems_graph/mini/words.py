"""Words, palette and grid of the small world, and how a prompt becomes tokens.

Everything that touches the small world (the generator, its trainer, the pixel
checker, the offline language model) imports these names, so that no two parts
can disagree about what a word means.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gems_graph.errors import OutsideWorldError, UsageError

RGB = tuple[int, int, int]

COLORS: dict[str, RGB] = {
    "red": (215, 35, 45),
    "green": (35, 165, 65),
    "blue": (40, 80, 220),
    "yellow": (242, 210, 30),
    "purple": (150, 50, 190),
    "orange": (245, 125, 20),
}
BACKGROUNDS: dict[str, RGB] = {
    "white": (250, 250, 250),
    "cream": (250, 240, 215),
    "gray": (205, 208, 212),
}
SHAPES = ("circle", "square", "triangle", "cross")
PLURALS = {
    "circle": "circles",
    "square": "squares",
    "triangle": "triangles",
    "cross": "crosses",
}
SINGULARS = {plural: shape for shape, plural in PLURALS.items()}
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4}
NUMBER_WORDS = {count: word for word, count in NUMBERS.items()}
SIZES: dict[str, float] = {"small": 0.30, "large": 0.42}
"""Radius of an item as a share of the side of its cell."""
RELATIONS = ("left of", "right of", "above", "below")
ARRANGEMENTS = ("row", "column", "scattered")

GRID = 4
"""Cells along each side of the picture."""
CELLS = tuple(column + row for row in "1234" for column in "abcd")
"""Cell names in reading order: a1 is top left, d1 top right, d4 bottom right."""
REGIONS: dict[str, tuple[int, int, int, int]] = {
    "full": (0, 0, 4, 4),
    "left half": (0, 0, 2, 4),
    "right half": (2, 0, 4, 4),
    "top half": (0, 0, 4, 2),
    "bottom half": (0, 2, 4, 4),
    "top left": (0, 0, 2, 2),
    "top right": (2, 0, 4, 2),
    "bottom left": (0, 2, 2, 4),
    "bottom right": (2, 2, 4, 4),
}
"""Regions as (first column, first row, end column, end row) of the cell grid; ends exclusive."""

# fmt: off
GLUE_WORDS = (
    "a", "and", "of", "in", "the", "at", ":", ".", "left", "right", "above", "below", "top",
    "bottom", "half", "anywhere", "background", "exactly", "row", "column", "scattered",
)
# fmt: on
PAD, NULL = 0, 1
VOCABULARY: tuple[str, ...] = (
    "<pad>",
    "<null>",
    "<unk>",
    *sorted(
        {*GLUE_WORDS, *NUMBERS, *COLORS, *BACKGROUNDS, *SHAPES}
        | {*PLURALS.values(), *SIZES, *CELLS}
    ),
)
"""The model's words; a word's position is its token id, so the order is part of the weights."""
WORDS = frozenset(VOCABULARY[3:])
MAX_TOKENS = 40

_INDEX = {word: number for number, word in enumerate(VOCABULARY)}
_PLAN_WORDS = frozenset({".", ":", "at", "anywhere", "background", *SIZES, *ARRANGEMENTS})
_SAME = {"an": "a", "grey": "gray", "upper": "top", "lower": "bottom"} | {
    str(count): word for word, count in NUMBERS.items()
}
_PHRASES = (
    (r"\b(?:to|on|at) the (left|right) (?:side )?of\b", r"\1 of"),
    (r"\b(?:on top of|over)\b", "above"),
    (r"\b(?:underneath|beneath|under)\b", "below"),
    (r"\b(top|bottom) (left|right) (?:corner|quarter)\b", r"\1 \2"),
    (r"\b(?:on|at) the (top|bottom) (left|right)\b", r"in the \1 \2"),
    (
        r"\b(?:on|at|in) the (left|right|top|bottom)(?: side)?\b(?! (?:half|left|right|of|side)\b)",
        r"in the \1 half",
    ),
    (r"\b(?:on|at) the (left|right|top|bottom) half\b", r"in the \1 half"),
    (r"\b(?:on|with|in|against) (?:a|the) (\w+ background)\b", r"\1"),
)
WORLD = (
    f"the colours {', '.join(COLORS)}; the shapes {', '.join(SHAPES)};"
    f" counts one to four; the relations {', '.join(RELATIONS)};"
    f" the positions {', '.join(region for region in REGIONS if region != 'full')};"
    " the cells a1 (top left) to d4 (bottom right);"
    f" the backgrounds {', '.join(BACKGROUNDS)}; the sizes {', '.join(SIZES)}."
)
WORLD_HELP = (
    f"It knows {WORLD} Reword the request with these, or plug in a real model:"
    " --generator http:URL."
)


def normalise(text: str) -> str:
    """Rewrite a prompt into the spelling the small world uses.

    The model has seen one spelling of each idea; people and language models
    use several.  Unknown words are kept, so that they can be named later.  A
    plan (several sentences, cells, sizes) ends with a period and a plain
    request does not, as in the training captions.

    Returns:
        Lower-case words, periods and colons separated by single spaces.
    """
    flat = re.sub(r"[,\"'!?()\[\]`*_“”‘’/–—-]", " ", text.lower())
    flat = re.sub(r"([.:])", r" \1 ", flat.replace(";", "."))
    words = [_SAME.get(word, word) for word in flat.split()]
    line = " ".join(words)
    for pattern, replacement in _PHRASES:
        line = re.sub(pattern, replacement, line)
    return _with_ending(line)


def tokenise(text: str) -> list[str]:
    """Split a prompt into known words, at most `MAX_TOKENS` of them.

    Raises:
        UsageError: the prompt is empty or too long; nothing is ever cut off.
        OutsideWorldError: the prompt uses words the small world does not have.
    """
    words = normalise(text).split()
    if not any(word not in ".:" for word in words):
        raise UsageError(
            "The prompt is empty. Say what to draw, e.g. 'two red circles left of a blue square'."
        )
    if unknown := unknown_words(words):
        raise OutsideWorldError(
            f"The mini model does not know {', '.join(map(repr, unknown))}. {WORLD_HELP}"
        )
    if len(words) > MAX_TOKENS:
        raise UsageError(
            f"The prompt has {len(words)} tokens (words, colons, periods); the mini model reads at"
            f" most {MAX_TOKENS}. Shorten it, e.g. leave out sizes, arrangements or the background."
        )
    return words


def unknown_words(words: Sequence[str]) -> list[str]:
    """List the normalised words outside the vocabulary, each once, in order of appearance."""
    return [word for word in dict.fromkeys(words) if word not in WORDS]


def encode(words: Sequence[str]) -> list[int]:
    """Turn known words into token ids, one per word."""
    return [_INDEX[word] for word in words]


def _with_ending(line: str) -> str:
    body = line.rstrip(" .")
    return f"{body} ." if _PLAN_WORDS & set(body.split()) else body
