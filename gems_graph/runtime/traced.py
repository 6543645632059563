"""What observers are told of a node: where it is, and a line in the log for each round."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from langchain_core.runnables import RunnableConfig

from gems_graph.calls.budget import Place
from gems_graph.events import Event, Tell
from gems_graph.prompting.wording import holding
from gems_graph.traces.facts import about
from gems_graph.traces.langchain import mark
from gems_graph.traces.spans import span

_log = logging.getLogger("gems_graph.runs")
_LINES: dict[str, tuple[int, Callable[[Mapping[str, Any]], str]]] = {
    "node_started": (logging.DEBUG, lambda event: f"{event['node']} begins"),
    "waiting": (logging.INFO, lambda event: f"{event['who']} {event['why']}; repeated"),
    "verdict": (
        logging.INFO,
        lambda event: f"round {event['round']}: {holding(event['passed'], event['total'])}",
    ),
    "stopped": (logging.INFO, lambda event: f"ended: {event['reason']}"),
}


@contextmanager
def traced_node(name: str, place: Place, config: RunnableConfig | None) -> Iterator[None]:
    """Let the block be a node's work, for tracers and for what is traced below it."""
    here = about(thread=_thread(config), trajectory=place.trajectory, round=place.round or None)
    with here, span(name, {"gems.node": name}):
        mark(config)
        yield


def logged(tell: Tell, config: RunnableConfig | None) -> Tell:
    """Return what tells events, and writes those that count into the log `gems_graph.runs`."""
    if not _log.isEnabledFor(logging.INFO):
        return tell

    def tell_and_log(event: Event) -> None:
        if line := _LINES.get(event["type"]):
            _log.log(line[0], "%s: %s", _thread(config) or "a run", line[1](event))
        tell(event)

    return tell_and_log


def _thread(config: RunnableConfig | None) -> str:
    return str((config or {}).get("configurable", {}).get("thread_id") or "")
