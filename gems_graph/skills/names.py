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
    """Return what makes a name that name: case, spaces and punctuation do not."""
    return re.sub(r"[\W_]+", "-", tidy(name).casefold()).strip("-")


def near(name: str, names: Sequence[str]) -> str | None:
    """Return which of `names` is meant: exact, then the only one it is part of, then close."""
    wanted = slug(
        re.sub(r"^\W*skill(?:[\W_]?(?:id|name))?\s*[:=]", "", name.strip(), flags=re.IGNORECASE)
    )
    if not wanted:
        return None
    known = {slug(each): each for each in names}
    if wanted in known:
        return known[wanted]
    parts = [each for key, each in known.items() if wanted in key.split("-") or key in wanted]
    if len(parts) == 1:
        return parts[0]
    close = difflib.get_close_matches(wanted, known, n=1, cutoff=0.8)
    return known[close[0]] if close else None
