"""The words of the small world, and how a prompt becomes tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gems_graph.errors import OutsideWorldError, UsageError
from gems_graph.mini import world

# fmt: off
GLUE_WORDS = (
    "a", "an", "and", ",", ".", "at", "in", "the", "of", "to", "on", "left", "right", "above",
    "over", "below", "under", "between", "top", "bottom", "half", "middle", "corner", "row",
    "column", "exactly", "picture", "illustration", "draw", "plain", "background", "white",
    "paper", "sky", "meadow", "grass", "beach", "night", "small", "big",
)
# fmt: on
PAD, NULL = 0, 1
VOCABULARY: tuple[str, ...] = (
    "<pad>",
    "<null>",
    "<unk>",
    *sorted(
        {*GLUE_WORDS, *world.NUMBERS, *world.COLORS, *world.CELLS}
        | {*world.OBJECTS, *world.PLURALS.values()}
    ),
)
"""The model's words; a word's position is its token id, so the order is part of the weights."""
WORDS = frozenset(VOCABULARY[3:])
MAX_TOKENS = 40
EXAMPLES = (
    "three red fish and a big blue house at night",
    "a pink cat left of two black cups",
    "four orange balloons above a green snail in a meadow",
)

# fmt: off
_SHAPES = frozenset((
    "circle", "circles", "square", "squares", "triangle", "triangles", "cross", "crosses",
    "cream", "gray",
))
# fmt: on
_INDEX = {word: number for number, word in enumerate(VOCABULARY)}
_SAME = {
    "large": "big", "huge": "big", "tiny": "small", "little": "small", "lawn": "grass",
    "field": "meadow", "pine": "tree", "fir": "tree", "mug": "cup", "mugs": "cups",
    "blossom": "flower", "sailboat": "boat", "kitten": "cat", "kittens": "cats",
    "beneath": "below", "underneath": "below", "image": "picture", "fishes": "fish",
    "center": "middle", "centre": "middle", "upper": "top", "lower": "bottom",
    "violet": "purple",
} | {str(count): word for word, count in world.NUMBERS.items()}  # fmt: skip
_PHRASES = (
    (r"\bon top of\b", "above"),
    (r"\b(?:on|at) the (left|right) side of\b", r"to the \1 of"),
    (r"\b(top|bottom) (left|right) quarter\b", r"\1 \2"),
    (r"\b(?:on|at) the (top|bottom) (left|right)\b", r"in the \1 \2"),
    (r"\b(?:on|at) the (left|right|top|bottom) half\b", r"in the \1 half"),
    (r"\bon the (left|right) side\b", r"on the \1"),
)


def normalise(text: str) -> str:
    """Rewrite a prompt into the spelling of the training captions.

    The model has seen one spelling of most ideas; people and language models use
    several. Unknown words are kept, so that they can be named later.

    Returns:
        Lower-case words, commas and periods separated by single spaces.
    """
    flat = re.sub(r"[\"'!?()\[\]`*_“”‘’/–—-]", " ", text.lower())
    flat = re.sub(r"([.,])", r" \1 ", re.sub(r"[;\n]+", ".", flat).replace(":", " "))
    line = " ".join(_SAME.get(word, word) for word in flat.split())
    for pattern, replacement in _PHRASES:
        line = re.sub(pattern, replacement, line)
    line = re.sub(r"\b(an?) (?=(\w))", _article, line)
    line = re.sub(r"\b([a-d][1-4]) (?:,|and) (?=[a-d][1-4]\b)", r"\1 ", line)
    return _with_ending(line)


def tokenise(text: str) -> list[str]:
    """Split a prompt into known words, at most `MAX_TOKENS` of them.

    Raises:
        UsageError: the prompt is empty or too long; nothing is ever cut off.
        OutsideWorldError: the prompt uses words the small world does not have.
    """
    words = normalise(text).split()
    if not any(word not in ".," for word in words):
        raise UsageError(f"The prompt is empty. Say what to draw, e.g. {EXAMPLES[0]!r}.")
    if unknown := unknown_words(words):
        named = ", ".join(map(repr, unknown[:8]))
        raise OutsideWorldError(
            f"The mini model does not know {named}.{farewell(unknown)}\n{WORLD_HELP}"
        )
    if len(words) > MAX_TOKENS:
        raise UsageError(
            f"The prompt has {len(words)} tokens (words, commas, periods); the mini model reads at"
            f" most {MAX_TOKENS}. Shorten it, e.g. leave out the scene."
        )
    return words


def unknown_words(words: Sequence[str]) -> list[str]:
    """List the normalised words outside the vocabulary, each once, in order of appearance."""
    return [word for word in dict.fromkeys(words) if word not in WORDS]


def farewell(unknown: Sequence[str]) -> str:
    """Say what to do with requests of the world that mini knew before 0.2; else nothing."""
    if _SHAPES.isdisjoint(unknown):
        return ""
    return (
        " Its coloured shapes left with gems-graph 0.1: that trajectory stays readable, and to draw"
        " on, start anew in today's world, plug in a real model, or use gems-graph 0.1."
    )


def encode(words: Sequence[str]) -> list[int]:
    """Turn known words into token ids, one per word."""
    return [_INDEX[word] for word in words]


def article(word: str) -> str:
    """Return "a" or "an", whichever goes before a word."""
    return "an" if word[0] in "aeiou" else "a"


def _article(match: re.Match[str]) -> str:
    return f"{article(match[2])} "


def _with_ending(line: str) -> str:
    """End a plan (several sentences, or cells) as in training: a period after the last cell."""
    body = line.rstrip(" .")
    if re.search(r"\b[a-d][1-4]$", body):
        return f"{body} ."
    plan = "." in body.split()
    return line if plan else body


WORLD = "\n".join(
    (
        f"  things     {', '.join(world.OBJECTS)}",
        f"  colours    {', '.join(world.COLORS)}",
        "  counts     one to five of a kind; small, big",
        "  scenes     on a plain background, in the sky, in a meadow, on the beach, at night",
        f"  relations  {', '.join(world.RELATIONS)}, between",
        f"  places     {', '.join(world.REGIONS)}; cells a1 (top left) to d4 (bottom right)",
    )
)
"""What the world knows, in groups."""
WORLD_HELP = "\n".join(
    (
        WORLD,
        "It draws, for example:",
        *(f"  {example}" for example in EXAMPLES),
        "Reword the request with these, or plug in a real model: --generator http:URL.",
    )
)
"""What the world knows, with prompts that it draws and the remedy."""
