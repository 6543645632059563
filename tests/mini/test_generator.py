"""The offline generator `mini`: a pure function of prompt, seed, size."""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image

from gems_graph.errors import OutsideWorldError, UsageError
from gems_graph.mini import words
from gems_graph.mini.generator import open_backend
from tools.mini import captions, checker, scenes

PROMPT = "two red circles left of a blue square"


def draw(prompt: str, seed: int = 0, size: tuple[int, int] | None = None) -> bytes:
    return asyncio.run(open_backend()(prompt, seed=seed, size=size))


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_a_fresh_process_draws_the_same_bytes() -> None:
    program = (
        "import asyncio, hashlib\n"
        "from gems_graph.mini.generator import open_backend\n"
        f"png = asyncio.run(open_backend()({PROMPT!r}, seed=3))\n"
        "print(hashlib.sha256(png).hexdigest())"
    )
    fresh = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert fresh.stdout.strip() == hashlib.sha256(draw(PROMPT, 3)).hexdigest()


def test_seed_and_prompt_change_the_picture() -> None:
    pictures = {draw(PROMPT, 0), draw(PROMPT, 1), draw("a green cross", 0)}
    assert len(pictures) == 3


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        (PROMPT, {("red", "circle"): 2, ("blue", "square"): 1}),
        ("one green cross at a1 . three yellow triangles at b3 c3 d3 .", {
            ("green", "cross"): 1, ("yellow", "triangle"): 3,
        }),
    ],
)  # fmt: skip
def test_the_picture_shows_what_was_asked(prompt: str, wanted: dict[tuple[str, str], int]) -> None:
    items, background, _ = checker.analyse(pixels(draw(prompt, 1)))
    found = [(item.color, item.shape) for item in items]
    assert {kind: found.count(kind) for kind in found} == wanted
    assert background in words.BACKGROUNDS


def test_the_checker_reads_what_the_renderer_drew() -> None:
    rng = random.Random(1)
    drawn = [scenes.sample_scene(rng) for _ in range(60)]
    right = [checker.check(scene, scenes.render(scene, rng))["full"] for scene in drawn]
    assert sum(right) >= 58


def test_together_or_one_by_one_is_the_same() -> None:
    async def together() -> list[bytes]:
        generator = open_backend()
        return await asyncio.gather(*(generator(PROMPT, seed=seed) for seed in range(4)))

    assert asyncio.run(together()) == [draw(PROMPT, seed) for seed in range(4)]


@pytest.mark.parametrize(
    ("size", "side"), [(None, 528), ((48, 48), 48), ((480, 480), 480), ((200, 120), 96)]
)
def test_size_is_kept_and_pixels_stay_square(size: tuple[int, int] | None, side: int) -> None:
    picture = Image.open(io.BytesIO(draw(PROMPT, 0, size)))
    width, height = size or (528, 528)
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (width, height))
    left, top = (width - side) // 2, (height - side) // 2
    middle = np.asarray(picture)[top : top + side, left : left + side]
    small = pixels(draw(PROMPT, 0, (48, 48)))
    assert (middle == np.kron(small, np.ones((side // 48, side // 48, 1), np.uint8))).all()
    assert (np.asarray(picture)[0, 0] == small[0, 0]).all()


def test_the_file_carries_no_time_stamp() -> None:
    picture = Image.open(io.BytesIO(draw(PROMPT)))
    picture.load()
    assert picture.info == {}


def test_unknown_words_are_named_with_what_is_known() -> None:
    with pytest.raises(OutsideWorldError) as caught:
        draw("a dragon over a blue castle")
    message = str(caught.value)
    for part in ("'dragon'", "'castle'", "purple", "triangle", "left of", "d4", "cream", "http:"):
        assert part in message
    assert "'blue'" not in message


@pytest.mark.parametrize("prompt", ["", "   ", " . ", ":"])
def test_an_empty_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        draw(prompt)


def test_a_long_prompt_is_refused_not_cut() -> None:
    with pytest.raises(UsageError, match=r"43 tokens.* 40"):
        draw(" and ".join(["a red circle"] * 11))
    assert len(words.tokenise(" and ".join(["a red circle"] * 10))) == 39


def test_unusable_seed_size_and_argument_are_refused() -> None:
    with pytest.raises(UsageError, match="too small"):
        draw(PROMPT, 0, (47, 200))
    with pytest.raises(UsageError, match="seed"):
        draw(PROMPT, -1)
    with pytest.raises(UsageError, match="no argument"):
        open_backend("large")


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Two red circles, to the left of 1 grey.", "two red circles left of one gray"),
        ("an orange cross on the left", "a orange cross in the left half"),
        ("a red cross in the top-left corner", "a red cross in the top left"),
        ("2 red circles on the right side of a cross", "two red circles right of a cross"),
        ("one red circle at A1, b2; a cross at c3", "one red circle at a1 b2 . a cross at c3 ."),
        ("Left half: two red circles", "left half : two red circles"),
        ("a cross underneath a square!", "a cross below a square"),
    ],
)
def test_friendly_spellings_are_understood(said: str, read: str) -> None:
    assert " ".join(words.tokenise(said)).removesuffix(" .") == read.removesuffix(" .")


def test_training_captions_are_read_as_written() -> None:
    rng = random.Random(2)
    for _ in range(100):
        scene = scenes.sample_scene(rng)
        for level in captions.LEVELS:
            text = captions.caption(scene, level, rng)
            assert words.tokenise(text) == text.split()


def test_the_weights_are_small() -> None:
    weights = files("gems_graph.mini") / "mini_weights.npz"
    with weights.open("rb") as file:
        assert file.seek(0, io.SEEK_END) <= 13_000_000


def test_importing_needs_no_deep_learning_library() -> None:
    program = (
        "import sys, gems_graph.mini.generator\n"
        "print([m for m in ('torch', 'onnxruntime', 'safetensors', 'scipy') if m in sys.modules])"
    )
    fresh = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert fresh.stdout.strip() == "[]"
