"""How a rubric is read, and which picture it is about (1 s)."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("deepagents", reason="deepagents: run `make heavy`")

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from gems_graph.agents.rubric import criteria_in, last_picture


@pytest.mark.parametrize(
    ("rubric", "criteria"),
    [
        ("- Is there A?\n- Is there B?", ["Is there A?", "Is there B?"]),
        ("The poster:\n1. Is there A?\n2) Is there B?\n", ["Is there A?", "Is there B?"]),
        ("Is there A?\nIs there B?", ["Is there A?", "Is there B?"]),
        ("* Is there A?", ["Is there A?"]),
        (" a poster with a fox and the word SALE ", "a poster with a fox and the word SALE"),
    ],
)
def test_lines_are_criteria_and_prose_is_left_to_the_decomposer(rubric: str, criteria: Any) -> None:
    assert criteria_in(rubric) == criteria


def test_the_last_picture_counts_by_reference_or_as_a_block() -> None:
    reference = {"sha256": "0" * 64, "media_type": "image/png", "width": 1, "height": 1}
    block = {"type": "image", "base64": "QUJD", "mime_type": "image/webp"}
    drawn = ToolMessage("drawn", tool_call_id="1", artifact={"image": reference})
    shown = HumanMessage([{"type": "text", "text": "this"}, block])
    assert last_picture([drawn, AIMessage("done")]) == reference
    assert last_picture([drawn, shown, AIMessage("done")]) == "data:image/webp;base64,QUJD"
    assert last_picture([HumanMessage("draw"), AIMessage("done")]) is None
