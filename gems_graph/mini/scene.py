"""What a request of the small world says: groups, relations, places, background."""

from __future__ import annotations

from dataclasses import dataclass

from gems_graph.errors import OutsideWorldError
from gems_graph.mini import words

MOST_ITEMS = words.GRID * words.GRID
KNOWN = (
    f"the colours {', '.join(words.COLORS)}; the shapes {', '.join(words.SHAPES)}; counts one to"
    f" four, {MOST_ITEMS} items in all; the relations {', '.join(words.RELATIONS)}; halves and"
    f" quarters such as 'in the top left'; the cells a1 (top left) to d4 (bottom right);"
    f" the sizes {', '.join(words.SIZES)}; the backgrounds {', '.join(words.BACKGROUNDS)}"
)


@dataclass(frozen=True)
class Group:
    """A number of items of one colour and shape, and where the request puts them."""

    count: int
    color: str
    shape: str
    size: str | None = None
    region: str | None = None
    cells: tuple[str, ...] = ()
    arrangement: str | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """Colour and shape, by which people tell groups apart."""
        return self.color, self.shape

    def words(self, one: str = "one", *, count: bool = True, plural: bool = False) -> str:
        """Write the group in the world's words, e.g. `two small red circles`.

        Args:
            one: how to say a count of one.
            count: whether to say the count at all.
            plural: whether to use the plural even for one.
        """
        many = plural or self.count > 1
        noun = words.PLURALS[self.shape] if many else self.shape
        number = one if self.count == 1 else words.NUMBER_WORDS.get(self.count, str(self.count))
        return " ".join(filter(None, [number if count else "", self.size, self.color, noun]))


@dataclass(frozen=True)
class Relation:
    """All items of one group lie on one side of those of another (both by index)."""

    word: str
    subject: int
    object: int


@dataclass(frozen=True)
class Request:
    """A request as read."""

    groups: tuple[Group, ...]
    relations: tuple[Relation, ...] = ()
    background: str | None = None

    @property
    def spatial(self) -> bool:
        """Whether the request says where anything is."""
        placed = any(g.region or g.cells or g.arrangement for g in self.groups)
        return bool(self.relations) or placed


def outside(what: str) -> OutsideWorldError:
    """Return the error that says what `mini` cannot do, what it knows, and the remedy."""
    return OutsideWorldError(
        f"The offline chat model `mini` {what}; it knows only {KNOWN}. Reword the request, or plug"
        " in a real model with --mllm provider:model."
    )
