"""Import what the end of a run needs while its first picture is being drawn."""

from __future__ import annotations

import importlib
import sys
import threading

from gems_graph.events import Event, Tell

AT_THE_END = "gems_graph.report.strip"
"""With numpy and fonts: what draws the strip of the rounds."""


def loading_ahead(take: Tell) -> Tell:
    """Return a consumer of events that also imports what is needed later, once there is time."""

    def take_and_load(event: Event) -> None:
        if event["type"] == "round_started" and AT_THE_END not in sys.modules:
            load = threading.Thread(target=importlib.import_module, args=(AT_THE_END,), daemon=True)
            load.start()
        take(event)

    return take_and_load
