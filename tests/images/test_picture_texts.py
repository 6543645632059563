"""Texts in picture files: put in without touching a pixel, read back from anything."""

from __future__ import annotations

import io
import struct
import time
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from gems_graph.images.texts.broken import BrokenError
from gems_graph.images.texts.carried import MOST, NOTHING, Carried, carried_in, carrying

WORDS = '两个红色圆 «λ» "quoted" 🟥\nsecond line'
CARRIED = Carried({"prompt": WORDS, "seed": 7, "settings": {"steps": None}}, f"{WORDS}\nSeed: 7")
HOST = b'{"3": {"class_type": "KSampler"}}'


def picture(mode: str = "RGB", **options: Any) -> Image.Image:
    noise = np.random.default_rng(1).integers(0, 256, (33, 47, 3), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def from_a_host() -> dict[str, bytes]:
    """Pictures as hosts send them: with a workflow, comments, XMP, a colour profile."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("workflow", HOST.decode())
    texts.add_text("prompt", HOST.decode(), zip=True)
    texts.add_itxt("parameters", "theirs, Seed: 1")
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = HOST.decode()
    profile = b"profile" * 40
    return {
        "png": encoded(picture(), "png", pnginfo=texts, exif=exif, icc_profile=profile),
        "grey png": encoded(picture("L"), "png", pnginfo=texts),
        "jpeg": encoded(
            picture(), "jpeg", exif=exif, comment=HOST, xmp=HOST, icc_profile=profile
        ),
        "progressive": encoded(picture(), "jpeg", progressive=True, exif=exif),
        "lossy": encoded(picture(), "webp", exif=exif, xmp=HOST, icc_profile=profile),
        "plain lossy": encoded(picture(), "webp"),
        "lossless": encoded(picture(), "webp", lossless=True),
        "clear": encoded(picture("RGBA"), "webp", lossless=True),
        "lossy and clear": encoded(picture("RGBA"), "webp", exif=exif),
    }  # fmt: skip


@pytest.mark.parametrize("kind", from_a_host())
def test_a_picture_carries_our_texts_and_no_others_and_keeps_every_pixel(kind: str) -> None:
    before = from_a_host()[kind] + b"<script>after the end</script>"
    after = carrying(before, CARRIED, "gems")
    assert carried_in(after) == CARRIED
    bare = carrying(after, NOTHING, "gems")
    assert carried_in(bare) == NOTHING
    old = Image.open(io.BytesIO(before))
    for data in (after, bare):
        new = Image.open(io.BytesIO(data))
        assert (new.format, new.mode, new.tobytes()) == (old.format, old.mode, old.tobytes())
        assert new.info.get("icc_profile") == old.info.get("icc_profile")
        assert not any(HOST in data or b"<script>" in data for data in (after, bare))
    assert b"Seed" not in bare
    assert len(bare) <= len(before)
    assert carrying(after, CARRIED, "gems") == after


def test_viewers_find_what_they_look_for() -> None:
    made = {kind: carrying(data, CARRIED, "gems") for kind, data in from_a_host().items()}
    assert Image.open(io.BytesIO(made["png"])).info["parameters"] == CARRIED.parameters
    for kind in ("jpeg", "lossy"):
        exif = Image.open(io.BytesIO(made[kind])).getexif()
        comment = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
        assert comment == b"UNICODE\0" + CARRIED.parameters.encode("utf-16-be")
        assert exif[ExifTags.Base.ImageDescription].isascii()


def test_the_drawing_stays_where_it_is_wanted() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("SVG", "<svg/>", zip=True)
    data = encoded(picture(), "png", pnginfo=texts)
    for wanted in (True, False):
        image = Image.open(io.BytesIO(carrying(data, CARRIED, "gems", drawing=wanted)))
        assert ("SVG" in image.text) is wanted  # type: ignore[attr-defined]


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


PNG, JPEG = encoded(picture(), "png"), encoded(picture(), "jpeg")
WEBP = encoded(picture(), "webp")
BOMB = zlib.compress(b"a" * 50_000_000)
RING = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\0\0\0\0"
"""EXIF whose directory points to itself."""
HOSTILE = {
    "bomb zTXt": PNG[:33] + chunk(b"zTXt", b"gems\0\0" + BOMB) + PNG[33:],
    "bomb iTXt": PNG[:33] + chunk(b"iTXt", b"parameters\0\1\0\0\0" + BOMB) + PNG[33:],
    "huge tEXt": PNG[:33] + chunk(b"tEXt", b"gems\0" + b"a" * 10_000_000) + PNG[33:],
    "no zlib": PNG[:33] + chunk(b"zTXt", b"gems\0\0nonsense") + PNG[33:],
    "no JSON": PNG[:33] + chunk(b"tEXt", b"gems\0{no") + PNG[33:],
    "a list": PNG[:33] + chunk(b"tEXt", b"gems\0[1]") + PNG[33:],
    "deep": PNG[:33] + chunk(b"tEXt", b"gems\0" + b"[" * 90_000) + PNG[33:],
    "checksum": PNG[:33] + chunk(b"tEXt", b"gems\0{}")[:-1] + b"?" + PNG[33:],
    "cut PNG": PNG[: len(PNG) // 2],
    "long chunk": PNG[:33] + b"\xff\xff\xff\xfftEXt" + PNG[33:],
    "huge EXIF": WEBP[:4] + struct.pack("<I", 4 + 8 + 10**7) + b"WEBPEXIF"
    + struct.pack("<I", 10**7) + bytes(10**7),
    "cut WebP": WEBP[: len(WEBP) // 2],
    "EXIF of nothing": JPEG[:2] + b"\xff\xe1\x00\x20Exif\0\0" + b"?" * 24 + JPEG[2:],
    "EXIF in a ring": JPEG[:2] + b"\xff\xe1\x00\x22Exif\0\0" + RING + JPEG[2:],
    "cut JPEG": JPEG[:30],
    "empty": b"",
    "text": b"a red fish",
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_a_file_holds_is_read_soon_or_refused_in_words(kind: str) -> None:
    begun = time.process_time()
    if kind == "EXIF in a ring":
        assert carried_in(HOSTILE[kind]) == NOTHING
    else:
        with pytest.raises(BrokenError, match=r"^(it|its|one|what) [^\n]{5,60}$"):
            carried_in(HOSTILE[kind])
    assert time.process_time() - begun < 1


def test_a_damaged_file_of_any_length_never_breaks_the_reader() -> None:
    random = np.random.default_rng(3)
    for data in (carrying(each, CARRIED, "gems") for each in (PNG, JPEG, WEBP)):
        for _ in range(150):
            broken = bytearray(data[: random.integers(1, len(data) + 1)])
            for at in random.integers(0, min(len(broken), 1_500), 3):
                broken[at] = random.integers(0, 256)
            for read in (carried_in, lambda d: carrying(d, NOTHING, "gems")):
                try:
                    read(bytes(broken))
                except BrokenError:
                    continue


def test_the_largest_that_is_written_is_read_back_from_every_format() -> None:
    for data in (PNG, JPEG, WEBP):
        long = Carried({"prompt": "λ" * ((MOST - 400) // 8)}, "λ" * ((MOST - 400) // 8))
        assert carried_in(carrying(data, long, "gems")) == long
