"""Pictures from strangers: bombs cost nothing, and what is not whole is refused, whatever it is."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from gems_graph import Store
from gems_graph.errors import StoreError
from gems_graph.images import MAX_PIXELS, NoPictureError
from gems_graph.images.normal import normal
from gems_graph.images.pictures import opened


def png(*chunks: tuple[bytes, bytes], width: int = 2, height: int = 2) -> bytes:
    """A PNG of grey pixels with these chunks, each `(name, content)`, after its header."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in parts
    )


def lossless_webp(width: int, height: int) -> bytes:
    """A WebP whose header claims a size, with no pixels to speak of."""
    frame = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(32)
    chunk = b"VP8L" + struct.pack("<I", len(frame)) + frame + bytes(len(frame) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def jpeg(width: int, height: int) -> bytes:
    """A JPEG whose header claims a size."""
    out = io.BytesIO()
    Image.new("L", (16, 16)).save(out, "JPEG")
    data = bytearray(out.getvalue())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


PIXELS = (b"IDAT", zlib.compress(bytes(6)))
TEXT = b"k\0\0" + zlib.compress(bytes(50_000_000))  # 50 kB that would fill 50 MB
LARGE = {
    "png": png(PIXELS, width=60_000, height=60_000),
    "png just too large": png(PIXELS, width=MAX_PIXELS // 1000 + 1, height=1000),
    "webp": lossless_webp(16_383, 16_383),
    "jpeg": jpeg(60_000, 60_000),
}
TEXTS = {
    "text before the pixels": png((b"zTXt", TEXT), PIXELS),
    "text after the pixels": png(PIXELS, (b"zTXt", TEXT)),
    "many texts": png(*[(b"zTXt", b"k\0\0" + zlib.compress(bytes(1_000_000)))] * 70, PIXELS),
    "international text": png((b"iTXt", b"k\0\1\0\0\0" + TEXT[3:]), PIXELS),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(store: Store, name: str) -> None:
    with pytest.raises(NoPictureError, match=f"over {MAX_PIXELS:,} pixels"):
        store.put_image(LARGE[name])
    assert list(store.entries()) == []


@pytest.mark.parametrize("name", TEXTS)
def test_texts_that_inflate_are_refused(store: Store, name: str) -> None:
    with pytest.raises(NoPictureError, match="not a picture"):
        store.put_image(TEXTS[name])
    assert list(store.entries()) == []


def test_a_plain_picture_made_the_same_way_is_kept(store: Store) -> None:
    small = png((b"zTXt", b"k\0\0" + zlib.compress(b"made by")), PIXELS)
    assert store.put_image(small)["width"] == 2


def test_bombs_take_no_memory(tmp_path: Any) -> None:
    code = """
import resource, sys
from gems_graph.images import NoPictureError, Store
from tests.calls.test_bombs import LARGE, TEXTS, png, PIXELS
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
store = Store(sys.argv[1])
store.put_image(png(PIXELS))  # loads what Pillow loads
before = peak()
for data in [*LARGE.values(), *TEXTS.values()]:
    try:
        store.put_image(data)
    except NoPictureError:
        continue
    sys.exit("a bomb was taken")
sys.exit(f"bombs took {peak() - before} MB" if peak() - before > 100 else 0)
"""
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "images")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@cache
def samples() -> list[bytes]:
    """Whole pictures of every kind we take."""
    colours = Image.radial_gradient("L").resize((24, 18)).convert("RGB")
    colours.putpixel((3, 3), (250, 20, 20))
    told = PngImagePlugin.PngInfo()
    told.add_text("prompt", "a cat " * 20, zip=True)
    told.add_itxt("Title", "猫", zip=True)
    frames = [colours.rotate(90 * k) for k in range(3)]
    kinds: list[tuple[Image.Image, dict[str, Any]]] = [
        (colours, {"format": "PNG", "pnginfo": told}),
        (colours.convert("P"), {"format": "PNG", "transparency": 3}),
        (colours.convert("I;16"), {"format": "PNG"}),
        (colours, {"format": "PNG", "save_all": True, "append_images": frames}),
        (colours, {"format": "JPEG", "exif": Image.Exif().tobytes(), "comment": b"a cat"}),
        (colours, {"format": "JPEG", "progressive": True}),
        (colours.convert("CMYK"), {"format": "JPEG"}),
        (colours, {"format": "WEBP"}),
        (colours.convert("RGBA"), {"format": "WEBP", "lossless": True, "icc_profile": b"x" * 200}),
        (colours, {"format": "WEBP", "save_all": True, "append_images": frames}),
    ]
    out = []
    for image, options in kinds:
        data = io.BytesIO()
        image.save(data, **options)
        out.append(data.getvalue())
    return out


def test_every_kind_is_kept_while_whole(store: Store) -> None:
    refs = [store.put_image(data) for data in samples()]
    assert {(ref["width"], ref["height"]) for ref in refs} == {(24, 18)}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@given(data=st.data())
@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_bytes_are_refused_or_a_picture(store: Store, data: st.DataObject) -> None:
    sent = bytearray(data.draw(st.sampled_from(samples())))
    for _ in range(data.draw(st.integers(0, 6))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):  # a piece is lost or comes twice
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(sent))] * 2)))
        sent[start:end] = sent[start:end] * data.draw(st.sampled_from([0, 2]))
    known = {entry.sha256 for entry in store.entries()}
    try:
        ref = store.put_image(bytes(sent))
    except NoPictureError:
        assert {entry.sha256 for entry in store.entries()} == known
    else:
        assert store.open(ref).size == (ref["width"], ref["height"])
        kept = store.read(ref["sha256"])
        came = opened(bytes(sent))
        assert (kept == sent) == (normal(came) is came)
        assert (fine := opened(kept)) is normal(fine)


@given(st.binary(max_size=300))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_noise_is_refused(store: Store, noise: bytes) -> None:
    with pytest.raises(NoPictureError):
        store.put_image(noise)
    with pytest.raises(StoreError):
        store.read(noise.hex())
