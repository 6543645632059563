"""No drawing kills or stalls us, reads a file or leaves the machine: it renders or is refused."""

from __future__ import annotations

import asyncio
import contextlib
import io
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from gems_graph.generators.vector import child
from gems_graph.generators.vector.cleaning import clean
from gems_graph.generators.vector.parsing import DrawingError
from gems_graph.generators.vector.rendering import Renderer
from tests.generators.hostile import SECRET, cases, secret_png, svg

SIZE = (512, 512)
LIMIT = 5.0
"""Seconds of processor time, of this process and its child together; clocks depend on others."""


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


def drawn(answer: str, size: tuple[int, int] = SIZE) -> Image.Image:
    async def draw() -> bytes:
        renderer = Renderer()
        try:
            return await renderer.render(clean(answer, size), size)
        finally:
            renderer.close()

    return Image.open(io.BytesIO(asyncio.run(draw()))).convert("RGB")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.png").write_bytes(secret_png())
    colour = "#{:02x}{:02x}{:02x}".format(*SECRET)
    shape = f'<rect id="s" width="512" height="512" fill="{colour}"/>'
    (tmp_path / "secret.svg").write_text(svg(shape), encoding="utf-8")
    return tmp_path


def test_there_are_enough() -> None:
    assert len(cases("")) >= 80


@pytest.mark.parametrize("name", cases(""))
def test_it_renders_or_is_refused(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    began = processor_seconds()
    picture = None
    with contextlib.suppress(DrawingError):
        picture = drawn(cases(str(folder))[name])
    if picture:
        assert picture.size == SIZE
        assert SECRET not in {colour for _, colour in picture.getcolors(1 << 20) or []}
    assert processor_seconds() - began < LIMIT


def test_the_secret_would_be_seen(folder: Path) -> None:
    """The renderer alone does read files, so that the cases above test something."""
    script = (
        "import sys, resvg_py; from pathlib import Path\n"
        "sys.stdout.buffer.write(resvg_py.svg_to_bytes(svg_string=sys.argv[1]))"
    )
    told = cases(str(folder))["file by absolute path"]
    done = subprocess.run([sys.executable, "-c", script, told], capture_output=True, check=True)
    assert Image.open(io.BytesIO(done.stdout)).convert("RGB").getpixel((256, 256)) == SECRET


LEFT = """
import os, socket, sys
sys.path.insert(0, sys.argv[1])
import child
child.limit(5)
import encodings.idna
child.confine(sys.argv[2], sys.argv[3])
tries = {
    "font": lambda: open(os.path.join(sys.argv[2], "0.ttf")),
    "file": lambda: open(sys.argv[4]),
    "folder": lambda: os.listdir(os.path.dirname(sys.argv[4])),
    "write": lambda: open(os.path.join(sys.argv[3], "x"), "w"),
    "network": lambda: socket.create_connection(("127.0.0.1", int(sys.argv[5])), 5),
    "memory": lambda: bytearray(2 << 30),
}
for name, attempt in tries.items():
    try:
        attempt()
    except (OSError, MemoryError) as error:
        print(name, "PermissionError" if isinstance(error, OSError) else "MemoryError")
    else:
        print(name, "done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no Landlock")
def test_the_child_has_its_fonts_and_nothing_else(folder: Path) -> None:
    for name in ("fonts", "empty"):
        (folder / name).mkdir()
    (folder / "fonts" / "0.ttf").write_bytes(b"x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-c", LEFT, str(Path(child.__file__).parent)),
                *(str(folder / "fonts"), str(folder / "empty"), str(folder / "secret.png")),
                str(server.getsockname()[1]),
            ],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    found = dict(line.split() for line in done.stdout.splitlines())
    if found["file"] == "done":
        pytest.skip("this kernel has no Landlock")
    assert found.pop("font") == "done"
    assert found.pop("memory") == "MemoryError"
    assert set(found.values()) == {"PermissionError"}
