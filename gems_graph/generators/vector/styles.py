"""Style sheets of simple rules, taken apart into attributes; other rules are not followed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field

from gems_graph.generators.vector.allowed import STYLE, SVG

_SIMPLE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.#*")


@dataclass(frozen=True)
class Rules:
    """What a style sheet says of an element, a class (`.name`) or an id (`#name`)."""

    by_selector: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, name: str, attributes: Mapping[str, str]) -> dict[str, str]:
        """Return the declarations for an element, the more special over the more general."""
        if not self.by_selector:
            return {}
        classes = dict.fromkeys(f".{each}" for each in attributes.get("class", "").split())
        style: dict[str, str] = {}
        for selector in ("*", name, *classes, f"#{attributes.get('id', '')}"):
            style |= self.by_selector.get(selector, {})
        return style


def rules_in(root: ET.Element) -> Rules:
    """Return the rules of all style sheets in a drawing."""
    rules = Rules()
    for sheet in root.iter(f"{SVG}style"):
        for block in _without_comments("".join(sheet.itertext())).split("}"):
            selectors, brace, body = block.partition("{")
            for selector in selectors.split(",") if brace else ():
                if {*selector.strip()} <= _SIMPLE:
                    known = rules.by_selector.setdefault(selector.strip(), {})
                    known.update(declarations(body))
    return rules


def declarations(text: str) -> dict[str, str]:
    """Return what `fill: red; stroke: none` sets of what may be set."""
    pairs = (each.partition(":") for each in text.split(";"))
    found = {key.strip().lower(): value for key, _, value in pairs}
    return {key: found[key].replace("!important", "").strip() for key in STYLE & found.keys()}


def _without_comments(text: str) -> str:
    pieces = text.split("/*")
    return pieces[0] + "".join(piece.partition("*/")[2] for piece in pieces[1:])
