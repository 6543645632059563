"""What a generator is: a request in, pictures out."""

from __future__ import annotations

from typing import Literal, Protocol

from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.settings.generator import Capabilities


class Generator(Protocol):
    """Draws pictures; what it can do it declares as `capabilities`.

    It raises a `ContentRefusedError`, `NoMemoryError`, `BadRequestError` or `TransientError` where
    it can tell; only the last is tried again, as are lost connections, time-outs and busy servers.
    Anything callable, such as `f(prompt, seed)`, is made one by `adapt`.
    """

    name: str
    capabilities: Capabilities

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Draw `request.n` pictures, in the order of their seeds."""

    async def aclose(self) -> None:
        """Give back what it holds; called when nobody has drawn with it for long."""


def capabilities_of(generator: object) -> Capabilities:
    """Return what a generator declares of itself; a plain callable declares nothing."""
    declared = getattr(generator, "capabilities", None)
    return declared if isinstance(declared, Capabilities) else Capabilities()


def edits_of(capabilities: Capabilities) -> Literal["none", "can", "only"]:
    """Return whether a generator changes pictures: never, also, or draws nothing without one."""
    if capabilities.edits_only:
        return "only"
    return "can" if capabilities.edits else "none"
