"""The dials of a run and where they come from."""

from gems_graph.settings.dials import Memory, Settings
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

__all__ = [
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
