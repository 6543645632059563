"""A wrong setting is one sentence, whichever way it comes."""

from __future__ import annotations

from typing import Any

import pytest

from gems_graph import Settings, build_graph
from gems_graph.errors import ConfigError
from gems_graph.testing import Painter, ScriptedChat

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"max_iteration": 3}, "There is no setting 'max_iteration'; did you mean 'max_iterations'? "),
    ({"wholly_else": 3}, "There is no setting 'wholly_else'; `gems settings` lists them all."),
    ({"max_iterations": 0}, "The setting max_iterations=0 is not valid: "),
    ({"pause": "often"}, "The setting pause='often' is not valid: "),
    ({"roles": {"judge": {"mlm": "x"}}}, "The setting roles.judge.mlm='x' is not valid: "),
]


@pytest.mark.parametrize(("dials", "said"), WRONG)
def test_a_wrong_context_is_one_sentence_before_anything_is_paid(
    dials: dict[str, Any], said: str
) -> None:
    chat, painter = ScriptedChat(), Painter()
    graph = build_graph(mllm=chat, generator=painter)
    with pytest.raises(ConfigError) as told:
        graph.invoke({"prompt": "a cat"}, context=dials)  # type: ignore[arg-type]
    assert str(told.value).startswith(said)
    assert "\n" not in str(told.value)
    assert (chat.asked("select-skills"), painter.calls) == ([], [])


@pytest.mark.parametrize(("dials", "said"), WRONG)
def test_so_are_wrong_settings_of_a_graph_and_by_themselves(
    dials: dict[str, Any], said: str
) -> None:
    for make in (lambda: build_graph(**dials), lambda: Settings(**dials)):
        with pytest.raises(ConfigError) as told:
            make()
        assert str(told.value).startswith(said)


def test_the_form_of_the_settings_stays_what_it_is() -> None:
    schema = build_graph().get_context_jsonschema()
    assert schema is not None
    assert list(schema["properties"]) == list(Settings.model_fields)
    assert schema["additionalProperties"] is False
