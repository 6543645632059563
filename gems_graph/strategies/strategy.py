"""What a strategy is, and how it is found by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from langgraph.graph import StateGraph

from gems_graph import plugins
from gems_graph.errors import ConfigError
from gems_graph.nodes.begin import begin
from gems_graph.nodes.select import Choose, passing_or_best, result_of, selecting
from gems_graph.runtime.module import Module, NodeFunction, Part, replaced
from gems_graph.settings import Settings
from gems_graph.settings.roles import ILLUSTRATOR, JUDGE
from gems_graph.state import Input, Output, Result, State

Builder = StateGraph[Any, Any, Any, Any]


def one_after_another(settings: Settings) -> tuple[int, int]:
    """Return the bounds of a strategy that draws one picture a round: 1 and N_max."""
    return 1, settings.max_iterations


@dataclass(frozen=True)
class Strategy:
    """A wiring of modules, and the facts about it that the rest of the program reads.

    Attributes:
        name: how `settings.strategy` calls it; kept with every trajectory.
        modules: what it runs between `begin` and `select`, which every strategy has.
        wire: adds the edges, from `begin` to `select`; the nodes are there already, but for those
            that ask a person (`gems_graph.review`).
        summary: what it does, in one line.
        roles: chat models that its modules ask beside their own role.
        choose: picks among the verified rounds.
        pauses: where it can ask a person (`criteria`, `verdicts`), and by which node.
        honours: which of `variations` and `edit` mean something to it; others are refused.
        rounds: how many pictures it draws, at least and at most.
        prompts: folder of its own templates, which win over the packaged ones.
        needs: packages that it imports when it runs, and the extra that installs them.
        schemas: state, input and output of its graph, where they hold more than ours.
    """

    name: str
    modules: tuple[Module, ...]
    wire: Callable[[Builder], None]
    summary: str = ""
    roles: tuple[str, ...] = ()
    choose: Choose = passing_or_best
    pauses: Mapping[str, str] = field(default_factory=dict)
    honours: tuple[str, ...] = ()
    rounds: Callable[[Settings], tuple[int, int]] = one_after_another
    prompts: Path | None = None
    needs: Mapping[str, str] = field(default_factory=dict)
    schemas: tuple[Any, Any, Any] = (State, Input, Output)

    @property
    def lacks(self) -> str:
        """What it needs to run here, in a sentence; empty: nothing."""
        missing = [name for name in self.needs if find_spec(name) is None]
        if not missing:
            return ""
        install = f"pip install 'gems-graph[{self.needs[missing[0]]}]'"
        return f"{self.name} needs the package {missing[0]}: {install}."

    @cached_property
    def nodes(self) -> dict[str, Module]:
        """All modules by name, `begin` first and `select` last."""
        names = {each.name for each in self.modules}
        ends = [each for each in (begin, selecting(self.choose)) if each.name not in names]
        return {each.name: each for each in (*ends[:1], *self.modules, *ends[1:])}

    @property
    def all_roles(self) -> tuple[str, ...]:
        """The roles that it asks, in the order of its modules, without the judge."""
        module_roles = [each.role for each in self.modules if each.role]
        return tuple(dict.fromkeys([*module_roles, *self.roles]))

    def playing(self, part: Part) -> list[str]:
        """Return the names of the modules that are this part of the loop."""
        return [name for name, each in self.nodes.items() if each.part == part]

    def result(self, state: State) -> Result:
        """Return the result of a trajectory that holds at least one picture."""
        return result_of(state, self.choose)

    def with_modules(self, modules: Mapping[str, Module | NodeFunction]) -> Strategy:
        """Return this strategy with modules replaced or added, by name."""
        present = list(self.nodes.values())
        new = {name: replaced(present, name, by) for name, by in modules.items()}
        in_place = [new.pop(each.name, each) for each in present]
        return replace(self, modules=(*in_place, *new.values()))


def open_strategy(strategy: str | Strategy) -> Strategy:
    """Return the strategy of a name: one of ours, or an entry point of `gems_graph.strategies`.

    Raises:
        ConfigError: nobody knows it.
    """
    if isinstance(strategy, Strategy):
        return strategy
    loaded: Strategy | None = plugins.load("strategies", str(strategy), "STRATEGY")
    if loaded is None:
        names = ", ".join(plugins.names("strategies"))
        msg = (
            f"There is no strategy {strategy!r}; there are {names}. One of another package is "
            "found by its entry point in the group gems_graph.strategies."
        )
        raise ConfigError(msg)
    return loaded


def strategy_of(state: State) -> Strategy:
    """Return the strategy of a kept trajectory.

    Raises:
        ConfigError: it is not installed here.
    """
    return open_strategy(state.get("settings", {}).get("strategy", "gems"))


def check_roles(roles: Collection[str], strategy: Strategy) -> None:
    """Make sure that somebody asks each role that a model is named for.

    Raises:
        ConfigError: nobody does, in this strategy or another that is installed.
    """
    unknown = {*roles} - {*strategy.all_roles, ILLUSTRATOR, JUDGE, "default"}
    for name in plugins.names("strategies") if unknown else ():
        unknown -= {*open_strategy(name).all_roles}
    if unknown:
        names = ", ".join((*strategy.all_roles, ILLUSTRATOR, JUDGE))
        msg = f"There is no role {min(unknown)!r}; the roles of {strategy.name!r} are {names}."
        raise ConfigError(msg)
