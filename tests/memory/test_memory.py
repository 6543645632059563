"""The Memory Manager: what reaches Refiner and Compressor, budgets, lessons, restarts."""

from __future__ import annotations

import base64
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage
from PIL import Image

from gems_graph import Settings, cli
from gems_graph.memory import shorten, tokens
from gems_graph.memory.budget import fit, weight
from gems_graph.memory.lengths import words
from gems_graph.settings import settle
from gems_graph.settings.presets import PRESETS, Preset
from gems_graph.testing import ChatServer, ImageServer, text_of
from tests.conftest import Loop, criteria, prompts_of, verdicts

Make = Callable[..., Loop]


def said(**answer: str) -> AIMessage:
    """An answer with reasoning, as models with visible reasoning give it."""
    thought = answer.pop("thought")
    return AIMessage(json.dumps(answer), additional_kwargs={"reasoning_content": thought})


def script(*rounds: str, **more: Any) -> dict[str, Any]:
    """Round n has PROMPT-n, THOUGHT-n behind it, and leaves LESSON-n."""
    return {
        "decompose": criteria(len(rounds[0])),
        "verify": verdicts(*rounds),
        "apply-skills": said(prompt="PROMPT-1", thought="THOUGHT-1"),
        "refine": [
            said(rationale="-", prompt=f"PROMPT-{n}", thought=f"THOUGHT-{n}") for n in range(2, 9)
        ],
        "compress": [{"experience": f"LESSON-{n}"} for n in range(1, 9)],
        **more,
    }


# ------------------------------------------------------------------ modes and orders

THREE = ("yyn", "nyn", "ynn", "yyy")
"""A falls in round 2, B in round 3; round 1 is the best of the first three."""
PARTS = {
    "P": r"<prompt>PROMPT-{n}</prompt>",
    "I": r"\[picture\]",
    "+": r'answer="yes"',
    "-": r'answer="no"',
    "r": r'regression="yes"',
    "T": r"<thought>THOUGHT-{n}</thought>",
    "E": r"<experience>LESSON-{n}</experience>",
    "b": r'best="yes"',
}
WHATEVER = r"PROMPT|THOUGHT|LESSON|\[picture\]|<verdict "


def shown(messages: list[BaseMessage]) -> dict[str, dict[int, str]]:
    """Tell which parts of which attempts a message shows, and that it shows no others."""
    text = text_of(messages[0])
    found: dict[str, dict[int, str]] = {}
    for section, whole in re.findall(r"<(history|current)[^>]*>(.*?)</\1>", text, re.DOTALL):
        for n, body in re.findall(r'<attempt n="(\d)"(.*?)</attempt>', whole, re.DOTALL):
            parts = [p for p, mark in PARTS.items() if re.search(mark.replace("{n}", n), body)]
            found.setdefault(section, {})[int(n)] = "".join(parts)
    outside = re.sub(r"<(history|current)[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    assert not re.search(WHATEVER, outside)
    return found


ROUND_3 = {
    # preset, dials: what the Refiner sees of rounds 1 to 3 once round 3 is judged
    ("loop-only",): {"current": {3: "PI+-"}},
    ("memory-feedback",): {"history": {1: "P+-b", 2: "P+-r"}, "current": {3: "PI+-r"}},
    ("memory-images",): {"history": {1: "PI+-b", 2: "PI+-r"}, "current": {3: "PI+-r"}},
    ("memory-thought",): {"history": {1: "PI+-Tb", 2: "PI+-rT"}, "current": {3: "PI+-rT"}},
    ("memory-experience",): {"history": {1: "PI+-Eb", 2: "PI+-rE"}, "current": {3: "PI+-rT"}},
    ("no-skills",): {"history": {1: "PI+-Eb", 2: "PI+-rE"}, "current": {3: "PI+-rT"}},
    ("paper",): {"history": {1: "PI+-Eb", 2: "PI+-rE"}, "current": {3: "PI+-rT"}},
    ("reference",): {"history": {1: "PI-E", 2: "PI-E"}, "current": {3: "PI-E"}},
    ("loop-only", "reference"): {"current": {3: "PI+-"}},
    ("memory-feedback", "reference"): {"history": {1: "P+-b", 2: "P+-r"}, "current": {3: "PI+-r"}},
    ("memory-images", "reference"): {"history": {1: "PI+-b", 2: "PI+-r"}, "current": {3: "PI+-r"}},
    ("memory-thought", "reference"): {
        "history": {1: "PI+-Tb", 2: "PI+-rT"},
        "current": {3: "PI+-rT"},
    },
    ("memory-experience", "reference"): {
        "history": {1: "PI+-Eb", 2: "PI+-rE"},
        "current": {3: "PI+-rTE"},
    },
}
COMPRESSED = {
    "paper": {"history": {1: "PI+-Eb", 2: "PI+-rE"}, "current": {3: "PI+-rT"}},
    "reference": {"history": {1: "E", 2: "E"}, "current": {3: "PI+-T"}},
}


def ordered(parts: str) -> str:
    return "".join(part for part in PARTS if part in parts)


@pytest.mark.parametrize("case", ROUND_3, ids="-".join)
def test_what_reaches_the_refiner(loop: Make, case: tuple[str, ...]) -> None:
    order = {"order": case[1]} if len(case) > 1 else {}
    made = loop(script(*THREE), preset=case[0], enhance=True, **order)
    assert made.run()["result"]["round"] == 4
    want = {
        section: {n: ordered(parts) for n, parts in attempts.items()}
        for section, attempts in ROUND_3[case].items()
    }
    assert shown(made.chat.asked("refine")[2]) == want
    first = shown(made.chat.asked("refine")[0])
    assert "history" not in first
    assert list(first["current"]) == [1]


@pytest.mark.parametrize("preset", get_args(Preset))
def test_what_reaches_the_compressor(loop: Make, preset: str) -> None:
    made = loop(script(*THREE), preset=preset, enhance=True)
    out = made.run()
    if settle({"preset": preset}).memory != "experience":  # only IV compresses
        assert not made.chat.asked("compress")
        assert out["experiences"] == []
        return
    want = COMPRESSED["reference" if preset == "reference" else "paper"]
    calls = made.chat.asked("compress")
    assert out["experiences"] == ["LESSON-1", "LESSON-2", "LESSON-3"]
    assert shown(calls[2]) == {
        section: {n: ordered(parts) for n, parts in attempts.items()}
        for section, attempts in want.items()
    }
    assert "history" not in shown(calls[0])


@pytest.mark.parametrize("preset", get_args(Preset))
def test_the_ablations_run_without_skills(loop: Make, preset: str) -> None:
    made = loop(script("yn", "yy"), preset=preset)
    made.run()
    assert bool(made.chat.asked("select-skills")) == (preset in ("paper", "enhanced", "reference"))


@pytest.mark.parametrize("preset", get_args(Preset))
def test_what_the_verifier_saw_is_shown_where_the_paper_has_no_ablation(
    loop: Make, preset: str
) -> None:
    made = loop(script(*THREE), preset=preset)
    made.run()
    seen = [
        "<seen>" in text_of(messages[0])
        for task in ("refine", "compress")
        for messages in made.chat.asked(task)
    ]
    assert set(seen) == {preset in ("paper", "enhanced", "no-skills")}


def test_the_authors_compressor_sees_neither_the_request_nor_a_first_thought(loop: Make) -> None:
    for preset, shown_there in (("paper", True), ("reference", False)):
        made = loop(script(*THREE), preset=preset, enhance=True)
        made.run("a cat in a REQUEST")
        first, second, _ = [text_of(messages[0]) for messages in made.chat.asked("compress")]
        assert ("REQUEST" in first, "THOUGHT-1" in first) == (shown_there, shown_there)
        assert ("REQUEST" in second, "THOUGHT-2" in second) == (shown_there, True)


@pytest.mark.parametrize("keep", [True, False])
def test_a_lost_quotation_is_put_back_unless_that_is_switched_off(loop: Make, keep: bool) -> None:
    made = loop(script("n", "y"), keep_quotes=keep, enhance=True)
    out = made.run('a sign "HI THERE"')
    held = ['"HI THERE"' in round_["prompt"] for round_ in out["rounds"]]
    assert held == [keep, keep]
    assert len(made.chat.asked("refine")) == 1 + keep
    assert any("put back" in note for note in out["notes"]) == keep


def test_a_regression_says_when_it_passed(loop: Make) -> None:
    made = loop(script("yn", "ny", "nn", "yy"))
    made.run()
    text = text_of(made.chat.asked("refine")[2][0])
    current = text.partition("<current>")[2]
    assert 'answer="no" regression="yes" passed_in="1">Is there A?' in current
    assert 'answer="no" regression="yes" passed_in="2">Is there B?' in current
    assert text.count('regression="yes"') == 3


def test_the_thought_stands_in_for_an_experience_that_was_lost(loop: Make) -> None:
    answers = [*["rambling"] * 3, {"experience": "LESSON-2"}]
    made = loop(script(*THREE, compress=answers), enhance=True)
    out = made.run()
    assert out["experiences"] == ["THOUGHT-1", "LESSON-2", "LESSON-2"]
    assert "THOUGHT-1" in prompts_of(made.chat, "refine")[2]


# ------------------------------------------------------------------ presets at every door


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_holds_whichever_door_it_came_through(loop: Make, preset: str) -> None:
    want = PRESETS[preset].items()
    built = loop({}, preset=preset)
    assert want <= settings_of(built).items()
    for context in ({"preset": preset}, Settings(preset=preset)):  # type: ignore[arg-type]
        given = loop({}, preset="reference", memory="thought", max_skills=3)
        assert want <= settings_of(given, context=context).items()


def settings_of(made: Loop, **call: Any) -> dict[str, Any]:
    states = made.graph.stream({"prompt": "p"}, stream_mode="updates", **call)
    settings = next(iter(states))["begin"]["settings"]
    assert isinstance(settings, dict)
    return settings


def test_what_a_preset_alone_sets_goes_with_it(loop: Make) -> None:
    given = loop({}, preset="reference", history_pictures=2)
    kept = settings_of(given, context={"max_iterations": 2})
    assert (kept["vision_format"], kept["keep_quotes"], kept["history_pictures"]) == (
        "png", False, 2,
    )  # fmt: skip
    for context in ({"preset": "paper"}, Settings(preset="loop-only")):
        after = settings_of(given, context=context)
        defaults = Settings().model_dump()
        only_reference = PRESETS["reference"].keys() - PRESETS["paper"].keys()
        assert {name for name in only_reference if after[name] != defaults[name]} == {
            "history_pictures"
        }


def test_another_generator_leaves_the_preset_as_it_is() -> None:
    below = {"preset": "reference", "generator": "http:u", "generator_price": 1}
    settings = settle(below, {"generator": "mini"})
    assert (settings.generator_notes, settings.generator_price) == ("", None)
    assert settle(below, {"generator": "mini", "preset": "paper"}).generator_notes is None


def test_dials_beside_a_preset_win(loop: Make) -> None:
    made = settings_of(loop({}, preset="loop-only", max_skills=2))
    assert (made["memory"], made["max_skills"]) == ("none", 2)


def test_the_command_line_takes_presets_and_shows_the_context(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = {"decompose": criteria(2), "verify": verdicts("yn", "ny", "yy")}
    with ChatServer(plan) as chat, ImageServer() as images:
        monkeypatch.setattr(sys, "argv", [
            "gems", "run", "[b]p[/b]", "--mllm", "compat:m", "--mllm-url", chat.url,
            "--generator", f"http:{images.url}", "--preset", "memory-images",
            "--set", "order=reference", "--set", "history_max_side=99", "--show-context",
            "--json", "-q",
        ])  # fmt: skip
        with pytest.raises(SystemExit):
            cli.main()
    captured = capsys.readouterr()
    record = json.loads(captured.out)
    assert (record["settings"]["memory"], record["settings"]["order"]) == ("images", "reference")
    assert [r["origin"] for r in record["rounds"]] == ["planner", "refiner", "refiner"]
    asked = [request["prompt"] for request in chat.requests if request["kind"] == "refine"]
    blocks = re.findall(r"--- refiner, attempt \d ---\n(.*?)\n--- end", captured.err, re.DOTALL)
    told = [re.sub(r"\[picture \w{8}, at most \d+ px\]", "[picture]", block) for block in blocks]
    asked = [re.sub(r"\[picture \w{8}\]", "[picture]", text) for text in asked]
    squeezed = [re.sub(r"\n+", "\n", text) for text in asked]
    assert [re.sub(r"\n+", "\n", text) for text in told] == squeezed
    assert "[b]p[/b]" in captured.err
    assert captured.err.count("at most 99 px") == 1


# ------------------------------------------------------------------ budgets


def test_older_pictures_are_thumbnails_then_text(loop: Make) -> None:
    made = loop(script(*["yn"] * 5), size="256x256", vision_max_side=128, history_max_side=32,
                history_pictures=2)  # fmt: skip
    made.run()
    content = made.chat.asked("refine")[3][0].content
    blocks = [block for block in content if isinstance(block, dict) and block["type"] == "image"]
    sides = [Image.open(io.BytesIO(base64.b64decode(b["base64"]))).width for b in blocks]
    assert sides == [32, 32, 128]
    pictured = shown(made.chat.asked("refine")[3])["history"]
    assert [n for n, parts in pictured.items() if "I" in parts] == [2, 3]
    assert list(pictured) == [1, 2, 3]


def test_a_small_budget_drops_thoughts_then_verdicts_then_whole_attempts(loop: Make) -> None:
    thoughts = [
        said(rationale="-", prompt=f"PROMPT-{n}", thought=f"THOUGHT-{n} " + "x " * 1000)
        for n in range(2, 9)
    ]
    questions = {"criteria": [f"Is there {'a very ' * 30}{letter}?" for letter in "ABC"]}
    plan = script("yyn", *["ynn"] * 7, refine=thoughts, decompose=questions)
    made = loop(plan, max_iterations=8, history_tokens=500, preset="memory-thought", enhance=True)
    made.run()
    seventh = made.chat.asked("refine")[6]
    assert shown(seventh) == {
        "history": {1: "b", 4: "PI", 5: "PI", 6: "PI+-r"},
        "current": {7: "PI+-r"},
    }
    text = text_of(seventh[0])
    assert '<history left_out="2">' in text
    assert '<attempt n="1" passed="2" of="3" best="yes" left_out="' in text
    assert '<attempt n="5" passed="1" of="3" left_out="thought verdicts">' in text
    assert '<attempt n="7" passed="1" of="3" left_out="thought">' in text


def view(n: int, thought: str, prompt: str, best: bool) -> dict[str, Any]:
    verdict = {"n": 1, "question": "Is it?", "answer": "no", "evidence": "it is not"}
    return {
        "n": n, "prompt": prompt, "image": {"sha256": str(n)}, "side": 9, "passed": 0, "total": 1,
        "best": best, "verdicts": [verdict], "thought": thought, "experience": "E", "left_out": "",
    }  # fmt: skip


TEXTS = st.text(alphabet="ab 猫🎨", max_size=6000)


@given(
    st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6),
    st.integers(0, 5),
    st.integers(500, 4000),
    st.integers(0, 3),
)
def test_the_budget_holds_and_every_part_is_whole_or_missing(
    texts: list[tuple[str, str]], best: int, room: int, pictures: int
) -> None:
    views = [view(n, *pair, n == best) for n, pair in enumerate(texts)]
    settings = Settings(history_tokens=room, history_pictures=pictures)
    out = fit(views[-1], views[:-1], settings)
    history = out["history"]
    numbers = [each["n"] for each in history]
    assert numbers == sorted(numbers)
    assert len(history) + out["left_out"] == len(views) - 1
    assert sum(each["image"] is not None for each in history) <= pictures
    assert best in [*numbers, out["current"]["n"]] or best >= len(views)
    total = sum(map(weight, [*history, out["current"]]))
    assert total <= max(room, weight({**out["current"], "thought": ""}))
    assert out["current"]["prompt"] == views[-1]["prompt"]
    for each in [*history, out["current"]]:
        for part in ("prompt", "thought", "verdicts", "experience"):
            assert each[part] == views[each["n"]][part] or part in each["left_out"]


def test_within_the_budget_nothing_is_left_out() -> None:
    views = [view(n, "why " * 50, "what " * 50, n == 0) for n in range(4)]
    out = fit(views[-1], views[:-1], Settings())
    assert out == {"current": views[-1], "history": views[:-1], "left_out": 0}


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("abcd" * 10, 10), ("一只猫", 3), ("a 猫", 2), ("かなカナ", 4)]
)
def test_tokens_are_estimated_by_script(text: str, count: int) -> None:
    assert tokens(text) == count


# ------------------------------------------------------------------ experiences


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("Short enough.", 10, "Short enough."),
        ("One two three. Four five six. Seven eight", 6, "One two three. Four five six."),
        ("One two three. Four five six seven", 5, "One two three."),
        ("One. Two three four five six, seven eight", 6, "One. Two three four five six…"),
        ("价格是3.5元。一只猫在左边", 4, "价格是3.5元。"),
        ("一只猫坐在红色的椅子上", 3, "一只猫坐在红…"),
        ("x" * 480, 10, "x" * 240 + "…"),
    ],
)
def test_an_experience_is_cut_after_a_sentence_or_a_word(text: str, most: int, short: str) -> None:
    assert shorten(text, most) == short


@given(st.text(max_size=300), st.integers(1, 30))
def test_a_shortened_text_is_short_and_a_beginning(text: str, most: int) -> None:
    short = shorten(text, most)
    assert words(short.removesuffix("…")) <= most
    assert text.startswith(short.removesuffix("…"))


def test_an_over_long_experience_is_cut_in_code(loop: Make) -> None:
    lesson = "Saying where helps. " * 40
    made = loop(script("yn", "yy", compress={"experience": lesson}), experience_words=20)
    assert made.run()["experiences"] == ["Saying where helps. " * 5 + "Saying where helps."]
    assert "At most 20 words" in text_of(made.chat.asked("compress")[0][0])


@pytest.mark.parametrize(
    ("nothing", "why"),
    [(text, "must not be empty") for text in ("", "  ", "—")] + [("...", "repeats the example")],
)
def test_an_empty_experience_is_asked_again(loop: Make, nothing: str, why: str) -> None:
    answers = [{"experience": nothing}, {"experience": "Say where."}]
    made = loop(script("yn", "yy", compress=answers))
    assert made.run()["experiences"] == ["Say where."]
    assert why in text_of(made.chat.asked("compress")[1][-1])


# ------------------------------------------------------------------ restarts


def origins(out: dict[str, Any]) -> list[str]:
    return [round_["origin"] for round_ in out["rounds"]]


def test_without_the_dial_nothing_restarts(loop: Make) -> None:
    out = loop(script("yn", *["nn"] * 5), max_iterations=6).run()
    assert origins(out) == ["planner", *["refiner"] * 5]


def test_stagnation_refines_the_best_attempt_again(loop: Make) -> None:
    made = loop(script("yn", *["nn"] * 6), max_iterations=7, stagnation=2, enhance=True)
    out = made.run()
    assert origins(out) == [
        "planner", "refiner", "refiner", "best", "refiner", "best", "refiner",
    ]  # fmt: skip
    third, fourth = made.chat.asked("refine")[2:4]
    assert "Nothing tried since has come closer" in text_of(third[0])
    assert "Nothing tried since" not in text_of(fourth[0])
    assert shown(third)["current"] == {1: ordered("PI+-TEb")}
    assert shown(third)["history"] == {2: ordered("PI-rE"), 3: ordered("PI-r")}
    assert any("Round 4 refines round 1, the best so far" in note for note in out["notes"])
    assert out["rounds"][3]["prompt"] == "PROMPT-4"


@pytest.mark.parametrize(("reseed", "seeds"), [(True, [1, 2, 3, 4]), (False, [1, 1, 3, 3])])
def test_stagnation_draws_the_best_prompt_with_another_seed(
    loop: Make, reseed: bool, seeds: list[int]
) -> None:
    made = loop(script("yn", *["nn"] * 3), max_iterations=4, stagnation=1, on_stagnation="reseed",
                reseed=reseed, enhance=True)  # fmt: skip
    out = made.run()
    assert origins(out) == ["planner", "refiner", "seed", "seed"] if reseed else True
    assert [r["prompt"] for r in out["rounds"]][2] == "PROMPT-1"
    assert out["rounds"][2]["thought"] == out["rounds"][0]["thought"]
    assert out["rounds"][2]["origin"] == "seed"
    assert len(made.chat.asked("refine")) == 1
    assert [seed for _, seed in made.painter.calls][:3] == seeds[:3]
    assert any("Round 3 is drawn anew from round 1" in note for note in out["notes"])


def test_progress_is_no_stagnation(loop: Make) -> None:
    out = loop(script("nnn", "ynn", "yyn", "yyn"), max_iterations=4, stagnation=1).run()
    assert origins(out) == ["planner", *["refiner"] * 3]


# ------------------------------------------------------------------ skills and quotations


@pytest.mark.parametrize("show", [True, False])
def test_a_picked_skill_reaches_the_refiner(loop: Make, show: bool) -> None:
    plan = script("yn", "yy", **{"select-skills": {"skills": ["spatial-intelligence"]}})
    made = loop(plan, show_skills=show)
    made.run()
    text = text_of(made.chat.asked("refine")[0][0])
    assert ('<instructions skill="spatial-intelligence">' in text) == show
    assert ("do not undo" in text) == show


def test_quoted_text_survives_refinement(loop: Make) -> None:
    keeps = {"rationale": "-", "prompt": 'A sign that says "GOOD NEWS"'}
    made = loop(script("yn", "yy", refine=[{"rationale": "-", "prompt": "A sign"}, keeps]))
    out = made.run('a sign, "GOOD NEWS"')
    assert out["rounds"][1]["prompt"] == keeps["prompt"]
    assert "<lost>GOOD NEWS</lost>" in text_of(made.chat.asked("refine")[1][0])


def test_quoted_text_that_stays_lost_is_put_back(loop: Make) -> None:
    made = loop(script("yn", "yy", refine={"rationale": "-", "prompt": "A sign"}))
    out = made.run('a sign, "GOOD NEWS"')
    assert '"GOOD NEWS"' in out["rounds"][1]["prompt"]
    assert len(made.chat.asked("refine")) == 2
    assert any("'GOOD NEWS'" in note for note in out["notes"])


def test_enhance_rewrites_without_a_skill(loop: Make) -> None:
    made = loop(script("y"), enhance=True)
    out = made.run()
    assert out["rounds"][0]["prompt"] == "PROMPT-1"
    assert out["rounds"][0]["thought"]["text"] == "THOUGHT-1"
    assert "<instructions" not in text_of(made.chat.asked("apply-skills")[0][0])
    plain = loop(script("y")).run()["rounds"][0]
    assert (plain["prompt"], plain["thought"]["text"]) == ("a cat", "")
