"""What of SVG is drawn: shapes, text, gradients and clipping; nothing that reads, runs or loads."""

from __future__ import annotations

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS = _names(
    """svg g defs symbol use path rect circle ellipse line polyline polygon text tspan
    linearGradient radialGradient stop clipPath"""
)
STYLE = _names(
    """fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap
    stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset opacity color stop-color
    stop-opacity font-family font-size font-weight font-style font-stretch letter-spacing
    word-spacing text-anchor text-decoration dominant-baseline clip-path clip-rule display
    visibility paint-order"""
)
"""Attributes that may as well stand in a `style`."""
GEOMETRY = _names(
    """x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy rotate d points width height viewBox transform
    gradientTransform offset textLength"""
)
ATTRIBUTES = (
    STYLE
    | GEOMETRY
    | _names("id preserveAspectRatio gradientUnits spreadMethod clipPathUnits lengthAdjust")
)
NUMERIC = GEOMETRY | _names(
    """stroke-width stroke-miterlimit stroke-dasharray stroke-dashoffset font-size letter-spacing
    word-spacing opacity fill-opacity stroke-opacity stop-opacity"""
)
"""Attributes whose numbers are bounded."""
REFERRING = _names("use linearGradient radialGradient")
"""Elements that may refer to another of the same drawing by `href`."""

BYTES, NODES, DEPTH = 200_000, 5_000, 40
EXPANDED_NODES, EXPANDED_DEPTH, CLIP_DEPTH = 20_000, 100, 4
NUMBER = 1e6
"""Limits of a drawing: its text, its elements, as `use` expands them, clips of clips, numbers."""
