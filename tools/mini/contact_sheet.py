"""Draw a contact sheet: the same held-out scenes and seeds in three wordings.

    python -m tools.mini.contact_sheet --out contact_sheet.png

A green frame means that the checker found everything right.
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw

from gems_graph.mini.net import MiniNet, Pixels, load_net
from tools.mini.checker import TERSE_ATOMS, check
from tools.mini.evaluate import MAIN, draw, word
from tools.mini.scenes import held_out

WIDTH, HEIGHT = 150, 216
GREEN, RED = (30, 170, 60), (210, 40, 40)


def sheet(net: MiniNet, columns: int) -> Image.Image:
    """Draw one row of pictures per wording."""
    scenes = held_out(columns)
    image = Image.new("RGB", (WIDTH * columns, HEIGHT * len(MAIN)), "white")
    for row, wording in enumerate(MAIN):
        prompts = word(scenes, wording)
        pictures = draw(net, prompts, range(columns))
        for column, (scene, picture) in enumerate(zip(scenes, pictures, strict=True)):
            verdict = check(scene, picture)
            wrong = [atom for atom in TERSE_ATOMS if not verdict[atom]]
            _card(image, (column * WIDTH, row * HEIGHT), picture, prompts[column], wrong)
    return image


def _card(
    image: Image.Image, corner: tuple[int, int], picture: Pixels, prompt: str, wrong: list[str]
) -> None:
    left, top = corner
    pen = ImageDraw.Draw(image)
    frame = (left + 1, top + 1, left + WIDTH - 2, top + WIDTH - 2)
    pen.rectangle(frame, fill=RED if wrong else GREEN)
    enlarged = Image.fromarray(picture).resize((144, 144), Image.Resampling.NEAREST)
    image.paste(enlarged, (left + 3, top + 3))
    lines = textwrap.wrap(prompt, 25)[:5] + ([f"wrong: {' '.join(wrong)}"] if wrong else [])
    pen.text((left + 2, top + WIDTH), "\n".join(lines), fill="black", font_size=10)


def main() -> None:
    """Read the command line and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("contact_sheet.png"))
    options = parser.parse_args()
    sheet(load_net(), options.columns).save(options.out)


if __name__ == "__main__":
    main()
