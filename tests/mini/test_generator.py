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
from gems_graph.mini.sampling import times
from gems_graph.mini.world import SCENES
from tools.mini import captions, checker, scenes

PROMPT = "two red fish left of a blue house"


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
    pictures = {draw(PROMPT, 0), draw(PROMPT, 1), draw("a green cup", 0)}
    assert len(pictures) == 3


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("one green cup at a1 . three yellow stars at b3 c3 d3 .", {
            ("cup", "green"): 1, ("star", "yellow"): 3,
        }),
        ("two red fish at a1 b2 . one pink cat at d4 . in a meadow", {
            ("fish", "red"): 2, ("cat", "pink"): 1,
        }),
    ],
)  # fmt: skip
def test_the_picture_shows_what_was_asked(prompt: str, wanted: dict[tuple[str, str], int]) -> None:
    reading = checker.read(pixels(draw(prompt, 1)))
    found = [(item.object, item.color) for item in reading.items]
    assert {kind: found.count(kind) for kind in found} == wanted
    assert reading.scene in SCENES


def test_together_or_one_by_one_is_the_same() -> None:
    async def together() -> list[bytes]:
        generator = open_backend()
        return await asyncio.gather(*(generator(PROMPT, seed=seed) for seed in range(3)))

    assert asyncio.run(together()) == [draw(PROMPT, seed) for seed in range(3)]


@pytest.mark.parametrize(("size", "side"), [(None, 480), ((96, 96), 96), ((300, 200), 200)])
def test_size_is_kept_and_things_stay_upright(size: tuple[int, int] | None, side: int) -> None:
    picture = Image.open(io.BytesIO(draw(PROMPT, 0, size)))
    width, height = size or (480, 480)
    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (width, height))
    left, top = (width - side) // 2, (height - side) // 2
    middle = picture.crop((left, top, left + side, top + side))
    small = Image.fromarray(pixels(draw(PROMPT, 0, (96, 96))))
    assert middle.tobytes() == small.resize((side, side), Image.Resampling.LANCZOS).tobytes()
    assert (np.asarray(picture)[:, 0] == np.asarray(middle)[:, 0]).all()


def test_the_walk_goes_from_noise_to_picture() -> None:
    steps = times(16)
    assert (steps[0], steps[-1], len(steps)) == (0.0, 1.0, 17)
    assert steps == sorted(steps)


def test_the_file_carries_no_time_stamp() -> None:
    picture = Image.open(io.BytesIO(draw(PROMPT)))
    picture.load()
    assert picture.info == {}


def test_unknown_words_are_named_with_what_is_known_in_groups_and_examples() -> None:
    with pytest.raises(OutsideWorldError) as caught:
        draw("a dragon over a blue castle")
    message = str(caught.value)
    for part in ("'dragon'", "'castle'", "purple", "balloon", "left of", "d4", "beach", "http:"):
        assert part in message
    assert "'blue'" not in message
    assert all(f"\n  {example}" in message for example in words.EXAMPLES)
    assert len(words.EXAMPLES) == 3


@pytest.mark.parametrize("example", words.EXAMPLES)
def test_the_examples_are_prompts_of_the_world(example: str) -> None:
    assert words.tokenise(example) == example.split()


@pytest.mark.parametrize("prompt", ["", "   ", " . ", ":"])
def test_an_empty_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        draw(prompt)


def test_a_long_prompt_is_refused_not_cut() -> None:
    with pytest.raises(UsageError, match=r"43 tokens.* 40"):
        draw(" and ".join(["a red fish"] * 11))
    assert len(words.tokenise(" and ".join(["a red fish"] * 10))) == 39


def test_unusable_seed_size_and_argument_are_refused() -> None:
    with pytest.raises(UsageError, match="too small"):
        draw(PROMPT, 0, (95, 200))
    with pytest.raises(UsageError, match="seed"):
        draw(PROMPT, -1)
    with pytest.raises(UsageError, match="no argument"):
        open_backend("large")


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Two red fish, to the left of 1 mug.", "two red fish , to the left of one cup"),
        ("a orange cat on the left side", "an orange cat on the left"),
        ("a red car in the top-left corner", "a red car in the top left corner"),
        ("2 red fish on the right side of a cat", "two red fish to the right of a cat"),
        ("one red fish at A1, b2; a cup at c3", "one red fish at a1 b2 . a cup at c3 ."),
        ("a cup underneath a huge tree!", "a cup below a big tree"),
        ("A tiny violet snail.", "a small purple snail"),
    ],
)
def test_friendly_spellings_are_understood(said: str, read: str) -> None:
    assert " ".join(words.tokenise(said)) == read


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
        assert file.seek(0, io.SEEK_END) <= 16_000_000


def test_importing_needs_no_deep_learning_library() -> None:
    program = (
        "import sys, gems_graph.mini.generator\n"
        "print([m for m in ('torch', 'onnxruntime', 'safetensors', 'scipy') if m in sys.modules])"
    )
    fresh = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert fresh.stdout.strip() == "[]"
