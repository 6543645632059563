"""More rounds for a trajectory whose rounds were spent."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig

from gems_graph.memory import all_pass
from gems_graph.persistence.threads import Threads, config_of
from gems_graph.settings import Settings
from gems_graph.strategies import strategy_of


async def with_more_rounds(
    threads: Threads, thread: str, settings: Settings
) -> RunnableConfig | None:
    """Return a checkpoint after the last verdict of an ended thread, from which it goes on.

    Settings set `max_iterations` to more than the rounds that the thread has; they are kept.

    Args:
        threads: keep the trajectory.
        thread: has ended.
        settings: those that change.

    Returns:
        None where that allows no further round, or the strategy has no rounds to add.
    """
    state, limit = await threads.state(thread), settings.max_iterations
    rounds, judged = state.get("rounds", []), strategy_of(state).pauses.get("verdicts")
    spent = state["result"]["stop"].get("reason") == "max_iterations"
    raised = "max_iterations" in settings.model_fields_set and limit > len(rounds)
    if not (judged and spent and raised) or all_pass(rounds[-1]):
        return None
    graph = await threads.graph_of(thread)
    before_end = (await graph.aget_state(config_of(thread))).parent_config
    update = {"settings": {**state["settings"], "max_iterations": limit}}
    return await graph.aupdate_state(before_end or config_of(thread), update, as_node=judged)
