"""What is written into a picture goes with it: the drawing that it was made from."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from gems_graph import Store, run
from gems_graph.generators.vector.source import with_source
from gems_graph.images.normal import as_png
from gems_graph.testing import ScriptedChat

DRAWING = "<svg viewBox='0 0 9 9'><text>Grün</text></svg>"


def drawn(mode: str) -> bytes:
    colour = {"RGBa": (0, 90, 90, 120), "I;16": 30_000}.get(mode, "teal")
    return with_source(as_png(Image.new(mode.upper(), (48, 32), colour)), DRAWING)


def texts(file: Path) -> dict[str, str]:
    with Image.open(file) as image:
        image.load()
        return image.text  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "RGBa", "I;16"])
def test_a_drawing_is_in_every_file_that_a_run_writes(
    mode: str, store: Store, tmp_path: Path
) -> None:
    made = run("a fox", mllm=ScriptedChat(), generator=lambda prompt: drawn(mode), store=store)
    folder = made.save(tmp_path / "run")
    for file in (folder / "image.png", folder / "round-1.png", made.save(tmp_path / "fox.png")):
        assert texts(file)["SVG"] == DRAWING
    assert made.save(tmp_path / "fox.jpg").stat().st_size > 0


def test_what_follows_a_picture_in_its_file_is_left_behind(store: Store, tmp_path: Path) -> None:
    data = drawn("RGB") + b"<script>more</script>"
    folder = run("a fox", mllm=ScriptedChat(), generator=lambda prompt: data, store=store).save(
        tmp_path / "run"
    )
    for name in ("round-1.png", "image.png"):
        assert b"<script>" not in (folder / name).read_bytes()


def test_what_models_are_shown_carries_no_text(store: Store) -> None:
    ref = store.put_image(drawn("I;16"))
    assert store.open(ref).text == {"SVG": DRAWING}  # type: ignore[attr-defined]
    data, _ = store.view(ref, 1024, "png")
    import base64

    assert not Image.open(io.BytesIO(base64.b64decode(data))).info.get("SVG")
