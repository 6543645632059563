"""p(yes): at the token that decides, over all spellings, with what short lists leave out."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gems_graph.models.likelihood import p_yes, p_yes_each


def token(text: str, logprob: float, *others: tuple[str, float]) -> dict[str, Any]:
    tops = [{"token": t, "logprob": lp} for t, lp in [(text, logprob), *others]]
    return {"token": text, "logprob": logprob, "top_logprobs": tops}


def test_p_yes_sums_all_spellings_and_renormalises() -> None:
    tokens = [token("Yes", -1.0, ("yes", -1.0), (" no", -1.0), ("No", -3.0), ("maybe", -0.5))]
    e1, e3 = 0.36787944, 0.04978707
    assert p_yes(tokens) == pytest.approx(2 * e1 / (3 * e1 + e3), rel=1e-6)


def test_p_yes_reads_the_answer_and_not_the_evidence() -> None:
    tokens = [
        token("no", -0.1, ("yes", -5)), token(" problem", -0.1), token('", "answer": "', -0.1),
        token("yes", -0.01, ("no", -6)), token('"}', -0.1),
    ]  # fmt: skip
    assert p_yes(tokens) == pytest.approx(1, abs=0.01)


def test_p_yes_is_unknown_where_nothing_tells_it() -> None:
    assert p_yes([]) is None
    assert p_yes([token("Perhaps", -0.1, ("yes", -3.0))]) is None
    assert p_yes([{"token": "yes", "logprob": -0.1}]) == pytest.approx(0.9048, abs=1e-4)
    assert p_yes([{"token": "no", "logprob": -0.1}]) == pytest.approx(0.0952, abs=1e-4)


def spelled(*texts: str, **probabilities: float) -> list[dict[str, Any]]:
    """Return tokens; what could have stood in the place of the one called `*` has these."""
    tops = [token(word, math.log(p)) for word, p in probabilities.items()]
    tops.sort(key=lambda each: -each["logprob"])
    return [
        {**tops[0], "top_logprobs": tops} if text == "*" else token(text, -0.01, ("yes", -5.0))
        for text in texts
    ]


def test_the_first_answer_decides_where_it_comes_first() -> None:
    later = ['", "evidence": "', "no", ' yes", said', ' "answer": "', "no", '"}']
    told = spelled('{"answer": "', "*", *later, yes=0.6, no=0.4)
    assert p_yes(told, first=True) == pytest.approx(0.6)
    assert p_yes(told) == pytest.approx(0.01, abs=0.01)


@pytest.mark.parametrize(
    "texts",
    [
        ("*",),
        ('{"', "answer", '":', ' "', "*", '"}'),
        ("{", '"answer":"', "*", '"}'),
        ("<think>", '{"answer": "', "no", '"}', "</think>", '{"answer": "', "*"),
        ("<think>", "no", "</think>", "\n\n", "*", "."),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_token_that_decides_is_found_however_the_answer_is_written(
    texts: tuple[str, ...], first: bool
) -> None:
    assert p_yes(spelled(*texts, yes=0.7, no=0.3), first=first) == pytest.approx(0.7)


def test_an_answer_in_two_tokens_is_not_taken_for_a_word_of_its_evidence() -> None:
    texts = ('{"evidence": "', "no", ' cat", "answer": "', "*", "ure", '"}')
    assert p_yes(spelled(*texts, uns=0.8, yes=0.2)) == pytest.approx(0.2 / 1.1, abs=0.02)


@pytest.mark.parametrize(
    ("tops", "p"),
    [
        ({"yes": 0.6, "unsure": 0.3, "no": 0.1}, 0.6),  # unsure is no yes
        ({"Yes": 0.3, " yes": 0.2, "YES": 0.1, "No": 0.4}, 0.6),
        ({"是": 0.5, "对": 0.1, "否": 0.2, "不": 0.2}, 0.6),
        ({"ja": 0.6, "nein": 0.4}, 0.6),
        ({"Ġyes": 0.6, "▁no": 0.4}, 0.6),
        ({"yes": 0.45, "no": 0.3, "well": 0.25}, 0.6),  # what is no answer does not count
    ],
)
def test_all_spellings_of_an_answer_are_summed(tops: dict[str, float], p: float) -> None:
    assert p_yes(spelled("*", **tops)) == pytest.approx(p)


def test_what_a_short_list_leaves_out_counts_as_likely_as_it_can_be() -> None:
    """Read as zero, one of seven criteria would bring a geometric mean of .99 down to 0."""
    cut = spelled("*", no=0.9, unsure=0.05, well=0.001)
    assert p_yes(cut) == pytest.approx(0.001 / 0.951)  # at most as likely as `well`
    assert p_yes(spelled("*", no=0.6, maybe=0.399)) == pytest.approx(0.001 / 0.601)  # the rest to 1
    assert p_yes(spelled("*", yes=0.9)) == pytest.approx(0.9)
    assert p_yes([token("no", 0.0)]) == pytest.approx(0, abs=1e-8)


def test_each_answer_of_a_batch_has_its_own_p() -> None:
    one = spelled('{"verdicts": [{"n": 1, "answer": "', "*", '", "evidence": "', yes=0.9, no=0.1)
    two = spelled('no yes"}, {"n": 2, "answer": "', "*", '"}]}', yes=0.2, no=0.8)
    assert p_yes_each(one + two, 2) == [pytest.approx(0.9), pytest.approx(0.2)]
    assert p_yes_each(one + two, 3) == [None] * 3
    assert p_yes_each([], 2) == [None, None]
