"""What a request of the small world says: groups, relations, places, the scene."""

from __future__ import annotations

from dataclasses import dataclass

from gems_graph.errors import OutsideWorldError
from gems_graph.mini import words, world


@dataclass(frozen=True)
class Group:
    """A number of things of one colour, and where the request puts them."""

    count: int
    color: str
    object: str
    size: str | None = None
    region: str | None = None
    cells: tuple[str, ...] = ()
    arrangement: str | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """Object and colour, by which people tell groups apart."""
        return self.object, self.color

    @property
    def span(self) -> int:
        """Cells along each side of one icon."""
        return 2 if self.size == "big" else 1

    @property
    def room(self) -> int:
        """Cells that the whole group covers."""
        return self.count * self.span**2

    def words(self, one: str | None = None, *, count: bool = True, plural: bool = False) -> str:
        """Write the group in the world's words, e.g. `two small red fish`.

        Args:
            one: how to say a count of one; the article by default.
            count: whether to say the count at all.
            plural: whether to use the plural even for one.
        """
        many = plural or self.count > 1
        noun = world.PLURALS[self.object] if many else self.object
        name = " ".join(filter(None, [self.size, self.color, noun]))
        if not count:
            return name
        single = words.article(name) if one is None else one
        number = world.NUMBER_WORDS.get(self.count, str(self.count))
        return f"{single if self.count == 1 else number} {name}".strip()


@dataclass(frozen=True)
class Relation:
    """All things of one group lie on one side of those of another, or between two others.

    Groups are given by index; `others` are two for `between`, else one.
    """

    word: str
    subject: int
    others: tuple[int, ...]


@dataclass(frozen=True)
class Request:
    """A request as read."""

    groups: tuple[Group, ...]
    relations: tuple[Relation, ...] = ()
    scene: str | None = None

    @property
    def spatial(self) -> bool:
        """Whether the request says where anything is."""
        placed = any(g.region or g.cells or g.arrangement for g in self.groups)
        return bool(self.relations) or placed

    @property
    def many(self) -> bool:
        """Whether the request counts beyond two, or has several groups to keep apart."""
        return len(self.groups) > 1 or any(group.count > 2 for group in self.groups)


def outside(what: str, remark: str = "") -> OutsideWorldError:
    """Return the error that says what `mini` cannot do, what it knows, and the remedy."""
    return OutsideWorldError(
        f"The offline chat model `mini` {what}.{remark} It knows a small world:\n{words.WORLD_HELP}"
        " Another chat model: --mllm provider:model."
    )
