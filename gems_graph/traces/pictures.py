"""Pictures taken out of what observers are shown: words stand where their bytes were."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_DATA = re.compile(r"data:(image/[\w.+-]+);base64,[A-Za-z0-9+/=\s]*")
_RAW = {"base64", "data", "b64_json"}
"""Fields that hold a picture without `data:` before it."""
_SHORT = 200  # characters; no picture is so small, many a word is


def without_pictures(value: Any) -> Any:
    """Return JSON, however deep, with a few words for each picture in it."""
    if isinstance(value, str):
        return _DATA.sub(_words, value) if "data:image/" in value else value
    if isinstance(value, Mapping):
        return {key: _field(key, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_pictures(each) for each in value]
    return value


def _field(key: object, value: Any) -> Any:
    if key in _RAW and isinstance(value, str) and len(value) > _SHORT and " " not in value:
        return f"[picture, {_size(len(value))}]"
    return without_pictures(value)


def _words(found: re.Match[str]) -> str:
    return f"[picture, {found[1]}, {_size(len(found[0]))}]"


def _size(characters: int) -> str:
    """Return how large a picture in base64 is."""
    return f"{characters * 3 // 4 / 1000:.1f} kB"
