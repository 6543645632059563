"""Public test doubles: a scripted chat model, a painter, loopback servers. Scripts all of them."""

from gems_graph.testing.conformance import check_generator
from gems_graph.testing.doubles import (
    DEFAULTS,
    Painter,
    ScriptedChat,
    paint,
    planned,
    task_of,
    text_of,
)
from gems_graph.testing.faults import Fault, Flaky, Hang
from gems_graph.testing.servers import ChatServer, ImageServer
from gems_graph.testing.strategies import check_strategy

__all__ = [
    "DEFAULTS",
    "ChatServer",
    "Fault",
    "Flaky",
    "Hang",
    "ImageServer",
    "Painter",
    "ScriptedChat",
    "check_generator",
    "check_strategy",
    "paint",
    "planned",
    "task_of",
    "text_of",
]
