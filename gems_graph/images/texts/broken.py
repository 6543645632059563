"""What is wrong with a picture file from which texts are read."""

from __future__ import annotations

LONGEST = 100_000
"""Bytes of one text that is read; what we write is a fifth of that."""


class BrokenError(ValueError):
    """The file is not whole, damaged, or holds too much; said as the end of a sentence."""
