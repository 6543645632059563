"""Names of skills: what may be one, and which one a model means."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence

LONGEST = 64
RULE = f"use at most {LONGEST} lowercase letters, digits and single hyphens"


def tidy(name: str) -> str:
    """Return a name as it is compared: NFKC, and without spaces around it."""
    return unicodedata.normalize("NFKC", name.strip())


def fault(name: str) -> str | None:
    """Say what is wrong with a name by the Agent Skills specification, if anything is."""
    if len(name) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if name != name.lower():
        return "has capital letters"
    if name.startswith("-") or name.endswith("-") or "--" in name:
        return "has a hyphen at an end or two in a row"
    if not all(char.isalnum() or char == "-" for char in name):
        return "has other characters than letters, digits and hyphens"
    return None


def slug(name: str) -> str:
    """Return a name without case, spaces and punctuation, to compare by."""
    return re.sub(r"[\W_]+", "-", tidy(name).casefold()).strip("-")


def near(name: str, names: Sequence[str]) -> str | None:
    """Return which of `names` is meant: exact, then the only one it is part of, then close."""
    requested = slug(
        re.sub(r"^\W*skill(?:[\W_]?(?:id|name))?\s*[:=]", "", name.strip(), flags=re.IGNORECASE)
    )
    if not requested:
        return None
    by_slug = {slug(each): each for each in names}
    if requested in by_slug:
        return by_slug[requested]
    partial = [slug_ for slug_ in by_slug if requested in slug_.split("-") or slug_ in requested]
    if len(partial) == 1:
        return by_slug[partial[0]]
    close = difflib.get_close_matches(requested, by_slug, n=1, cutoff=0.8)
    return by_slug[close[0]] if close else None
