"""Which nodes each strategy runs in which order, side by side where they are."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from gems_graph.report.outcome import columns_of
from gems_graph.report.page import page
from tests.conftest import criteria, verdicts

FAILS_ONCE = {
    "questions": criteria(2), "decompose": criteria(2), "verify": verdicts("yn", "yy"),
    "questions-with-parents": {
        "questions": [{"question": "Is there A?"}, {"question": "Is there B?"}]
    },
}  # fmt: skip
MAESTRO = [
    ["questions", "rewriter"], ["candidate"] * 2, ["compare"],
    *[["vqa"], ["editor", "improver"], ["check"], ["candidate"] * 2, ["compare"]] * 2,
]  # fmt: skip
SEQUENCES: dict[str, list[list[str]]] = {
    "original": [["as_it_is"], ["generator"]],
    "rewrite": [["rewriter"], ["generator"]],
    "search": [["questions"], ["candidate"] * 5, ["gather"], ["score"] * 5],
    "maestro": MAESTRO,
    "craft": [
        ["opener", "questions"], ["generator"], ["answers"], ["editor"], ["generator"], ["answers"],
    ],
    "gems": [
        ["decomposer", "planner"], ["generator"], ["verifier"], ["compressor", "refiner"],
        ["generator"], ["verifier"],
    ],
}  # fmt: skip


def supersteps(out: Any) -> list[list[str]]:
    """Return the nodes of each superstep, sorted by name, without `select`."""
    steps: dict[int, list[str]] = {}
    for timing in out["timings"]:
        steps.setdefault(timing["step"], []).append(timing["node"])
    return [sorted(steps[step]) for step in sorted(steps) if steps[step] != ["select"]]


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_nodes_run_in_the_order_of_the_specification(loop: Any, name: str) -> None:
    script: dict[str, Any] = {**FAILS_ONCE, "verify": verdicts("yn", "yy")}
    if name == "craft":  # `verdicts` knows no standing checks
        edits: list[str] = []
        script["verify"] = lambda prompt: {
            "evidence": "-", "answer": "no" if "Is there B" in prompt and not edits else "yes"
        }  # fmt: skip
        script["edit-failed"] = lambda prompt: edits.append(prompt) or {"prompt": "a better cat"}
    assert supersteps(loop(script, strategy=name).run()) == SEQUENCES[name]


def test_pages_show_every_picture_that_was_drawn_and_which_was_chosen(loop: Any) -> None:
    made = loop({}, strategy="maestro", checkpointer=InMemorySaver())
    at: Any = {"configurable": {"thread_id": "t"}}
    made.graph.invoke({"prompt": "a cat"}, at)
    state = made.graph.get_state(at).values
    columns = columns_of(state)
    assert [each.n for each in columns] == [1, 2, 3, 4, 5, 6]
    assert [each.n for each in columns if each.chosen] == [state["result"]["round"]]
    told = "\n".join(line for line in page(state, {}) if isinstance(line, str))
    assert [f"Round {n}" in told for n in range(1, 8)] == [True] * 6 + [False]
