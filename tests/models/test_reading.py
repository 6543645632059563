"""No reply whatever makes a yes out of text that says no; and a clear yes is read, however said."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gems_graph.models.loose_json import objects
from gems_graph.models.reasoning import parts_of
from gems_graph.models.verdicts import read_verdict
from gems_graph.models.words import WORDS
from gems_graph.nodes.probes import Judgements
from gems_graph.nodes.refiner import Refined
from tests.models.test_replies import REPLIES


def read(text: str) -> str:
    """The verdict of a reply, or `unreadable`."""
    try:
        return read_verdict(parts_of(text).answer).answer
    except ValueError:
        return "unreadable"


often = settings(max_examples=500, deadline=None, derandomize=True, database=None)

PIECES = [
    "yes", "Yes.", "YES", "no", "No.", "not", "unsure", "是", "否", "はい", "да", "true", "answer",
    "Answer: ", "answer: yes", "The answer is yes.", '"answer": "yes"', '{"answer": "yes"}',
    '{"evidence": "two", "answer": "yes"}', "{'answer': 'yes'}", '{"answer": "no"}', "{", "}", "[",
    "]", '"', "'", "\\", ":", ",", "\n", " ", "```json\n", "```", "**", "<think>", "</think>",
    "<answer>", "</answer>", "<answer>yes</answer>", "\\boxed{yes}", "\\boxed{", "◁think▷",
    "◁/think▷", "[THINK]", "<|channel|>final<|message|>", "<|channel|>analysis<|message|>",
    "<|begin_of_box|>", "yes<|end_of_box|>", "assistantfinal", "analysisWe", "\x00", "\ufeff", "…",
    '{"evidence": "', '", "answer": "yes"}', "two cats", "so ", "therefore, yes", "maybe",
]  # fmt: skip
noise = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=8).map("".join)
FINAL_NO = [
    "No", "No.", "no\n", "**No**", "**No.**", "Answer: no", "**Answer:** No", "The answer is no.",
    "\\boxed{no}", "<answer>no</answer>", '{"answer": "no"}', '{"evidence": "one", "answer": "no"}',
    "{'answer': 'no'}", '{"answer": false}', '```json\n{"answer": "no"}\n```', "Final answer: No.",
    "否", "不是。", "いいえ", "нет", "Nein.", "答案：否", "unsure", "Not sure.", "Answer: unsure",
    '{"answer": "unsure"}', "No, there is one.", "Therefore, no.", "So the answer is no.",
]  # fmt: skip


@often
@given(before=noise, final=st.sampled_from(FINAL_NO))
def test_whatever_comes_before_a_no_makes_no_yes_of_it(before: str, final: str) -> None:
    assert read(f"{before}\n{final}") != "yes"


def test_what_random_replies_have_found() -> None:
    channels = "yes<|channel|>final<|message|><|channel|>analysis<|message|>No"
    assert read(channels) == "unreadable"
    assert read('{"answer": "no", "evidence": "</think> yes') == "unreadable"
    assert read("No yes\nYes.") == read("否 yes\nYes.") == "unreadable"


AFTER = [
    "", "\n", "```", "</s>", "<|im_end|>", "\n\nLet me know.", " yes", "\nYes.", "\nAnswer: yes",
    '\n{"answer": "yes"}', "\n\\boxed{yes}", ", yes", " or yes", " / yes", "?", "\n是", "}", '"}',
]  # fmt: skip


@often
@given(final=st.sampled_from(FINAL_NO), after=st.lists(st.sampled_from(AFTER), max_size=3))
def test_whatever_comes_after_a_no_makes_no_yes_of_it(final: str, after: list[str]) -> None:
    assert read(final + "".join(after)) != "yes"


@often
@given(
    yes=st.sampled_from([each["reply"] for each in REPLIES if each["expected"] == "yes"]),
    no=st.sampled_from([each["reply"] for each in REPLIES if each["expected"] == "no"]),
    between=st.sampled_from(["\n", "\n\n", "\nWait: ", "\nOn reflection:\n", "\nor\n"]),
)
def test_a_reply_that_says_both_is_neither(yes: str, no: str, between: str) -> None:
    if any(mark in yes + no for mark in ("hink", "<|", "analysis", "reasoning", "scratchpad")):
        return  # what stands before an end of reasoning is no answer
    assert read(yes + between + no) in ("unreadable", "no")
    assert read(no + between + yes) in ("unreadable", "no")


evidence = st.lists(
    st.sampled_from([*PIECES, "it reads", "OPEN", "é", "😀"]), min_size=1, max_size=6
).map(" ".join)


@often
@given(said=evidence, answer=st.sampled_from(["no", "unsure", "No.", False, None, "", "maybe"]),
       cut=st.integers(0, 400), first=st.booleans(), ascii_=st.booleans())  # fmt: skip
def test_json_that_says_no_is_no_yes_whole_or_cut_off(
    said: str, answer: Any, cut: int, first: bool, ascii_: bool
) -> None:
    fields = {"evidence": said, "answer": answer}
    if first:
        fields = {"answer": answer, "evidence": said}
    whole = json.dumps(fields, ensure_ascii=ascii_)
    assert read(whole) != "yes"
    assert read(whole[:cut]) != "yes"
    assert read(f"```json\n{whole[:cut]}\n```") != "yes"


UNESCAPED = ['says "OPEN"', 'a "yes" sign', '"', '""', "it's", '"A", "B"', "{x}", '["a"]', "no",
             'reads "no", then "yes"', "yes", "a, b: c", "\n", '"no"']  # fmt: skip


@often
@given(said=st.lists(st.sampled_from(UNESCAPED), max_size=4).map(" ".join),
       answer=st.sampled_from(["yes", "no", "unsure"]), quote=st.sampled_from("\"'"))  # fmt: skip
def test_quotes_that_nobody_escaped_change_no_answer(said: str, answer: str, quote: str) -> None:
    q = quote
    reply = f"{{{q}evidence{q}: {q}{said}{q}, {q}answer{q}: {q}{answer}{q}}}"
    assert read(reply) in (answer, "unreadable")


CLEAR_YES = [
    "yes", "Yes.", "**Yes**", "`yes`", '"Yes."', "\\boxed{yes}", "<answer>yes</answer>", "是的。",
    "Answer: yes", "**Answer:** Yes", "The answer is yes.", "Yes, it stands on the left.",
    '{"answer": "yes"}', '{"evidence": "no other cat", "answer": "yes"}', "{'answer': 'Yes.'}",
    '{"answer": true}', '{"evidence": "the sign says "NO ENTRY"", "answer": "yes"}',
    '```json\n{"answer": "yes"}\n```', '{"evidence": null, "answer": "yes",}',
]  # fmt: skip
THOUGHTS = ["{}", "<think>{}</think>", "{}\n</think>\n", "◁think▷{}◁/think▷", "[THINK]{}[/THINK]",
            "<thinking>{}</thinking>\n", "<think>\n{}\n</think>\n\n",
            "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>",
            ]  # fmt: skip
ENDS = ["", "\n", "</s>", "<|im_end|>", "<|eot_id|>", " \n\n"]


@often
@given(yes=st.sampled_from(CLEAR_YES), frame=st.sampled_from(THOUGHTS[1:]),
       thought=st.sampled_from(["", "no?", "No. Wait.", '{"answer": "no"}', "Answer: no", "hm"]),
       end=st.sampled_from(ENDS))  # fmt: skip
def test_a_clear_yes_is_read_whatever_was_thought_before(
    yes: str, frame: str, thought: str, end: str
) -> None:
    assert read(frame.format(thought) + yes + end) == "yes"
    assert parts_of(frame.format(thought) + yes + end).thought == thought


def test_no_word_means_two_things() -> None:
    assert {read(word) for word, meaning in WORDS.items() if meaning == "yes"} == {"yes"}
    assert {read(f"{word}.") for word, meaning in WORDS.items() if meaning == "no"} == {"no"}
    assert {read(word) for word, meaning in WORDS.items() if meaning == "unsure"} == {"unsure"}


# ------------------------------------------------------------------ several in one answer


@often
@given(
    words=st.lists(st.sampled_from(["yes", "no", "unsure"]), min_size=1, max_size=4),
    said=st.lists(st.sampled_from(UNESCAPED), max_size=3).map(" ".join),
    frame=st.sampled_from(["{}", "```json\n{}\n```", "<think>yes</think>{}", "Here it is: {}"]),
)
def test_no_verdict_of_a_batch_turns_into_another(words: list[str], said: str, frame: str) -> None:
    listed = [
        f'{{"n": {n}, "evidence": "{said}", "answer": "{word}"}}'
        for n, word in enumerate(words, start=1)
    ]
    reply = frame.format('{"verdicts": [' + ", ".join(listed) + "]}")
    try:
        found = Judgements.read(parts_of(reply).answer)
    except ValueError:
        return
    assert all(words[each.n - 1] == each.answer for each in found.verdicts)


@pytest.mark.parametrize(
    "text",
    ['{"verdicts": [{"n": 1, "answer": "yes"}]} {"verdicts": [{"n": 1, "answer": "no"}]}',
     '{"verdicts": [{"n": 1, "answer": "yes"}]} {"verdicts": [{"n": 1, "answer": "no"',
     '{"verdicts": [{"n": 1, "answer": "yes"}]} Wait, the first is wrong.',
     '{"verdicts": [{"n": 1, "answer": "yes", "answer": "no"}]}',
     '{"verdicts": [{"n": 1, "Answer": "yes", "answer": "no"}]}',
     '{"verdicts": [{"n": 1, "evidence": "...", "answer": "yes"}]}'],
)  # fmt: skip
def test_a_batch_that_says_two_things_or_parrots_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"comes twice|more than one|example"):
        Judgements.read(text)


# ------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    ("reply", "prompt"),
    [
        ('{"prompt": "a sign "OPEN" on a door", "rationale": "x"}', 'a sign "OPEN" on a door'),
        ('First: {"prompt": "draft"}\nBetter: {"prompt": "final"}', "final"),
        ('<think>{"prompt": "draft"}</think>Sure!\n```json\n{"prompt": "two\nlines"}\n```',
         "two\nlines"),
        ('{"Prompt": "a cat", "rationale": null}', "a cat"),
        ('{"prompt": "the mark </think> on a shirt"}', "the mark </think> on a shirt"),
        ('{"prompt": "\\u732b \\ud83d\\ude00 \\"so\\""}', '猫 😀 "so"'),
    ],
)  # fmt: skip
def test_texts_are_read_out_of_what_surrounds_them(reply: str, prompt: str) -> None:
    assert Refined.read(parts_of(reply).answer).prompt == prompt


@pytest.mark.parametrize(
    "reply",
    ['{"rationale": "...", "prompt": "..."}', '{"prompt": "a", "prompt": "b"}', '{"prompt": null}',
     '{"prompt": "cut', "A cat on a mat.", "{}", '{"prompt": ["a"]}'],
)  # fmt: skip
def test_what_holds_no_text_to_go_by_is_asked_again(reply: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Refined.read(parts_of(reply).answer)


keys = st.text("abcdefgXYZ_é", min_size=1, max_size=9)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@often
@given(fields=st.dictionaries(keys, json_values, max_size=4), indent=st.sampled_from([None, 1]))
def test_json_itself_is_read_as_it_is(fields: dict[str, Any], indent: int | None) -> None:
    for ascii_ in (False, True):
        text = json.dumps(fields, ensure_ascii=ascii_, indent=indent)
        [found] = objects(text)
        assert (found.fields, found.contradicts) == (fields, False)


# ------------------------------------------------------------------ bombs

BOMBS = [
    "{", '{"', '{"a":', '{"a":"', '{"a":[', "{}", '"', "[", "<", "<think>", "</think>", "<think ",
    "<|channel|>", "<|channel|>final<|message|>", "◁think▷", "analysis", "assistantfinal", "yes ",
    "no\n", "Answer: ", "answer: yes\n", '{"answer": "yes"} ', '{"answer": "no", ', "\\boxed{",
    "<answer>", "```json\n", '{"answer": "yes" " ', " ", "\n", "**", '\\"', "\u0301", "\ufdfa", "'",
]  # fmt: skip


def test_long_replies_of_anything_are_read_in_linear_time() -> None:
    started = time.process_time()
    for piece in BOMBS:
        text = piece * (300_000 // len(piece))
        for reply in (text, f'{{"evidence": "{text}', f"Answer: {text}"):
            read(reply)
            with pytest.raises(ValueError, match=r"."):
                Refined.read(parts_of(reply).answer)
    assert time.process_time() - started < 60  # one quadratic step alone takes longer
