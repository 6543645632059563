"""The dials of a run and where they come from."""

from gems_graph.settings.dials import Memory, Settings
from gems_graph.settings.generator import Capabilities, GeneratorSpec
from gems_graph.settings.layers import (
    explicit,
    from_assignments,
    from_env,
    from_file,
    merge,
    ours,
    settle,
)

__all__ = [
    "Capabilities",
    "GeneratorSpec",
    "Memory",
    "Settings",
    "explicit",
    "from_assignments",
    "from_env",
    "from_file",
    "merge",
    "ours",
    "settle",
]
