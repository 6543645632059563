"""How a generator likes to be addressed: declared, known by name, or said by the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gems_graph import Settings, Store
from gems_graph.calls.budget import Place
from gems_graph.cli.terminal.context import ContextToolbox
from gems_graph.generators import Capabilities, GeneratorSpec, notes_on
from gems_graph.mini.generator import NOTES
from gems_graph.models import wrap
from gems_graph.settings.notes import known_notes
from gems_graph.testing import Painter, ScriptedChat, text_of
from tests.conftest import Loop, criteria, verdicts


def plan() -> dict[str, Any]:
    return {
        "decompose": criteria(1),
        "verify": verdicts("n", "y"),
        "select-skills": {"skills": ["spatial-intelligence"]},
    }


class Tagger(Painter):
    capabilities = Capabilities(notes="Comma-separated tags, 75 tokens at most.")


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("mini", NOTES),
        ("http:http://localhost:8000/generate", ""),
        ("http://localhost:8000", ""),
        ("nobody-knows", ""),
        ("diffusers:Tongyi-MAI/Z-Image-Turbo", "Long, detailed prose"),
        ("x:Qwen/Qwen-Image-2512", "Detailed prose"),
        ("openai:gpt-image-2", "Prose in any language"),
    ],
)
def test_a_generator_is_known_by_its_name_before_it_is_opened(name: str, begins: str) -> None:
    notes = notes_on(GeneratorSpec(name=name))
    assert notes.startswith(begins)
    assert bool(notes) == bool(begins)


def test_the_longest_known_name_wins_and_a_part_of_a_word_is_none() -> None:
    turbo, base = known_notes("Z-Image-Turbo"), known_notes("z-image")
    assert turbo
    assert base
    assert turbo != base
    assert known_notes("z-imagery") is known_notes("") is known_notes("a fine image") is None


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ({}, ""),
        ({"generator": Tagger()}, "Comma-separated tags, 75 tokens at most."),
        ({"generator": Tagger(), "generator_notes": "Rhymes."}, "Rhymes."),
        ({"generator": Tagger(), "generator_notes": ""}, ""),
        ({"generator_notes": "Z-Image-Turbo"}, known_notes("z-image-turbo")),
        ({"generator": Tagger(), "preset": "reference"}, ""),
    ],
)
def test_planner_and_refiner_are_told_how_to_address_it(
    loop: Callable[..., Loop], build: dict[str, Any], told: str
) -> None:
    made = loop(plan(), **build)
    made.run()
    for task in ("apply-skills", "refine"):
        [messages] = made.chat.asked(task)
        _, tag, notes = text_of(messages[0]).partition("<generator_notes>\n")
        assert notes.partition("\n</generator_notes>")[0] == told
        assert bool(tag) == bool(told)
    for task in ("decompose", "verify", "compress"):
        assert "<generator_notes>" not in text_of(made.chat.asked(task)[0][0])


def test_the_shown_context_holds_them(loop: Callable[..., Loop], store: Store) -> None:
    said: list[str] = []

    def toolbox(settings: Settings, place: Place) -> ContextToolbox:
        return ContextToolbox(
            settings, store, say=said.append, templates={"refiner"}, place=place,
            models={"default": wrap(ScriptedChat(script=plan()))}, generator=Tagger(),
        )  # fmt: skip

    loop(plan(), toolbox=toolbox).run()
    assert {"75 tokens" in text for text in said} == {True}
