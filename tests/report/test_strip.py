"""The strip of a trajectory: every script, every ending, any number of rounds and criteria."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageColor

from gems_graph.calls.ledger import no_usage
from gems_graph.errors import ConfigError, StoreError
from gems_graph.graph import build_graph
from gems_graph.images import Store
from gems_graph.report import fonts, text
from gems_graph.report.grid import MARGIN, Grid
from gems_graph.report.outcome import columns_of, outcome, summary_of
from gems_graph.report.rows import Criterion, Row
from gems_graph.report.shapes import ACCENT, CAUTION, LINE, NO, UNSURE, YES, chip, fitted
from gems_graph.report.strip import strip
from gems_graph.report.text import Style, measure, wrap
from gems_graph.testing import Painter, ScriptedChat, paint

STYLE = Style(24, "black")
RULE = ImageColor.getrgb(LINE)
GRID = Grid(2, 264, 10, 1, 5, 24)
THOUGHT = {"text": "", "sha256": None}


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without any font of its own."""
    monkeypatch.delenv("GEMS_FONT", raising=False)
    monkeypatch.setattr(fonts, "SYSTEM", ())
    fonts._face_for.cache_clear()
    text._shaped.cache_clear()
    yield
    fonts._face_for.cache_clear()
    text._shaped.cache_clear()


def attempt(store: Store, n: int, prompt: str = "a cube") -> dict[str, Any]:
    image = store.put_image(paint(prompt, n, (48, 32)))
    return {"n": n, "prompt": prompt, "thought": THOUGHT, "seed": n, "image": image}


def state(store: Store, *answers: str, chosen: int | None = None, **more: Any) -> dict[str, Any]:
    """A state with one round for each string of answers such as `yyn?`."""
    words = {"y": "yes", "n": "no", "?": "unsure"}
    rounds = [
        attempt(store, n)
        | {"verdicts": [{"answer": words[a], "p_yes": None, "evidence": ""} for a in given]}
        for n, given in enumerate(answers, start=1)
    ]
    total = len(answers[0]) if answers else 0
    passed = answers[chosen - 1].count("y") if chosen else 0
    result = {
        "round": chosen,
        "passed": passed,
        "total": total,
        "success": passed == total,
        "verified": True,
        "stop": {},
        "why": "",
    }
    criteria = [{"question": f"Is part {k} there?", "source": "user"} for k in range(total)]
    base = {"prompt": "a cube", "criteria": criteria, "rounds": rounds, "skills": []}
    return base | {"result": result if chosen else {}} | more


def share(image: Image.Image, colour: str) -> float:
    """How much of a picture has exactly this colour."""
    wanted, pixels = ImageColor.getrgb(colour), image.width * image.height
    found = {rgb: count for count, rgb in image.convert("RGB").getcolors(pixels) or []}
    return found.get(wanted[:3], 0) / pixels


def test_a_run_of_the_graph_becomes_one_picture(store: Store) -> None:
    chat = ScriptedChat(script={"verify": ["no", "yes", "yes"]})
    run = build_graph(mllm=chat, generator=Painter(), store=store).invoke({"prompt": "a cat"})
    image = strip(run, store)
    assert image.mode == "RGB"
    assert share(image, NO) > 0
    assert share(image, YES) > 0
    assert share(image, ACCENT) > 0


@pytest.mark.parametrize(("rounds", "most"), [(1, 4), (2, 6), (5, 10), (12, 24), (50, 24)])
def test_the_size_stays_sane(store: Store, rounds: int, most: int) -> None:
    image = strip(state(store, *["ny?"] * rounds, chosen=1), store)
    assert 1000 <= image.width <= 3600
    assert image.width * image.height < most * 1_000_000


def test_the_same_state_gives_the_same_bytes(store: Store) -> None:
    given = state(store, "ny", "yy", chosen=2)
    assert strip(given, store).tobytes() == strip(given, store).tobytes()


def test_marks_differ_and_stand_where_the_verdicts_are(store: Store) -> None:
    images = {a: strip(state(store, a * 9, chosen=1), store) for a in "yn?"}
    for answer, colour in (("y", YES), ("n", NO), ("?", UNSURE)):
        others = [share(image, colour) for a, image in images.items() if a != answer]
        assert share(images[answer], colour) > 2 * max(others)
    grey = [chip(answer, 36).getchannel("A").tobytes() for answer in ("yes", "no", "unsure")]
    assert len(set(grey)) == 3  # told apart by their outline alone


def with_evidence(given: dict[str, Any], text: str) -> dict[str, Any]:
    for round_ in given["rounds"]:
        for verdict in round_["verdicts"]:
            verdict["evidence"] = text
    return given


LONG = "Are there no shapes other than yellow houses, purple cups, orange houses and stars?"


@pytest.mark.parametrize("times", [1, 6])
def test_a_long_criterion_is_not_cut(times: int) -> None:
    row = Row(Criterion(" ".join([LONG] * times), 0), [], GRID)
    assert " ".join(row.lines) == " ".join([LONG] * times)
    assert row.height > len(row.lines) * 26


@pytest.mark.parametrize(("answer", "lines"), [("y", 0), ("n", 1), ("?", 1)])
def test_a_row_says_why_a_criterion_fails(store: Store, answer: str, lines: int) -> None:
    given = with_evidence(state(store, answer), "I count 4.")
    row = Row(Criterion("Are there three?", 0), columns_of(given), GRID)
    assert row.reasons == [["I count 4."][:lines]]
    [drawn, silent] = (strip(with_evidence(given, text), store) for text in ("I count 4.", ""))
    assert (drawn.tobytes() == silent.tobytes()) is (lines == 0)


def test_a_long_reason_is_cut_and_widens_nothing(store: Store) -> None:
    given = with_evidence(state(store, "n", chosen=1), "so many words " * 99)
    [reason] = Row(Criterion("Why?", 0), columns_of(given), GRID).reasons
    assert len(reason) == 3
    assert reason[-1].endswith("…")
    assert strip(given, store).width == strip(with_evidence(given, ""), store).width


def test_the_left_column_says_what_was_used_and_learned(store: Store) -> None:
    usage = {**no_usage(), "calls": 7, "images": 2}
    lessons = ["say where", "Draw less."]
    given = state(store, "ny", chosen=1, skills=["anatomy"], experiences=lessons)
    given |= {"ledger": {"verifier": usage}, "timings": []}
    assert summary_of(given).facts == (
        ("Skill", "anatomy"),
        ("Used", "7 chat calls, 2 pictures, 0.0 s"),
        ("Learned", "Draw less. say where."),
    )


def test_lessons_that_do_not_fit_stay_above_the_criteria(store: Store) -> None:
    given = state(store, "ny", chosen=1)
    plain, full = (
        strip(given | {"experiences": lessons}, store) for lessons in ([], ["much " * 900])
    )
    assert plain.size == full.size
    changed = ImageChops.difference(plain, full).getbbox()
    assert changed is not None
    left, _, right, bottom = changed
    assert left >= GRID.px(MARGIN) - 2
    assert right <= GRID.left(0)
    line = next(  # above the first criterion; it runs from the margin
        y for y in range(9, plain.height) if plain.getpixel((GRID.px(MARGIN), y)) == RULE
    )
    assert bottom <= line


def test_only_the_chosen_round_is_framed(store: Store) -> None:
    first, second = (
        strip(state(store, "yn", "yn", chosen=chosen), store).crop((0, 0, 1090, 900))
        for chosen in (1, 2)
    )
    assert share(first, ACCENT) > 0
    assert share(second, ACCENT) == 0


def test_a_picture_nobody_judged(store: Store) -> None:
    stop = {"reason": "error", "node": "verifier", "error": "The model is down."}
    result = {"round": 1, "verified": False, "success": False, "stop": stop, "why": "?"}
    given = state(store, attempt=attempt(store, 1), result=result)
    assert outcome(given) == "Not verified: The model is down."
    image = strip(given, store)
    assert share(image, CAUTION) > 0
    assert share(image, ACCENT) == 0


def test_an_interrupted_run(store: Store) -> None:
    given = state(store, "yn", attempt=attempt(store, 2))
    assert outcome(given) == "Interrupted after 1 round."
    alone = strip(state(store, "yn"), store)
    assert strip(given, store).width > alone.width  # the picture not yet judged is shown too
    del given["result"]
    assert strip(given, store).width > alone.width


def test_nothing_drawn_yet(store: Store) -> None:
    assert strip({"prompt": "a cat"}, store).width > 0
    assert outcome({"prompt": "a cat"}) == "Interrupted in the first round."


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        ({"reason": "max_iterations"}, "Best of 2 rounds: 1 of 2 criteria."),
        ({"reason": "budget"}, "Best of 2 rounds: 1 of 2 criteria. The budget was spent."),
        (
            {"reason": "error", "error": "Boom."},
            "Best of 2 rounds: 1 of 2 criteria. Stopped by an error: Boom.",
        ),
    ],
)
def test_the_outcome_in_words(store: Store, stop: dict[str, str], words: str) -> None:
    given = state(store, "yn", "nn", chosen=1)
    given["result"]["stop"] = stop
    assert outcome(given) == words
    assert outcome(state(store, "nn", "yy", chosen=2)) == "Round 2 passes all 2 criteria."


def test_a_hundred_criteria_show_failures_first(store: Store) -> None:
    given = state(store, "y" * 99 + "n", "y" * 100, chosen=2)
    image = strip(given, store)
    assert image.height < 3000
    assert share(image, NO) > 0


def test_a_very_long_prompt_and_control_characters(store: Store) -> None:
    given = state(store, "y", chosen=1, prompt="line\nbreak\x00\x1b[31m " + "word " * 4000)
    given["rounds"][0]["prompt"] = "字" * 20_000
    given["criteria"][0]["question"] = "W" * 20_000
    assert strip(given, store).height < 2400


@pytest.mark.parametrize(
    "prompt",
    [
        "two red fish left of a blue house, " * 30,
        "一只戴着红色帽子的猫，坐在木椅上，旁边有三个“蓝色”气球；" * 9,
        "supercalifragilistic" * 40,
        "mixed 混排 text “引号” and 字, " * 20,
        "مرحبا بالعالم " * 40,
        "a" + "\u0301" * 5000,
    ],
)
def test_lines_fit_and_a_cut_is_marked(prompt: str) -> None:
    lines = wrap(prompt, STYLE, 400, 3)
    assert 1 <= len(lines) <= 3
    assert lines[-1].endswith("…")
    assert all(measure(line, STYLE) <= 401 for line in lines)


def test_short_text_is_left_alone() -> None:
    assert wrap("a  cat\n\tand a dog", STYLE, 400, 3) == ["a cat and a dog"]
    assert wrap("", STYLE, 400, 3) == [""]


def test_no_line_begins_with_a_closing_mark() -> None:
    for width in range(100, 300, 8):
        lines = wrap("猫坐在木椅上，旁边有三个气球。窗外（下着雪）很安静！", STYLE, width, 20)
        assert not [line for line in lines if line[0] in "，。）！"]


@pytest.mark.usefixtures("bare")
def test_chinese_needs_no_font_of_the_system() -> None:
    for char in "猫红蓝圆三貓藍圓，。":
        face = fonts.face_for(char)
        assert face is not None
        assert face.path.parent.name == "fonts"
    face = fonts.face_for("猫")
    assert face is not None
    masks = {bytes(face.at(24).getmask(char)) for char in "猫红\uffff"}  # the last: an empty box
    assert len(masks) == 3


@pytest.mark.usefixtures("bare")
def test_what_no_font_has_is_spelled_out() -> None:
    (_, word), (_, unknown) = text._runs("ok 한", STYLE)
    assert (word, unknown) == ("ok ", "[U+D55C]")
    assert [part for _, part in text._runs("\ud800", STYLE)] == ["[U+D800]"]


def test_the_users_font_comes_first(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    greek = Path(fonts.__file__).parent / "fonts" / "noto-sans-greek-400.woff"
    monkeypatch.setenv("GEMS_FONT", str(greek))
    face = fonts.face_for("λ")
    assert face is not None
    assert face.path == greek.resolve()
    assert fonts.face_for("猫") is not None
    strip(state(store, "y", chosen=1), store)


@pytest.mark.parametrize("name", ["missing.ttf", "notes.ttf"])
def test_a_font_that_is_none(
    name: str, monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "notes.ttf").write_text("not a font")
    monkeypatch.setenv("GEMS_FONT", str(tmp_path / name))
    with pytest.raises(ConfigError, match=r"GEMS_FONT=.*\.ttf"):
        strip(state(store, "y", chosen=1), store)


def test_small_pictures_keep_hard_edges() -> None:
    tiny = Image.new("RGB", (2, 1), "red")
    tiny.putpixel((1, 0), (0, 0, 255))
    colours = fitted(tiny, 41).crop((1, 12, 40, 28)).getcolors()
    assert colours is not None
    assert len(colours) <= 3  # red, blue and the box around them


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_every_mode(mode: str) -> None:
    square = fitted(Image.new(mode, (90, 30)), 60)
    assert (square.size, square.mode) == ((60, 60), "RGB")


def test_a_lost_picture_is_told(store: Store) -> None:
    given = state(store, "y", chosen=1)
    store.remove(given["rounds"][0]["image"]["sha256"])
    with pytest.raises(StoreError, match="missing"):
        strip(given, store)


def test_it_is_a_png_of_modest_weight(store: Store) -> None:
    out = BytesIO()
    strip(state(store, "yn?", "yyy", chosen=2), store).save(out, "PNG")
    assert len(out.getvalue()) < 200_000
