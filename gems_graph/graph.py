"""From settings and models to a compiled graph, for any strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from gems_graph.errors import ConfigError
from gems_graph.generators import Generator, GeneratorSpec
from gems_graph.images import Store
from gems_graph.runtime.given import check_mapping, check_players, store_in
from gems_graph.runtime.module import Module, NodeFunction
from gems_graph.runtime.node import Node
from gems_graph.runtime.players import Players, settings_and_toolbox
from gems_graph.runtime.steps import Steps, targets
from gems_graph.runtime.toolbox import MakeToolbox
from gems_graph.settings import Settings, from_env, settle
from gems_graph.skills import Skill
from gems_graph.state import Input, Output, State
from gems_graph.strategies import Strategy, check_roles, open_strategy
from gems_graph.strategies.strategy import Builder

Graph = CompiledStateGraph[State, Settings, Input, Output]


def build_graph(
    settings: Settings | Mapping[str, Any] | None = None,
    *,
    strategy: str | Strategy | None = None,
    mllm: Players | None = None,
    generator: str | GeneratorSpec | Generator | None = None,
    skills: Sequence[str | Path | Skill] | None = None,
    checkpointer: Any = None,
    store: Store | None = None,
    toolbox: MakeToolbox | None = None,
    modules: Mapping[str, Module | NodeFunction] | None = None,
    **dials: Any,
) -> Graph:
    """Build the loop: `{"prompt": ...}` in, `{"result": ..., "rounds": ...}` out.

    Args:
        settings: dials of every run of this graph; the run's own `context` wins over them, and
            `GEMS_*` variables give way to them.
        strategy: by name or as an object; by default the one that the settings name, `gems`.
        mllm: a chat model for all roles, by name or as any LangChain object; or such models by
            role, `default` for the rest.
        generator: an image generator, by name, with its options as a `GeneratorSpec`, or as
            `async (prompt, *, seed, size) -> picture`.
        skills: more of them, as folders or made in code; a later one wins over a name before it.
        checkpointer: any LangGraph saver; none: nothing is persisted.
        store: where pictures go; by default `images` under `GEMS_HOME`.
        toolbox: replaces everything a node may use (for tests).
        modules: in the place of the strategy's own, by name.
        dials: single settings, for example `max_iterations=3`.

    Raises:
        ConfigError: a setting is out of bounds or unknown, there is no such strategy or role, or
            nothing leads to a module.
    """
    if not isinstance(settings, Settings):
        check_mapping(settings or {}, "settings takes Settings(...) or a dict of them")
    check_players(mllm)
    requested = settle(from_env(), settings, dials)
    chosen = open_strategy(strategy or requested.strategy)
    named, make_toolbox = settings_and_toolbox(
        mllm, generator, store_in(store), skills, chosen.all_roles, chosen.prompts
    )
    graph_settings = settle(requested, named, {"strategy": chosen.name})
    players = mllm if isinstance(mllm, Mapping) else {}
    check_roles({*graph_settings.roles, *players}, chosen)
    chosen = chosen.with_modules(modules or {})

    state, given, told = chosen.schemas
    graph = StateGraph(state, Settings, input_schema=given, output_schema=told)
    make, pauses, honours = toolbox or make_toolbox, chosen.pauses, chosen.honours
    steps = Steps(graph, {*pauses.values()})
    for name, module in chosen.nodes.items():
        graph.add_node(name, Node(module, graph_settings, make, pauses, honours, steps))
    chosen.wire(graph)
    _check_reached(graph, chosen)
    compiled = graph.compile(checkpointer=checkpointer, name=chosen.name)
    return compiled.with_config(tags=["gems-graph", f"strategy:{chosen.name}"])


def _check_reached(graph: Builder, strategy: Strategy) -> None:
    """Make sure that a way leads from the start to each module.

    Raises:
        ConfigError: none leads to one.
    """
    reached, frontier = set[str](), {START}
    while frontier:
        reached |= frontier
        frontier = {target for node in frontier for target in targets(graph, node)} - reached
    if unreached := [name for name in strategy.nodes if name not in reached]:
        msg = (
            f"Nothing leads to the module {unreached[0]!r} in the strategy {strategy.name!r}: wire "
            "it in a Strategy of your own (docs/architecture.md)."
        )
        raise ConfigError(msg)
