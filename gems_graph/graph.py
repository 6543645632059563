"""The graph of GEMS (arXiv 2603.28088, Fig. 2): wiring and exits on one screen."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from gems_graph import paths
from gems_graph.generators import Generator, GeneratorSpec
from gems_graph.images import Store
from gems_graph.memory import all_pass, written
from gems_graph.nodes import MODULES
from gems_graph.review import review_criteria, review_verdict
from gems_graph.runtime.node import Node, NodeFunction, in_effect
from gems_graph.runtime.players import Players, equip
from gems_graph.runtime.toolbox import MakeToolbox
from gems_graph.settings import Settings, from_env, settle
from gems_graph.skills import Skill
from gems_graph.state import Input, Output, State

Graph = CompiledStateGraph[State, Settings, Input, Output]


EXIT, ASK = "all pass / N_max / stop", "ask a person"
ROUTES: dict[Hashable, str] = {EXIT: "select", "refine": "refiner", "compress": "compressor"}


def after_opening(state: State) -> Literal["review_criteria", "generator"]:
    """Let a person see the criteria before any picture is paid, where that is wanted."""
    wanted = in_effect(state).pause in ("criteria", "both")
    return "review_criteria" if wanted else "generator"


def after_verifier(state: State) -> str | list[str]:
    """Let a person see the verdict, where that is wanted."""
    if not state.get("stop") and in_effect(state).pause in ("verdicts", "both"):
        return ASK
    return after_verdict(state)


def after_verdict(state: State) -> str | list[str]:
    """Take one of the three exits (Eq. 5), or go round again."""
    if state.get("stop"):  # an error or a budget: the best so far; or a person took the picture
        return EXIT
    settings, rounds = in_effect(state), state["rounds"]
    if written(state):  # a person wants this prompt drawn
        return "compress" if settings.memory == "experience" else "draw"
    if all_pass(rounds[-1]):  # done
        return EXIT
    if len(rounds) >= settings.max_iterations:  # spent: argmax
        return EXIT
    if settings.memory != "experience":  # nothing to compress
        return "refine"
    return "compress" if settings.order == "reference" else ["refine", "compress"]


def after_compressor(state: State) -> Literal["refiner", "generator"]:
    """Refine only now in the order of the authors' code; in the paper's, that is under way."""
    later = in_effect(state).order == "reference" and not written(state)
    return "refiner" if later else "generator"


def build_graph(
    settings: Settings | Mapping[str, Any] | None = None,
    *,
    mllm: Players | None = None,
    generator: str | GeneratorSpec | Generator | None = None,
    skills: Sequence[str | Path | Skill] | None = None,
    checkpointer: Any = None,
    store: Store | None = None,
    toolbox: MakeToolbox | None = None,
    modules: Mapping[str, NodeFunction] = MODULES,
    **dials: Any,
) -> Graph:
    """Build the loop: `{"prompt": ...}` in, `{"result": ..., "rounds": ...}` out.

    Args:
        settings: dials of every run of this graph; the run's own `context` wins over them, and
            `GEMS_*` variables give way to them.
        mllm: a chat model for all roles, by name or as any LangChain object; or such models by
            role, `default` for the rest.
        generator: an image generator, by name, with its options as a `GeneratorSpec`, or as
            `async (prompt, *, seed, size) -> picture`.
        skills: more of them, as folders or made in code; a later one wins over a name before it.
        checkpointer: any LangGraph saver; none: nothing is persisted.
        store: where pictures go; by default `images` under `GEMS_HOME`.
        toolbox: replaces everything a node may use (for tests).
        modules: nodes by name, where you want your own.
        dials: single settings, for example `max_iterations=3`.

    Raises:
        ConfigError: a setting is out of bounds or unknown.
    """
    names, make = equip(mllm, generator, store or Store(paths.images()), skills)
    built = settle(from_env(), settings, dials, names)
    make = toolbox or make

    graph = StateGraph(State, Settings, input_schema=Input, output_schema=Output)
    for name, function in modules.items():
        graph.add_node(name, Node(name, function, built, make))
    for pause in (review_criteria, review_verdict):
        graph.add_node(pause)
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "planner")
    graph.add_edge("begin", "decomposer")
    for opening in ("planner", "decomposer"):  # they end together, in one superstep
        graph.add_conditional_edges(opening, after_opening)
    graph.add_edge("review_criteria", "generator")
    graph.add_edge("generator", "verifier")
    graph.add_conditional_edges("verifier", after_verifier, {**ROUTES, ASK: "review_verdict"})
    graph.add_conditional_edges("review_verdict", after_verdict, {**ROUTES, "draw": "generator"})
    graph.add_edge("refiner", "generator")
    graph.add_conditional_edges("compressor", after_compressor)
    graph.add_edge("select", END)
    return graph.compile(checkpointer=checkpointer, name="gems")
