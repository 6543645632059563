"""What a drawing becomes when every `use` and every clip is put in place of its reference."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import NamedTuple

from gems_graph.generators.vector.allowed import (
    CLIP_DEPTH,
    EXPANDED_DEPTH,
    EXPANDED_NODES,
)
from gems_graph.generators.vector.parsing import DrawingError

_CLIP = re.compile(r"""url\(\s*["']?#([^"')\s]+)""", re.IGNORECASE)


class _Extent(NamedTuple):
    """Elements that an element expands to, how deep, and clips of clips at most."""

    nodes: int = 1
    depth: int = 1
    clips: int = 0


def check_expansion(root: ET.Element) -> None:
    """Make sure that a drawing stays small and shallow when references are followed.

    Raises:
        DrawingError: it does not, or an element refers to itself.
    """
    _Expansion(root).of(root, 0)


class _Expansion:
    """The extents of all elements, each measured once."""

    def __init__(self, root: ET.Element) -> None:
        self._by_id = {e.get("id"): e for e in root.iter() if e.get("id")}
        self._known: dict[int, _Extent | None] = {}  # None: being measured

    def of(self, element: ET.Element, level: int) -> _Extent:
        """Return the extent of an element; `level` bounds how deep this may go itself."""
        if level > EXPANDED_DEPTH:
            _refuse(f"its references nest more than {EXPANDED_DEPTH} deep")
        if id(element) in self._known:
            return self._known[id(element)] or _refuse("an element refers to itself")
        self._known[id(element)] = None
        target = self._by_id.get(element.get("href", "")[1:])
        parts = [*element, *([target] if target is not None else [])]
        extents = [self.of(part, level + 1) for part in parts]
        extent = self._sum(extents, self._clip(element, level))
        self._known[id(element)] = extent
        return extent

    def _clip(self, element: ET.Element, level: int) -> _Extent:
        """Return the extent of the clip of an element; of none, nothing."""
        link = _CLIP.match((element.get("clip-path") or "").strip())
        clip = self._by_id.get(link[1]) if link else None
        if clip is None:
            return _Extent(0, 0, 0)
        extent = self.of(clip, level + 1)
        return extent._replace(clips=extent.clips + 1)

    @staticmethod
    def _sum(parts: list[_Extent], clip: _Extent) -> _Extent:
        """Return the extent of an element of those of its parts and of its clip.

        Raises:
            DrawingError: it is over a limit.
        """
        extent = _Extent(
            1 + clip.nodes + sum(part.nodes for part in parts),
            1 + max([clip.depth, *(part.depth for part in parts)]),
            max([clip.clips, *(part.clips for part in parts)]),
        )
        if extent.nodes > EXPANDED_NODES:
            _refuse(f"with every <use> in place it has more than {EXPANDED_NODES:,} elements")
        if extent.depth > EXPANDED_DEPTH:
            _refuse(f"its references nest more than {EXPANDED_DEPTH} deep")
        if extent.clips > CLIP_DEPTH:
            _refuse(f"more than {CLIP_DEPTH} clip paths are clipped by one another")
        return extent


def _refuse(why: str) -> _Extent:
    raise DrawingError(why)
