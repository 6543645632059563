"""The dials of a run and where they come from."""

from gems_graph.settings.dials.memory import Memory
from gems_graph.settings.generator import Capabilities, GeneratorSpec
from gems_graph.settings.layers import (
    as_layer,
    explicit,
    from_assignments,
    from_env,
    from_file,
    merge,
    settle,
)
from gems_graph.settings.settings import GROUPS, Settings

__all__ = [
    "GROUPS",
    "Capabilities",
    "GeneratorSpec",
    "Memory",
    "Settings",
    "as_layer",
    "explicit",
    "from_assignments",
    "from_env",
    "from_file",
    "merge",
    "settle",
]
