"""Render cleaned drawings, each in a process of its own that may do little and for not long."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import math
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from gems_graph.errors import ConfigError
from gems_graph.generators.vector import child
from gems_graph.generators.vector.fonts import unpack_fonts
from gems_graph.generators.vector.parsing import DrawingError

_PATIENCE = 10  # seconds by the clock for one of a processor, which others use as well
_SIGNS = {2: "it cannot be rendered", 1: "it breaks the renderer"}


class Renderer:
    """Renders drawings in child processes, as many at a time as there are processors.

    Raises:
        ConfigError: the renderer is not installed.
    """

    def __init__(self) -> None:
        self._command = [sys.executable, "-I", "-S", child.__file__, _packages()]
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._slots = asyncio.Semaphore(os.cpu_count() or 1)

    async def render(self, drawing: str, size: tuple[int, int]) -> bytes:
        """Return a cleaned drawing as PNG.

        Args:
            drawing: of the size, as `clean` gives it.
            size: width and height in pixels, by which it is given time.

        Raises:
            DrawingError: it takes too long or too much, or breaks the renderer.
            OSError: no process can be started.
        """
        seconds = math.ceil(2 + size[0] * size[1] / 2**20)  # of a processor
        async with self._slots:
            fonts, empty = await asyncio.to_thread(self._folders)
            command = [*self._command, fonts, empty, str(seconds)]
            process = await asyncio.create_subprocess_exec(
                *command, stdin=-1, stdout=-1, stderr=-1, cwd=empty, env=_environment()
            )
            try:
                async with asyncio.timeout(_PATIENCE * seconds):
                    picture, said = await process.communicate(drawing.encode())
            except TimeoutError as error:
                msg = "it takes too long to render"
                raise DrawingError(msg) from error
            finally:
                await _end(process)
        if process.returncode or not picture:
            raise DrawingError(_complaint(process.returncode or 0, said))
        return picture

    @property
    def versions(self) -> dict[str, str]:
        """What renders, by name."""
        return {"resvg-py": version("resvg-py")}

    def close(self) -> None:
        """Remove the unpacked fonts."""
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def _folders(self) -> tuple[str, str]:
        """Return the folders of fonts and of nothing; made at the first picture."""
        if self._folder is None:
            folder = tempfile.TemporaryDirectory(prefix="gems-svg-")
            for name in ("fonts", "empty"):
                Path(folder.name, name).mkdir()
            unpack_fonts(Path(folder.name, "fonts"))
            self._folder = folder
        return str(Path(self._folder.name, "fonts")), str(Path(self._folder.name, "empty"))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a process that still works, as after a cancel, and leave no zombie."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _complaint(status: int, said: bytes) -> str:
    """Say why there is no picture; a process that was killed had used up a limit, or crashed."""
    if status < 0:
        return (
            "it takes too long or too much memory to render; draw with fewer and simpler elements"
        )
    words = said.decode("utf-8", "replace").strip().splitlines()
    return f"{_SIGNS.get(status, _SIGNS[1])}: {words[-1][:200] if words else 'no picture'}"


def _environment() -> dict[str, str]:
    """Return what a process needs to start: nothing, but on Windows where that lies."""
    return {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}


def _packages() -> str:
    found = importlib.util.find_spec("resvg_py")
    if found is None or found.origin is None:
        msg = "The generator svg needs the package resvg-py: pip install 'resvg-py>=0.5'."
        raise ConfigError(msg)
    return str(Path(found.origin).parent.parent)
