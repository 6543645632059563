"""Keep of a drawing what is allowed, and nothing that could stall, read or load."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from gems_graph.generators.vector.allowed import (
    ATTRIBUTES,
    ELEMENTS,
    NUMBER,
    NUMERIC,
    REFERRING,
    STYLE,
    SVG,
    XLINK,
)
from gems_graph.generators.vector.expansion import check_expansion
from gems_graph.generators.vector.parsing import DrawingError, parse
from gems_graph.generators.vector.styles import Rules, declarations, rules_in

ET.register_namespace("", SVG[1:-1])
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LINK = re.compile(r"""url\(\s*["']?#([^"')\s]+)["']?\s*\)""", re.IGNORECASE)
_SMALLEST_VIEW = 0.01
_INSTEAD = "#808080"  # of a paint that is not there, as SVG would draw nothing at all


def clean(answer: str, size: tuple[int, int]) -> str:
    """Return the drawing in an answer with nothing left but what is drawn here, at a given size.

    Args:
        answer: of a chat model, whatever it says around the drawing.
        size: width and height in pixels, whatever the drawing says.

    Raises:
        DrawingError: there is no drawing, or it is over a limit; says so in words for the model.
    """
    root = parse(answer)
    rules = rules_in(root)
    _keep_allowed(root, rules)
    _mend_references(root)
    check_expansion(root)
    _fit(root, size)
    return ET.tostring(root, encoding="unicode")


def _keep_allowed(element: ET.Element, rules: Rules) -> None:
    """Drop what is not allowed, here and below."""
    name = element.tag.removeprefix(SVG)
    given = {key.removeprefix(XLINK): value for key, value in element.attrib.items()}
    given |= {**rules.of(name, given), **declarations(given.get("style", ""))}
    element.attrib.clear()
    for key, value in given.items():
        if _is_allowed(name, key, value):
            _check_numbers(key, value)
            element.set(key, value)
    _keep_children(element)
    for child in element:
        _keep_allowed(child, rules)


def _is_allowed(name: str, key: str, value: str) -> bool:
    if key == "href":
        return name in REFERRING and value.startswith("#")
    if "url(" in value.lower():
        return key in STYLE and _LINK.match(value.strip()) is not None
    return key in ATTRIBUTES


def _keep_children(element: ET.Element) -> None:
    """Drop what is not drawn here; text that stands behind it stays."""
    kept: list[ET.Element] = []
    for child in element:
        if child.tag.startswith(SVG) and child.tag.removeprefix(SVG) in ELEMENTS:
            kept.append(child)
        elif kept:
            kept[-1].tail = (kept[-1].tail or "") + (child.tail or "")
        else:
            element.text = (element.text or "") + (child.tail or "")
    element[:] = kept


def _check_numbers(key: str, value: str) -> None:
    """Refuse numbers that no picture needs.

    Raises:
        DrawingError: one is too large.
    """
    if key not in NUMERIC:
        return
    for number in _NUMBER.findall(value):
        if not math.isfinite(float(number)) or abs(float(number)) > NUMBER:
            msg = f"the attribute {key} holds the number {number[:20]}; {NUMBER:,.0f} is the most"
            raise DrawingError(msg)


def _mend_references(root: ET.Element) -> None:
    """Let each id name one element, and each paint and clip refer to one that is there."""
    kinds: dict[str, str] = {}
    for element in root.iter():
        name = element.attrib.pop("id", "")
        if name and name not in kinds:  # the first of a name, as in browsers
            element.set("id", name)
            kinds[name] = element.tag.removeprefix(SVG)
    for element in root.iter():
        for key in ("fill", "stroke"):
            if (kind := _kind(element.get(key), kinds)) is not None and "Gradient" not in kind:
                element.set(key, _INSTEAD)
        if _kind(element.get("clip-path"), kinds) != "clipPath":
            element.attrib.pop("clip-path", None)


def _kind(value: str | None, kinds: Mapping[str, str]) -> str | None:
    """Return what a `url(#id)` refers to; empty if to nothing, None if it is none."""
    link = _LINK.match((value or "").strip())
    return kinds.get(link[1], "") if link else None


def _fit(root: ET.Element, size: tuple[int, int]) -> None:
    """Force the size; what the drawing's own size was becomes its view."""
    if not _is_view(root.get("viewBox", "")):
        width, height = (_length(root.get(key)) for key in ("width", "height"))
        root.set("viewBox", f"0 0 {width or size[0]:g} {height or size[1]:g}")
    for key, value in zip(("width", "height"), size, strict=True):
        root.set(key, str(value))


def _is_view(text: str) -> bool:
    """Tell whether a `viewBox` has four numbers, and shows an area."""
    numbers = [float(number) for number in _NUMBER.findall(text)]
    return len(numbers) == 4 and min(numbers[2:]) >= _SMALLEST_VIEW


def _length(text: str | None) -> float:
    """Return a length in pixels; 0 where there is none, as for a percentage."""
    number = (text or "").strip().removesuffix("px")
    length = float(number) if _NUMBER.fullmatch(number) else 0.0
    return length if length >= _SMALLEST_VIEW else 0.0
