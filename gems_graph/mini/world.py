"""What the small illustrated world consists of: its things, colours, sizes, scenes and places.

Everything that touches the world (the artwork, the generator, its trainer, the readers, the
offline chat model) imports these names, so that no two parts can disagree about them.
"""

from __future__ import annotations

RGB = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""First column, first row, end column, end row of the cell grid; ends exclusive."""

OBJECTS = (
    "fish", "house", "tree", "car", "boat", "balloon", "star", "heart", "flower", "mushroom",
    "cat", "cup", "duck", "rocket", "butterfly", "snail",
)  # fmt: skip
PLURALS = {name: f"{name}s" for name in OBJECTS} | {"fish": "fish", "butterfly": "butterflies"}
SINGULARS = {plural: name for name, plural in PLURALS.items()}
COLORS: dict[str, RGB] = {
    "red": (222, 48, 54),
    "orange": (246, 128, 26),
    "yellow": (250, 208, 44),
    "green": (46, 164, 84),
    "blue": (42, 104, 226),
    "purple": (138, 66, 190),
    "pink": (246, 128, 182),
    "black": (42, 42, 50),
}
SIZES: dict[str, int] = {"small": 13, "normal": 19, "big": 41}
"""Side of an icon in pixels; a cell has 24, and a big icon covers two by two cells."""
SCENES = ("plain", "sky", "meadow", "beach", "night")
SCENE_PHRASES: dict[str, tuple[str, ...]] = {
    "plain": ("on a plain background", "on white paper"),
    "sky": ("in the sky",),
    "meadow": ("in a meadow", "on the grass"),
    "beach": ("on the beach", "on a beach"),
    "night": ("at night", "in the night"),
}
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
NUMBER_WORDS = {count: word for word, count in NUMBERS.items()}
RELATIONS = ("left of", "right of", "above", "below")
INVERSE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}

RES = 96
"""Pixels along each side of a picture."""
GRID = 4
"""Cells along each side of a picture."""
PATCH = RES // GRID
CELLS = tuple(column + row for row in "1234" for column in "abcd")
"""Cell names in reading order: a1 is top left, d1 top right, d4 bottom right."""
REGIONS: dict[str, Box] = {
    "left half": (0, 0, 2, 4),
    "right half": (2, 0, 4, 4),
    "top half": (0, 0, 4, 2),
    "bottom half": (0, 2, 4, 4),
    "top left": (0, 0, 2, 2),
    "top right": (2, 0, 4, 2),
    "bottom left": (0, 2, 2, 4),
    "bottom right": (2, 2, 4, 4),
    "middle": (1, 1, 3, 3),
}
HELD_OUT = frozenset(
    {
        ("fish", "purple"), ("house", "green"), ("tree", "pink"), ("car", "black"),
        ("boat", "orange"), ("balloon", "blue"), ("star", "red"), ("heart", "yellow"),
        ("flower", "blue"), ("mushroom", "purple"), ("cat", "green"), ("cup", "red"),
        ("duck", "pink"), ("rocket", "yellow"), ("butterfly", "black"), ("snail", "orange"),
    }
)  # fmt: skip
"""Objects in colours that training never shows, so that new combinations can be measured."""
PAIRS = tuple((name, color) for name in OBJECTS for color in COLORS)
"""Every object in every colour."""


def visible(color: str, scene: str | None) -> bool:
    """Tell whether a colour can be seen on a scene; black cannot at night."""
    return not (color == "black" and scene == "night")


MOST_ICONS, MOST_CELLS = 10, 14
"""The most icons of one picture, and the most cells they cover; training shows no more."""
