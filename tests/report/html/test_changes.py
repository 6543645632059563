"""Word-level changes between prompts: right, readable, and bounded whatever is compared."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gems_graph.report.html.changes import MOST_WORDS, Change, changes

TEXT = st.text(alphabet="ab .,猫\n", max_size=60)


@given(TEXT, TEXT)
def test_what_was_kept_and_left_is_the_old_text_and_what_was_kept_and_new_the_new(
    old: str, new: str
) -> None:
    found = changes(old, new)
    assert "".join(c.text for c in found if c.kind != "new") == old
    assert "".join(c.text for c in found if c.kind != "left") == new
    assert all(c.text for c in found)
    assert not any(a.kind == b.kind for a, b in pairwise(found))


def test_a_change_is_told_word_by_word() -> None:
    assert changes("a red fish in the sea", "a blue fish in the deep sea") == [
        Change("kept", "a "),
        Change("left", "red "),
        Change("new", "blue "),
        Change("kept", "fish in the "),
        Change("new", "deep "),
        Change("kept", "sea"),
    ]
    assert changes("same", "same") == [Change("kept", "same")]
    assert changes("", "all") == [Change("new", "all")]


def test_a_stop_alone_between_two_changes_parts_them_not() -> None:
    assert changes("one, two", "three, four") == [
        Change("left", "one, two"),
        Change("new", "three, four"),
    ]


BIG, SMALL = "three big red cats ", "word other thing here "


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (BIG * 150, SMALL * 150),
        (BIG * 5_000, BIG * 4_999 + SMALL),
        (SMALL * 600, BIG * 600),
        ((BIG + SMALL) * 310, (SMALL + BIG) * 310),
        ("a b " * 1_240, "b a " * 1_240),
        ("x" * 50_000, "y" * 50_000),
        ("字" * 50_000, "猫" * 50_000),
        ("a " * 25_000, "b " * 25_000),
        ("., " * 16_000, ",. " * 16_000),
    ],
)
def test_the_worst_case_is_told_in_a_tenth_of_a_second(old: str, new: str) -> None:
    best = min(_seconds(old, new) for _ in range(3))
    assert best < 0.1


def _seconds(old: str, new: str) -> float:
    """Return the processor time of one comparison, whatever else runs here."""
    start = time.thread_time()
    changes(old, new)
    return time.thread_time() - start


def test_too_many_words_are_told_as_one_that_left_and_one_that_is_new() -> None:
    old, new = "a " * (MOST_WORDS + 1), "b a " * MOST_WORDS
    assert [c.kind for c in changes(old, new)] == ["left", "new", "kept"]
