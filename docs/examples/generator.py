"""A generator of your own: plain paper in any colour, one sheet a step.

Named in the entry-point group `gems_graph.generators` it is `--generator paper:COLOUR`.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from gems_graph.errors import GeneratorError
from gems_graph.generators import Capabilities, GeneratorSpec


class Paper:
    """Lays sheets of one colour."""

    capabilities = Capabilities(repeatable=True, seeds=False, progress=True, options=("sheets",))

    def __init__(self, colour: str, sheets: int) -> None:
        self.colour, self.sheets = colour, sheets

    async def __call__(
        self,
        prompt: str,
        *,
        seed: int,
        size: tuple[int, int] | None = None,
        progress: Callable[[int, int], None] = lambda done, of: None,
    ) -> Image.Image:
        for sheet in range(self.sheets):
            progress(sheet + 1, self.sheets)
        try:
            return Image.new("RGB", size or (512, 512), self.colour)
        except ValueError as error:
            raise GeneratorError(f"There is no paper in {self.colour!r}.") from error

    async def aclose(self) -> None:
        """Give back what it holds: nothing here, a device's memory elsewhere."""


def open_backend(argument: str, spec: GeneratorSpec) -> Paper:
    """Open it from `paper:COLOUR`, with the option `sheets`."""
    return Paper(argument or "white", int(str(spec.options.get("sheets", 1))))
