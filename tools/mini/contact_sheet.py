"""Draw contact sheets to look at, the prompts below: nothing is picked, the seeds are 0, 1, ...

    python -m tools.mini.contact_sheet --out runs

`gallery.png` has prompts as people write them; `wordings.png` one request a column in plain
words, with regions, with cells (framed green where the judge finds everything right);
`renders.png` is the world as it was shown in training.
"""

from __future__ import annotations

import argparse
import random
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from gems_graph.mini.artwork.render import Pixels, render
from gems_graph.mini.net import MiniNet
from gems_graph.mini.sampling import load_net, sample
from gems_graph.mini.words import tokenise
from gems_graph.mini.world import RES
from tools.mini.captions import terse
from tools.mini.requests import WORDINGS, build
from tools.mini.scenes import sample_scene

GALLERY = (
    "three red fish in the sky",
    "a big blue house and two yellow cars in a meadow",
    "a pink cat left of a black cup",
    "four orange balloons in the sky",
    "two purple stars above a yellow boat at night",
    "five pink hearts",
    "a big green tree and three red mushrooms in a meadow",
    "a yellow duck and two green snails on the beach",
    "a red rocket between two blue stars and a yellow star at night",
    "a big yellow star at night",
    "a purple flower, a blue cup, a red heart and a black cat",
    "three small blue fish and a big orange fish on the beach",
    "a big black cat on a plain background",
    "four small purple butterflies in a meadow",
    "a red house in the top left. a red balloon in the bottom right.",
    "three orange cats at a4 b4 c4. a yellow star at d1. at night",
    "a big green duck in the middle",
    "a yellow car and a purple tree and a pink house in a meadow",
)
_COLUMNS = (
    "one group of 2 to 5", "two groups", "relation", "three groups", "same colour twice",
    "counts of 3 to 5, two groups",
)  # fmt: skip
_SCALE, _EDGE, _TEXT = 2, 4, 46
_GREEN, _RED = (60, 170, 80), (215, 60, 60)


class Tile(NamedTuple):
    """A picture, the words below it, and whether it is right, if that was judged."""

    pixels: Pixels
    text: str
    right: bool | None = None


def sheet(tiles: Sequence[Tile], columns: int) -> Image.Image:
    """Arrange pictures on white, row by row."""
    side = RES * _SCALE + 2 * _EDGE
    rows = -(-len(tiles) // columns)
    page = Image.new("RGB", (columns * side, rows * (side + _TEXT)), (255, 255, 255))
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(11)
    for number, tile in enumerate(tiles):
        x, y = number % columns * side, number // columns * (side + _TEXT)
        if tile.right is not None:
            frame = _GREEN if tile.right else _RED
            pen.rectangle((x + 1, y + 1, x + side - 2, y + side - 2), fill=frame)
        large = Image.fromarray(tile.pixels).resize((RES * _SCALE,) * 2, Image.Resampling.LANCZOS)
        page.paste(large, (x + _EDGE, y + _EDGE))
        for line, words in enumerate(textwrap.wrap(tile.text, side // 6)[:4]):
            pen.text((x + _EDGE, y + side + 11 * line - 1), words, (40, 40, 40), font=font)
    return page


def gallery(net: MiniNet) -> Image.Image:
    """Draw every prompt of the gallery once."""
    return sheet([Tile(_one(net, text, seed), text) for seed, text in enumerate(GALLERY)], 6)


def wordings(net: MiniNet) -> Image.Image:
    """Draw some requests in every wording, each with the same seed."""
    rng = random.Random(42)
    requests = [build(kind, rng) for kind in _COLUMNS]
    tiles = []
    for wording in WORDINGS:
        for request in requests:
            pixels = _one(net, request.wordings[wording], 0)
            tiles.append(Tile(pixels, request.wordings[wording], request.right(pixels)))
    return sheet(tiles, len(requests))


def renders() -> Image.Image:
    """Draw some training scenes."""
    rng = random.Random(3)
    scenes = [sample_scene(rng) for _ in range(18)]
    return sheet([Tile(render(scene), terse(scene, rng)) for scene in scenes], 6)


def _one(net: MiniNet, prompt: str, seed: int) -> Pixels:
    picture: Pixels = sample(net, [tokenise(prompt)], [seed])[0]
    return picture


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    net = load_net()
    gallery(net).save(folder / "gallery.png")
    wordings(net).save(folder / "wordings.png")
    renders().save(folder / "renders.png")


if __name__ == "__main__":
    main()
