"""A module: an async function over state and toolbox, and what the program must know of it.

Binding, progress, estimates, the doctor, checks and forks read these facts; no other place lists
nodes by name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings
from gems_graph.state import State

Update = dict[str, Any]
NodeFunction = Callable[[State, Toolbox], Awaitable[Update]]
Part = Literal["begin", "plan", "criteria", "draw", "judge", "refine", "learn", "select", "other"]
"""What a module is to the loop, whatever it is called."""


class Workload(NamedTuple):
    """What is known of a trajectory before it runs.

    Attributes:
        settings: in effect.
        rounds: pictures that are drawn.
        criteria: probes a picture.
        criteria_given: whether the criteria are the caller's own.
        least: whether the fewest calls are asked for, not the most.
    """

    settings: Settings
    rounds: int
    criteria: int
    criteria_given: bool
    least: bool


Count = Callable[[Workload], int]
"""How often something is paid over a whole trajectory; repeats after failures come on top."""


def never(work: Workload) -> int:
    """Return 0: nothing is paid."""
    return 0


@dataclass(frozen=True)
class Module:
    """One node of a strategy.

    Attributes:
        run: what it does: `async (state, toolbox) -> update`.
        name: of the node in the graph.
        part: what it is to the loop.
        role: whose chat model it asks; empty: none.
        templates: prompts that it renders, by name.
        reads: channels of the state that must be filled when it runs.
        owes: channels that its update must fill, or the loop cannot go on.
        doing: a phrase for whoever watches.
        calls: chat calls of its role.
        images: pictures drawn.
        sees: whether its role is shown pictures.
        candidate: whether it runs once for each of several candidates, side by side (`Send`): where
            one fails, that is noted in `failed`, and the others go on.
    """

    run: NodeFunction
    name: str
    part: Part = "other"
    role: str = ""
    templates: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    owes: tuple[str, ...] = ()
    doing: str = ""
    calls: Count = never
    images: Count = never
    sees: bool = False
    candidate: bool = False

    async def __call__(self, state: State, toolbox: Toolbox) -> Update:
        """Run the function."""
        return await self.run(state, toolbox)

    @property
    def always(self) -> bool:
        """Whether it runs even when the loop has stopped."""
        return self.part in ("begin", "select")

    def round_of(self, state: State, update: Update) -> int:
        """Return the number of the round that a call worked on; 0 before the first."""
        if "attempt" in update:
            return int(update["attempt"]["n"])
        if "rounds" in self.reads:
            return state["rounds"][-1]["n"]
        return state.get("attempt", {}).get("n", 0)


def module(**facts: Any) -> Callable[[NodeFunction], Module]:
    """Make a module of an async function, named as the function is.

    Args:
        facts: the attributes of `Module`.
    """

    def decorate(function: NodeFunction) -> Module:
        return Module(run=function, **{"name": getattr(function, "__name__", ""), **facts})

    return decorate


def replaced(modules: Sequence[Module], name: str, by: Module | NodeFunction) -> Module:
    """Return a module in the place of another; a plain function keeps the facts of that one."""
    if isinstance(by, Module):
        return replace(by, name=name)
    original = next((each for each in modules if each.name == name), None)
    return replace(original, run=by) if original else Module(run=by, name=name)
