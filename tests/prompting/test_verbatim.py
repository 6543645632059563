"""Quoted text: found in any script, missed when lost, put back letter for letter."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gems_graph.errors import AnswerError
from gems_graph.prompting.verbatim import faithful, missing, quoted, restore


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a sign \"GOOD NEWS\" and 'STOP'", ["GOOD NEWS", "STOP"]),
        ("“so” and „so“ and «so la» and ‚gut‘", ["so", "so la", "gut"]),
        ("« bonjour l’ami » et ‹ salut ›", ["bonjour l’ami", "salut"]),
        ("”moi” ja »hej«", ["moi", "hej"]),
        ('牌子上写着"你好"三个字和「こん「に」ちは」と『本』', ["你好", "こん「に」ちは", "本"]),
        ("ป้ายเขียนว่า'สวัสดี'ที่ประตู", ["สวัสดี"]),
        ("لافتة «مرحبا بالعالم»", ["مرحبا بالعالم"]),
        ("‘don’t stop’ and 'don't go'", ["don’t stop", "don't go"]),
        ("O'Brien's 'pub' isn't 'open late'.", ["pub", "open late"]),
        ("He says “the sign “X” here” ok", ["the sign “X” here"]),
        ("a board saying \"mind the 'gap'\"", ["mind the 'gap'"]),
        ('two lines, "one\ntwo"', ["one\ntwo"]),
        ('"A" "B" "A"', ["A", "B"]),
        ("\"a fox with a sign 'NEWS'\"", ["NEWS"]),
        ("the dogs' bowls and the cats' toys", []),
        ("rock 'n' roll in the '90s, 'tis the dogs' bowl", []),
        ('a 5" nail, a 6" pipe and a 5\'10" man', []),
        ('open "never closed', []),
        ("an unclosed “ and a whole “one”", ["one"]),
        ('one" \n\n and "another', []),
        ('"a fox"', []),
        ('"" and “ ”', []),
        ("", []),
    ],
)
def test_quoted_strings_are_found(text: str, found: list[str]) -> None:
    assert quoted(text) == found


BREWS = 'a sign "FRESH BREWS, EVERY MORNING, EVERY DAY"'


@pytest.mark.parametrize(
    ("original", "rewritten", "lost"),
    [
        ('a sign "GOOD NEWS"', "a wooden sign that reads “GOOD NEWS”", []),
        ('a sign "GOOD NEWS"', 'a sign that reads "Good News"', ["GOOD NEWS"]),
        ('a sign "GOOD NEWS"', 'a sign that reads "GOOD NEWS TODAY"', ["GOOD NEWS"]),
        ('a sign "GOOD NEWS"', "a sign that reads GOOD NEWS", []),
        ('a sign "GOOD"', "a sign that reads GOODS", ["GOOD"]),
        ("«bonjour»", "«bonjour»", []),
        ("une affiche «bonjour»", "une affiche « bonjour »", []),
        ('a "modern" house', "a modern house", []),
        ('a red sign that says "red"', 'a red sign that says "blue"', ["red"]),
        ('a red sign that says "red"', 'a sign that says "red"', []),
        ('a sign "A"', "A sign", ["A"]),
        ("写着「你好」的牌子", "牌子上写着你好的字样", []),
        ('a sign "and"', '"A" and "B"', []),
        ('this and that, with "and"', '"A" and "B"', ["and"]),
        ('a shirt “he said "hi" to me”', 'a shirt "he said "hi" to me"', []),
        (BREWS, 'line one "FRESH BREWS," line two "EVERY MORNING, EVERY DAY"', []),
        (BREWS, "“FRESH BREWS,\nEVERY MORNING,\nEVERY DAY”", []),
        (
            BREWS,
            '"EVERY MORNING, EVERY DAY" under "FRESH BREWS,"',
            ["FRESH BREWS, EVERY MORNING, EVERY DAY"],
        ),
        (
            BREWS,
            '"FRESH BREWS, EVERY MOR" "NING, EVERY DAY"',
            ["FRESH BREWS, EVERY MORNING, EVERY DAY"],
        ),
        (BREWS, '"FRESH BREWS," "EVERY DAY"', ["FRESH BREWS, EVERY MORNING, EVERY DAY"]),
        ("竖排写着「宁静致远」", "从上到下四个字「宁」「静」「致」「远」", []),
    ],
)
def test_a_loss_is_noticed(original: str, rewritten: str, lost: list[str]) -> None:
    assert missing(original, rewritten) == lost


@pytest.mark.parametrize(
    ("original", "rewritten", "restored"),
    [
        ("a sign 'GOOD NEWS'", 'The sign says "Good New" here.', "The sign says 'GOOD NEWS' here."),
        ('a sign "GOOD NEWS"', "A sign", 'A sign. The picture shows the text "GOOD NEWS".'),
        ("牌子「你好」", "一块木牌。", "一块木牌。画面上写着「你好」。"),
        ("看板「本日休業」", "木の看板。", "木の看板。画面に「本日休業」と書かれている。"),
        (
            '"OPEN" over "CLOSED"', 'A door, "CLOSED" on it.',
            'A door, "CLOSED" on it. The picture shows the text "OPEN".',
        ),
        (
            BREWS, 'line one "FRESH BREWS," line two "EVERY DAY"',
            'line one "FRESH BREWS," line two "EVERY DAY". '
            'The picture shows the text "FRESH BREWS, EVERY MORNING, EVERY DAY".',
        ),
        (
            '"FRESH BREWS, ALL DAY" and "FRESH BREAD"', '"FRESH BREWS," over "ALL DAY".',
            '"FRESH BREWS," over "ALL DAY". The picture shows the text "FRESH BREAD".',
        ),
    ],
)  # fmt: skip
def test_a_lost_string_comes_back_where_it_belongs(
    original: str, rewritten: str, restored: str
) -> None:
    assert restore(original, rewritten) == restored
    assert missing(original, restored) == []


MARKS = "\"'“”„‘’‚«»‹›「」『』"
SCRIPTS = (
    "abcXYZ0123 .,!?-", "äßéçñ ", "абвЖЯ ", "αβγΩ ", "אבגד ", "مرحبا ", "नमस्ते ", "สวัสดี",
    "你好世界牌", "こんにちはカタ", "안녕하세요 ", "😀🏳️‍🌈𝒜", "{}<>&\\n/",
)  # fmt: skip


@st.composite
def contents(draw: st.DrawFn, length: int = 200) -> str:
    """Draw a text of some length in one or two scripts, with no marks and no empty edge."""
    letters = "".join(draw(st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=2)))
    text = draw(st.text(st.sampled_from(letters), min_size=length, max_size=length))
    return f"x{text[1:-1]}x"


def damaged(draw: st.DrawFn, request: str, content: str) -> str:
    """Do to a request what models do to it: drop, shorten, shout, translate, or unquote."""
    harm = draw(st.sampled_from(["drop", "cut", "case", "other", "bare", "mess"]))
    done = {
        "drop": "",
        "cut": content[: len(content) // 2],
        "case": content.swapcase(),
        "other": "quite another text",
        "mess": draw(st.text(st.sampled_from(MARKS + "ab \n"), max_size=12)),
    }
    if harm == "bare":
        return "".join(char for char in request if char not in MARKS)
    return request.replace(content, done[harm])


@given(st.data(), st.text(st.sampled_from(MARKS + "ab. \n好"), max_size=30))
def test_nothing_is_missing_after_a_restoration(data: st.DataObject, rewritten: str) -> None:
    original = data.draw(st.text(st.sampled_from(MARKS + "ab. \n好"), max_size=30))
    assert missing(original, restore(original, rewritten)) == []
    assert missing(original, original) == []


WORDS = st.text(st.sampled_from("abcXYZ019é好你ж"), min_size=1, max_size=6)


@given(st.lists(WORDS, min_size=2, max_size=8), st.data())
def test_a_string_laid_out_over_lines_is_left_alone(words: list[str], data: st.DataObject) -> None:
    breaks = [data.draw(st.booleans()) for _ in words]
    lines = [[words[0]]]
    for word, begins in zip(words[1:], breaks, strict=False):
        lines.append([word]) if begins else lines[-1].append(word)
    mark = data.draw(st.sampled_from(['"', "“”", "「」", "«»"]))
    prompt = ", then ".join(f"{mark[0]}{' '.join(line)}{mark[-1]}" for line in lines)
    original = f'a sign "{" ".join(words)}" at dusk'
    assert missing(original, f"Lines: {prompt} at dusk") == []
    assert restore(original, f"Lines: {prompt} at dusk") == f"Lines: {prompt} at dusk"


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_taken(original: str, rewritten: str) -> None:
    restored = restore(original, rewritten)
    assert missing(original, restored) == []
    assert restored == rewritten or missing(original, rewritten)


def written(*prompts: str | Exception) -> tuple[Any, list[list[str]]]:
    """Script a writer, and keep what it was told."""
    told: list[list[str]] = []

    async def write(lost: list[str]) -> tuple[str, str]:
        told.append(lost)
        prompt = prompts[len(told) - 1]
        if isinstance(prompt, Exception):
            raise prompt
        return prompt, f"thought {len(told)}"

    return write, told


def test_a_loss_is_left_where_quotes_are_not_to_be_kept() -> None:
    write, heard = written("no sign")
    kept = asyncio.run(faithful(write, 'a sign "HI THERE"', keep=False))
    assert (kept, heard) == (("no sign", "thought 1", []), [[]])


@pytest.mark.parametrize(
    ("prompts", "kept", "told"),
    [
        (['"HI THERE"'], ('"HI THERE"', "thought 1", []), [[]]),
        (["no", '"HI THERE"'], ('"HI THERE"', "thought 2", []), [[], ["HI THERE"]]),
        (
            ["no", "nor"],
            ('nor. The picture shows the text "HI THERE".', "thought 2", ["HI THERE"]),
            [[], ["HI THERE"]],
        ),
        (
            ["no.", AnswerError("unreadable")],
            ('no. The picture shows the text "HI THERE".', "thought 1", ["HI THERE"]),
            [[], ["HI THERE"]],
        ),
    ],
)
def test_a_loss_is_complained_of_once_and_then_mended(
    prompts: list[Any], kept: tuple[Any, ...], told: list[list[str]]
) -> None:
    write, heard = written(*prompts)
    assert asyncio.run(faithful(write, 'a sign "HI THERE"')) == kept
    assert heard == told
