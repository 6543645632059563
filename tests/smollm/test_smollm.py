"""The loop on a real model that is often wrong: every text role over a real server.

Nothing here says that the model does well. It says that whatever it writes ends no run, that what
it could not do is in the record, and what it took.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gems_graph import Settings, Store, build_graph
from gems_graph.calls.budget import Place
from gems_graph.nodes.compressor import compressor
from gems_graph.nodes.decomposer import decomposer
from gems_graph.nodes.planner import planner
from gems_graph.nodes.refiner import refiner
from gems_graph.runtime.loop import BACKGROUND
from gems_graph.runtime.module import Module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Criterion, State, Verdict
from gems_graph.testing import Painter, paint
from tests.nodes.tools import round_

TEXT_ROLES = ("planner", "decomposer", "refiner", "compressor")
PROMPT = "two green cats to the left of a red suitcase"
BOTH_WAYS = pytest.mark.parametrize("structured", ["auto", "plain"])


def dials(url: str, structured: str) -> dict[str, Any]:
    """Short answers, one at a time; this server calls their limit by its older name."""
    return {
        "mllm_url": url, "structured": structured, "temperature": 0, "concurrency": 1,
        "extra_body": {"max_tokens": 150}, "attempts": 2, "retry_wait": 0, "seed": 1,
        "manifest_tokens": 500, "call_timeout": 600, "text_only": [*TEXT_ROLES],
    }  # fmt: skip


@BOTH_WAYS
def test_a_whole_trajectory_ends_well(smollm: str, store: Store, structured: str) -> None:
    graph = build_graph(
        mllm={"default": "compat:smollm2", "verifier": "mini"}, generator=Painter(), store=store,
        max_iterations=2, enhance=True, **dials(smollm, structured),
    )  # fmt: skip
    state = graph.invoke({"prompt": PROMPT})
    tell(f"trajectory, structured={structured}", state)
    assert state["result"]["stop"]["reason"] in ("passed", "max_iterations")
    assert state["result"]["stop"].get("error") is None
    assert len(state["rounds"]) == 2 or state["result"]["success"]
    assert state["criteria"]
    for role in TEXT_ROLES:
        assert state["ledger"][role]["calls"] >= 1
        assert state["ledger"][role]["input_tokens"] > 100  # it was told something
    unusable = [note for note in state["notes"] if "gave no usable answer" in note]
    assert unusable  # it is that small
    assert all(any(role in note for role in TEXT_ROLES) for note in unusable)
    json.dumps(state)


def tell(title: str, state: Any) -> None:
    """Print the record of a run, for whoever reads the log."""
    print(f"\n=== {title}: {state['result']['why']}")
    for role, used in state["ledger"].items():
        print(
            f"{role}: {used['calls']} calls, {used['input_tokens']} tokens in, "
            f"{used['output_tokens']} out, {used['seconds']:.1f} s"
        )
    print("criteria:", [each["question"] for each in state["criteria"]])
    print("prompts:", [each["prompt"] for each in state["rounds"]])
    print("experiences:", state["experiences"])
    print("notes:", *state["notes"], sep="\n  ")


def asked(store: Store) -> State:
    """A state in which every text role has something to do."""
    picture = store.put_image(paint("red", 1, (64, 64)))
    seen = Verdict(answer="no", p_yes=None, evidence="I see one cat.")
    judged = round_(1, "n", image=picture, prompt=PROMPT, verdicts=[seen])
    criteria = [Criterion(question="Are there exactly two cats?", source="decomposer")]
    return State(
        prompt=PROMPT, criteria=criteria, attempt=judged, rounds=[judged], experiences=[], skills=[]
    )


@BOTH_WAYS
@pytest.mark.parametrize("module", [planner, decomposer, refiner, compressor], ids=lambda m: m.name)
def test_every_template_of_a_text_role(
    smollm: str, store: Store, structured: str, module: Module
) -> None:
    settings = Settings(mllm="compat:smollm2", **dials(smollm, structured))
    toolbox = Toolbox(settings, store, place=Place("t", 1))
    state = asked(store)
    if module.part == "criteria":
        state["criteria"] = []
    update = BACKGROUND.run(lambda: module(state, toolbox))
    print(f"\n=== {module.name}, structured={structured}:", json.dumps(update)[:600])
    assert set(module.owes) <= update.keys()
    assert toolbox.ledger[module.role]["input_tokens"] > 100


@BOTH_WAYS
def test_the_decomposer_is_measured(
    smollm: str, gems: Any, tmp_path: Path, structured: str
) -> None:
    given = {name: value for name, value in dials(smollm, structured).items() if name != "mllm_url"}
    given["text_only"] = ",".join(TEXT_ROLES)
    options = [f"--set={n}={json.dumps(v) if n == 'extra_body' else v}" for n, v in given.items()]
    model = ["--mllm", "compat:smollm2", "--mllm-url", smollm]
    out = tmp_path / "report.json"
    result = gems("eval", "decomposer", "--limit", "6", *model, *options, "--out", str(out))
    print(f"\n=== gems eval decomposer, structured={structured}\n{result.out}{result.err}")
    report = json.loads(out.read_text(encoding="utf-8"))
    assert result.code == 0
    assert report["read"] + report["unreadable"] == 6
    assert report["used"]["decomposer"]["input_tokens"] > 6 * 100
