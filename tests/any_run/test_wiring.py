"""The wiring alone: nodes that return or raise anything."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver

from gems_graph import build_graph
from gems_graph.errors import (
    BudgetError,
    GemsError,
    UsageError,
)
from gems_graph.nodes import MODULES
from tests.any_run.cases import N_MAX
from tests.any_run.holds import check_result, plain_json
from tests.any_run.oracle import ILL, walk
from tests.any_run.said import WORDS, runs
from tests.any_run.test_answers import THREAD
from tests.conftest import letters

ERRORS: tuple[Callable[[], Exception], ...] = (
    lambda: KeyError("image"),
    TimeoutError,
    lambda: GemsError("{braces} %s"),
    lambda: BudgetError("spent"),
    lambda: UsageError("unusable"),
    lambda: ExceptionGroup("two", [ValueError("1"), OSError(2, "2")]),
    RecursionError,
    AssertionError,
    lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad byte"),
)
ILL_TYPED: tuple[dict[str, Any], ...] = (
    {"no_such_key": 1},
    {"rounds": "none"},
    {"rounds": [{"n": 1, "verdicts": []}]},
    {"attempt": {"n": "1", "prompt": "", "thought": {"text": "", "sha256": None}}},
    {"criteria": [("Is it?", "user")]},
    {"skills": [1]},
    {"experiences": [b"bytes"]},
    {"notes": {"a": "set"}},
    {"stop": {"reason": "tired"}},
    {"result": {"image": b""}},
    {"ledger": {"planner": {"calls": 1}}},
)
LOOP = ("generator", "verifier", "refiner", "compressor")


@dataclass(frozen=True)
class Script:
    """What nodes of our own return or raise in each round; nothing: what they should."""

    words: list[str]
    deeds: dict[tuple[str, int], Exception | dict[str, Any]]
    dials: dict[str, Any]
    text: str
    p: float | None

    def fails(self, node: str, n: int) -> list[Any]:
        deed = self.deeds.get((node, n))
        return [] if deed is None else [deed if isinstance(deed, Exception) else ILL]


@st.composite
def scripts(draw: Any) -> Script:
    dials = draw(
        st.fixed_dictionaries(
            {
                "max_iterations": st.integers(1, N_MAX),
                "memory": st.sampled_from(["experience", "none"]),
                "order": st.sampled_from(["paper", "reference"]),
            },
            optional={"raise_on_error": st.just(True)},
        )
    )
    rounds = range(1, dials["max_iterations"] + 1)
    slots = [("planner", 0), ("decomposer", 0), *itertools.product(LOOP, rounds)]
    deed = st.sampled_from(ERRORS).map(lambda make: make()) | st.sampled_from(ILL_TYPED)
    width = draw(st.integers(0, 4))
    return Script(
        words=[draw(st.text("yyynu", min_size=width, max_size=width)) for _ in rounds],
        deeds=draw(st.dictionaries(st.sampled_from(slots), deed, max_size=3)),
        dials=dials,
        text=draw(st.text(max_size=9)),
        p=draw(st.none() | st.floats(0, 1)),
    )


class Cast:
    """Nodes that play a script: no model, no picture, only what they return."""

    def __init__(self, script: Script) -> None:
        self.script, self.ran = script, list[tuple[str, int]]()
        played = {name: self._node(name) for name in ("planner", "decomposer", *LOOP)}
        self.modules: Any = {**MODULES, **played}

    def _node(self, name: str) -> Any:
        async def node(state: Any, toolbox: Any) -> Any:
            in_loop = name in LOOP
            n = state["attempt"]["n"] if name in ("generator", "verifier") else len(state["rounds"])
            self.ran.append((name, n if in_loop else 0))
            deed = self.script.deeds.get(self.ran[-1])
            if isinstance(deed, Exception):
                raise deed
            return getattr(self, f"_{name}")(state) if deed is None else deed

        return node

    def _attempt(self, n: int, origin: str) -> dict[str, Any]:
        thought = {"text": self.script.text, "sha256": None}
        return {"attempt": {"n": n, "prompt": f"p{n}", "thought": thought, "origin": origin}}

    def _planner(self, state: Any) -> dict[str, Any]:
        return {**self._attempt(1, "planner"), "notes": [self.script.text], "skills": ["signs"]}

    def _decomposer(self, state: Any) -> dict[str, Any]:
        sources = ["decomposer", "skill:signs", "user", "prompt"]
        given = zip(self.script.words[0], sources, strict=False)
        return {"criteria": [{"question": "Is it?", "source": source} for _, source in given]}

    def _generator(self, state: Any) -> dict[str, Any]:
        attempt = state["attempt"]
        image = {
            "sha256": f"{attempt['n']:064}",
            "media_type": "image/png",
            "width": 1,
            "height": 1,
        }
        return {"attempt": {**attempt, "seed": attempt["n"], "image": image}}

    def _verifier(self, state: Any) -> dict[str, Any]:
        attempt, (text, p) = state["attempt"], (self.script.text, self.script.p)
        row = self.script.words[attempt["n"] - 1]
        said = [{"answer": WORDS[letter], "p_yes": p, "evidence": text} for letter in row]
        return {"rounds": [{**attempt, "verdicts": said}]}

    def _refiner(self, state: Any) -> dict[str, Any]:
        return self._attempt(len(state["rounds"]) + 1, "refiner")

    def _compressor(self, state: Any) -> dict[str, Any]:
        return {"experiences": [self.script.text]}


@runs(100)
@given(script=scripts(), asynchronous=st.booleans(), thread=st.booleans())
def test_the_wiring_holds_whatever_the_nodes_do(
    script: Script, asynchronous: bool, thread: bool
) -> None:
    cast, dials = Cast(script), script.dials
    end = walk(dials["max_iterations"], script.fails, lambda n: script.words[n - 1], dials)
    saver = InMemorySaver() if thread else None
    graph = build_graph(modules=cast.modules, checkpointer=saver, **dials)
    config: Any = {"recursion_limit": 3 + 4 * N_MAX, "configurable": THREAD if thread else {}}
    try:
        if asynchronous:
            out: Any = asyncio.run(graph.ainvoke({"prompt": "p"}, config))
        else:
            out = graph.invoke({"prompt": "p"}, config)
    except Exception as error:
        alike = {repr(each) for each in end.raised}  # asyncio makes a time-out anew
        if repr(error) not in alike and type(error) not in end.raised:
            raise
        assert set(cast.ran) <= set(end.ran)
        return
    assert not end.raised
    assert Counter(cast.ran) == Counter(end.ran)  # after a stop nothing works any more
    assert [letters(r) for r in out["rounds"]] == end.rounds
    assert [r["n"] for r in out["rounds"]] == [*range(1, len(end.rounds) + 1)]
    assert out["result"]["stop"]["reason"] in end.reasons
    assert out["result"]["stop"].get("node") in (end.nodes or {None})
    check_result(out)
    assert plain_json(graph.get_state(config).values if thread else out)
