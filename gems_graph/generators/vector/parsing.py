"""Find the drawing in an answer and parse it, within limits of text, elements and depth."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # no DOCTYPE gets this far, so no entity is expanded

from gems_graph.generators.vector.allowed import BYTES, DEPTH, NODES, SVG, XLINK

_OPENING = re.compile(r"<svg(?=[\s/>])", re.IGNORECASE)
_CLOSING = "</svg>"
_LONE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)")
_NAMESPACES = {"xmlns": SVG[1:-1], "xmlns:xlink": XLINK[1:-1]}


class DrawingError(ValueError):
    """A drawing is none, or too much; says what is wrong, for the model that wrote it."""


class _Builder(ET.TreeBuilder):
    """Builds the tree while it stays small."""

    def __init__(self) -> None:
        super().__init__()
        self._nodes = self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self._nodes, self._depth = self._nodes + 1, self._depth + 1
        if self._nodes > NODES:
            msg = f"it has more than {NODES:,} elements"
            raise DrawingError(msg)
        if self._depth > DEPTH:
            msg = f"its elements are nested more than {DEPTH} deep"
            raise DrawingError(msg)
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


def parse(answer: str) -> ET.Element:
    """Return the root of the drawing in an answer, whatever is said around it.

    What stands before the first `<svg` is dropped, and a DOCTYPE with it: one further on is no XML.

    Raises:
        DrawingError: there is none, it is cut or broken, or larger than the limits.
    """
    if len(answer.encode("utf-8", "replace")) > BYTES:
        msg = f"it is longer than {BYTES:,} bytes"
        raise DrawingError(msg)
    parser = ET.XMLParser(target=_Builder())
    try:
        parser.feed(_with_namespaces(_LONE_AMPERSAND.sub("&amp;", _drawing_in(answer))))
        root: ET.Element = parser.close()
    except (ET.ParseError, UnicodeEncodeError) as error:
        msg = f"it is no well-formed XML: {error}"
        raise DrawingError(msg) from error
    if root.tag != f"{SVG}svg":
        msg = f"its root is no svg element of the namespace {SVG[1:-1]}"
        raise DrawingError(msg)
    return root


def _drawing_in(answer: str) -> str:
    """Return the text from the first `<svg` to the last `</svg>`; by plain search, in one pass."""
    opening = _OPENING.search(answer)
    if opening is None:
        msg = "it holds no <svg> element"
        raise DrawingError(msg)
    end = answer.rfind(_CLOSING)
    if end < opening.start():
        msg = "its <svg> element is not closed"
        raise DrawingError(msg)
    return answer[opening.start() : end + len(_CLOSING)]


def _with_namespaces(text: str) -> str:
    """Declare the namespaces of SVG and of links where the drawing forgot to."""
    head = text[: text.find(">")]
    missing = [f' {name}="{uri}"' for name, uri in _NAMESPACES.items() if f"{name}=" not in head]
    return f"{text[:4]}{''.join(missing)}{text[4:]}"
