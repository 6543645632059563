"""Image generators: one backend, one file, opened by name."""

from gems_graph.generators.adapting import adapt
from gems_graph.generators.encoding import encode
from gems_graph.generators.opening import check_pictures, check_request, notes_on, open_generator
from gems_graph.generators.pool import close_generators, lent
from gems_graph.generators.protocol import Generator, capabilities_of, edits_of
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.settings.generator import Capabilities, GeneratorSpec

__all__ = [
    "Capabilities",
    "GenerateRequest",
    "Generator",
    "GeneratorSpec",
    "Picture",
    "adapt",
    "capabilities_of",
    "check_pictures",
    "check_request",
    "close_generators",
    "edits_of",
    "encode",
    "lent",
    "notes_on",
    "open_generator",
]
