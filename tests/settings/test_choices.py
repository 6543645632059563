"""Every dial of fixed words names them when it is given another."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import pytest

from gems_graph.errors import ConfigError
from gems_graph.settings import Settings, settle


def words(annotation: Any) -> list[str]:
    """The words that a type allows, at any depth; none: it allows others, too."""
    if get_origin(annotation) is Literal:
        return [word for word in get_args(annotation) if isinstance(word, str)]
    inner = [word for each in get_args(annotation) for word in words(each)]
    return inner


CHOICES = {name: words(field.annotation) for name, field in Settings.model_fields.items()}
ENUMS = {name: choices for name, choices in CHOICES.items() if choices}


def test_there_are_such_dials() -> None:
    expected = {"preset", "order", "memory", "structured", "logprobs", "verify", "pause"}
    assert expected <= ENUMS.keys()


@pytest.mark.parametrize("name", ENUMS)
def test_a_wrong_word_is_answered_with_the_choices(name: str) -> None:
    with pytest.raises(ConfigError, match=f"The setting {name}='nonsense' is not valid") as caught:
        settle({name: "nonsense"})
    assert all(f"'{choice}'" in str(caught.value) for choice in ENUMS[name])
