"""Pictures are made fit for every reader once, on arrival; those that are stay as they came."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gems_graph import Store
from gems_graph.images import NoPictureError
from gems_graph.testing import ChatServer, ImageServer

RED, BLUE, WHITE = (220, 30, 40), (30, 60, 200), (255, 255, 255)


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def halves(mode: str = "RGB", size: tuple[int, int] = (40, 20)) -> Image.Image:
    """Return a picture that is red on the left and blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, size[0], size[1]))
    return image.convert(mode)


def turned(image: Image.Image, orientation: int, form: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, form, exif=exif)


def kept(store: Store, data: bytes) -> Image.Image:
    """Return the picture that a store makes of bytes, as it lies in its file."""
    ref = store.put_image(data)
    image = Image.open(io.BytesIO(store.read(ref["sha256"])))
    assert (image.width, image.height) == (ref["width"], ref["height"])
    assert f"image/{str(image.format).lower()}" == ref["media_type"]
    return image


def near(
    image: Image.Image, at: tuple[int, int], colour: tuple[int, int, int], by: int = 30
) -> bool:
    pixel: Any = image.convert("RGB").getpixel(at)
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=True))


FINE = {
    "RGB": encoded(halves()), "grey": encoded(halves("L")), "palette": encoded(halves("P")),
    "bits": encoded(halves("1")), "jpeg": encoded(halves(), "JPEG"),
    "webp": encoded(halves(), "WEBP"), "opaque": encoded(halves("RGBA")),
    "upright": turned(halves(), 1, "JPEG"),
    "profile": encoded(halves(), icc_profile=b"no profile"),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_kept_byte_for_byte(name: str, store: Store) -> None:
    ref = store.put_image(FINE[name])
    assert store.read(ref["sha256"]) == FINE[name]


def test_a_cmyk_jpeg_becomes_rgb_and_can_be_written_out(store: Store, tmp_path: Path) -> None:
    image = kept(store, encoded(halves("CMYK"), "JPEG", quality=95))
    assert (image.mode, image.format) == ("RGB", "PNG")
    assert near(image, (5, 10), RED, 60)
    assert near(image, (35, 10), BLUE, 60)


def test_sixteen_bits_of_grey_are_scaled_and_not_clipped(store: Store) -> None:
    levels = np.linspace(0, 65_535, 256).astype(np.uint16)
    image = kept(store, encoded(Image.fromarray(np.tile(levels, (8, 1)))))
    assert image.mode == "RGB"
    grey = np.asarray(image.convert("L"))[0].astype(int)
    assert np.abs(grey - np.arange(256)).max() <= 1


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "size", "red", "blue"),
    [(3, (40, 20), (35, 10), (5, 10)), (6, (20, 40), (10, 5), (10, 35)),
     (8, (20, 40), (10, 35), (10, 5)), (2, (40, 20), (35, 10), (5, 10))],
)  # fmt: skip
def test_a_picture_is_turned_upright(
    store: Store, form: str, orientation: int, size: tuple[int, int],
    red: tuple[int, int], blue: tuple[int, int],
) -> None:  # fmt: skip
    image = kept(store, turned(halves(), orientation, form))
    assert image.size == size
    assert near(image, red, RED)
    assert near(image, blue, BLUE)
    assert image.getexif().get(0x0112, 1) == 1


def masked(mode: str) -> bytes:
    """Return a red picture whose right half is blue behind a mask."""
    image = halves("RGBA")
    image.putalpha(Image.fromarray(np.tile(np.repeat([255, 0], 20).astype(np.uint8), (20, 1))))
    if mode == "P":
        palette = halves("P")
        return encoded(palette, transparency=palette.getpixel((35, 10)))
    if mode == "tRNS":
        return encoded(halves(), transparency=BLUE)
    return encoded(image.convert(mode), "WEBP" if mode == "webp" else "PNG")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "tRNS"])
def test_what_shines_through_is_white_and_hides_no_colour(store: Store, mode: str) -> None:
    image = kept(store, masked(mode))
    assert image.mode == "RGB"
    assert near(image, (35, 10), WHITE, 0)
    assert not near(image, (5, 10), WHITE, 60)


def test_of_a_moving_picture_the_first_frame_counts(store: Store) -> None:
    first, second = Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), BLUE)
    for form in ("PNG", "WEBP"):
        image = kept(store, encoded(first, form, save_all=True, append_images=[second]))
        assert getattr(image, "n_frames", 1) == 1
        assert near(image, (4, 4), RED)


def test_half_a_picture_is_none_however_it_is_coloured(store: Store) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 4), dtype=np.uint8))
    for data in (encoded(noise), encoded(noise.convert("CMYK"), "JPEG")):
        with pytest.raises(NoPictureError):
            store.put_image(data[: len(data) // 2])


def test_an_older_store_shows_its_odd_pictures_right(store: Store, tmp_path: Path) -> None:
    """What an earlier release kept as it came."""
    data = turned(halves("CMYK"), 6, "JPEG")
    key = hashlib.sha256(data).hexdigest()
    file = tmp_path / "images" / key[:2] / key
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    opened = store.open({"sha256": key, "media_type": "image/jpeg", "width": 40, "height": 20})
    assert (opened.mode, opened.size) == ("RGB", (20, 40))


@pytest.mark.parametrize("picture", [encoded(halves("CMYK"), "JPEG"), masked("RGBA")])
def test_a_run_of_odd_pictures_ends_with_its_folder(
    gems: Any, tmp_path: Path, picture: bytes
) -> None:
    with ChatServer() as chat, ImageServer([picture]) as images:
        options = ["--mllm", "compat:m", "--mllm-url", chat.url, "--generator", images.url]
        assert gems("run", "p", *options, "--out", "out", "-q").code == 0
        sent = [r for r in chat.requests if r["kind"] == "verify"]
    assert Image.open(tmp_path / "out" / "image.png").mode == "RGB"
    assert sent
