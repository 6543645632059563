"""Texts and pictures in the Markdown of chat clients."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[\\`*_\[\]<>#|$~!]")  # a dollar begins mathematics


def plain(text: str) -> str:
    """Return text of others on one line, so that it is shown as it is."""
    return _SPECIAL.sub(lambda special: f"\\{special[0]}", " ".join(text.split()))


def picture(name: str, address: str) -> str:
    """Return a picture with its alternative text."""
    return f"![{plain(name)}]({address})"
