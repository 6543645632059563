"""Keep the strings that a user quoted: find those that a rewriting lost, and put them back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from gems_graph.errors import AnswerError
from gems_graph.prompting.quotes import CLOSERS, STRAIGHT, Span, in_word, quotations, spans

_ANY = "".join({*CLOSERS, *"".join(CLOSERS.values())})
_LOOSE = "".join(set(_ANY) - set(STRAIGHT))
_SIMILAR = 0.6  # a quoted string this close to a lost one is that string, altered
_KANA, _HAN = re.compile("[\u3040-\u30ff]"), re.compile("[\u4e00-\u9fff]")


class Faithful(NamedTuple):
    """A prompt with every quoted string, the reasoning, and the strings that code put back."""

    prompt: str
    thought: str
    restored: list[str]


async def faithful(
    write: Callable[[list[str]], Awaitable[tuple[str, str]]], original: str, *, keep: bool = True
) -> Faithful:
    """Have a prompt written that keeps the quoted strings of `original` letter for letter.

    A prompt that lost some is asked for again once, with the complaint; what is still lost
    then, code puts back.

    Args:
        write: asks the model, and returns the prompt and the reasoning behind it. It gets the
            strings that the prompt before lost (none at first), to show them as `lost`.
        original: the user's request.
        keep: off: what the model writes is taken as it is (`keep_quotes`).
    """
    prompt, thought = await write([])
    if not keep:
        return Faithful(prompt, thought, [])
    if lost_quotes := missing(original, prompt):
        try:
            second, second_thought = await write(lost_quotes)
        except AnswerError:  # a prompt that only lost a text is better than none
            second, second_thought = prompt, thought
        if len(missing(original, second)) <= len(lost_quotes):
            prompt, thought = second, second_thought
    return Faithful(restore(original, prompt), thought, missing(original, prompt))


def quoted(text: str) -> list[str]:
    """Return the outermost quoted strings of a text, each once, without their marks.

    Quotes around the whole text are no quotation, and an unclosed one quotes nothing.
    """
    return list(dict.fromkeys(span.content for span in quotations(text)))


def missing(original: str, rewritten: str) -> list[str]:
    """Return the quoted strings of `original` that `rewritten` does not hold letter for letter.

    A string laid out over lines, each quoted by itself, is held if they make it up in order.
    Without marks a string counts as held only where it cannot be taken for other words: it has
    two characters or more, and the request does not use the same words unquoted.
    """
    original_words, rewritten_words = _unquoted(original), _unquoted(rewritten)
    return [
        content
        for content in quoted(original)
        if not _enclosed(content, rewritten)
        and not _in_pieces(content, rewritten)
        and (
            len(content) < 2
            or _has_words(content, original_words)
            or not _has_words(content, rewritten_words)
        )
    ]


def restore(original: str, rewritten: str) -> str:
    """Return `rewritten` with every lost quoted string back, in the marks of the request.

    An altered version is mended where it stands; otherwise a sentence is added.
    """
    lost_quotes = missing(original, rewritten)
    marked = {span.content: original[span.start : span.end] for span in quotations(original)}
    held = [content for content in marked if content not in lost_quotes]
    for content in lost_quotes:
        replaced = _with_altered_replaced(content, marked[content], held, rewritten)
        rewritten = replaced or _with_sentence(rewritten, marked[content])
    # mending one may, among marks that do not pair up, have broken another
    for content in missing(original, rewritten):
        rewritten = _with_sentence(rewritten, marked[content])
    return rewritten


def _enclosed(content: str, text: str) -> bool:
    """Tell whether a text holds a string between quotation marks of any kind."""
    exact = re.escape(content)
    spaced = rf"[{_LOOSE}]\s*{exact}\s*[{_LOOSE}]"  # « so »
    return bool(re.search(rf"[{_ANY}]{exact}[{_ANY}]|{spaced}", text))


def _in_pieces(content: str, text: str) -> bool:
    """Tell whether quotations of a text, one after another, make up a string."""
    pieces = [_one_line(span.content) for span in spans(text)]
    return any(_make_up(_one_line(content), pieces[k:]) for k in range(len(pieces)))


def _make_up(whole: str, pieces: Sequence[str]) -> bool:
    """Tell whether the first pieces are a string, broken between its words."""
    for piece in pieces:
        if not piece or not whole.startswith(piece):
            return False
        last, whole = piece[-1], whole[len(piece) :]
        if not whole:
            return True
        if in_word(last) and in_word(whole[0]):
            return False
        whole = whole.lstrip()
    return False


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _has_words(content: str, text: str) -> bool:
    """Tell whether a text holds a string as words of its own."""
    before = r"(?<!\w)" if in_word(content[0]) else ""
    after = r"(?!\w)" if in_word(content[-1]) else ""
    return bool(re.search(before + re.escape(content) + after, text))


def _unquoted(text: str) -> str:
    """Return a text with all that it quotes blanked out."""
    for start, end, _ in quotations(text):
        text = text[:start] + "\n" * (end - start) + text[end:]
    return text


def _with_altered_replaced(content: str, marked: str, held: Sequence[str], text: str) -> str | None:
    """Return the text with the altered version of a lost string replaced; None: there is none.

    What stands for a string that is held, whole or in lines, is left alone.
    """
    candidates = [span for span in spans(text) if not any(_is_part(span, each) for each in held)]
    if sum(_is_part(span, content) for span in candidates) > 1:  # its lines, one of them altered
        return None
    closest = max(candidates, key=lambda span: _likeness(content, span), default=None)
    if closest is None or _likeness(content, closest) < _SIMILAR:
        return None
    return text[: closest.start] + marked + text[closest.end :]


def _is_part(span: Span, content: str) -> bool:
    return _has_words(_one_line(span.content), _one_line(content))


def _likeness(content: str, span: Span) -> float:
    one, other = content.casefold(), span.content.casefold()
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _with_sentence(text: str, marked: str) -> str:
    text = text.rstrip()
    if _KANA.search(text):
        return f"{text}画面に{marked}と書かれている。"
    if _HAN.search(text):
        return f"{text}画面上写着{marked}。"
    stop = "" if not text or text[-1] in ".!?…。" else "."
    return f"{text}{stop} The picture shows the text {marked}.".lstrip()
