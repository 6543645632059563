"""The figures of the miniature: drawn from the numbers, whole SVG, every value in its place."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tools import figures
from tools.charts import Point, lines, rows

SVG = "{http://www.w3.org/2000/svg}"


def report() -> dict[str, Any]:
    curve = [
        {"allowed": n, "images": 1 + n / 5, "right": [n / 5, n / 5 - 0.1, n / 5], "ended": 0.2}
        for n in range(1, 6)
    ]
    return {
        "loop": {
            "kinds": {"all": {"right": {"GEMS": [0.9, 0.8, 1.0]}}},
            "within": {"five seeds": curve, "muted": curve, "GEMS": curve},
        },
        "ablation": {"original": {"right": [0.5, 0.4, 0.6]}, "loop & more": {"right": [1, 1, 1]}},
    }


def test_every_figure_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = tmp_path / "bench.json"
    numbers.write_text(json.dumps(report()))
    monkeypatch.setattr(sys, "argv", ["figures", str(numbers), "--out", str(tmp_path)])
    figures.main()
    drawn = {file.stem: ElementTree.parse(file).getroot() for file in tmp_path.glob("*.svg")}
    assert drawn.keys() == figures.FIGURES.keys()
    said = [text.text for text in drawn["ablation"].iter(f"{SVG}text")]
    assert said[1:] == ["original", "50 %", "loop & more", "100 %"]


def test_a_higher_share_stands_higher_and_labels_do_not_cover_each_other() -> None:
    series = {"a": [Point(1, 0.2, 0.1, 0.3), Point(5, 0.9, 0.8, 1.0)], "b": [Point(5, 0.9, 0.9, 1)]}
    page = ElementTree.fromstring(lines("t", "x", series))
    low, high, other = (float(dot.get("cy", 0)) for dot in page.iter(f"{SVG}circle"))
    assert low > high == other
    labels = [float(text.get("y", 0)) for text in page.iter(f"{SVG}text") if text.text in series]
    assert abs(labels[0] - labels[1]) >= 16


def test_a_bar_is_as_long_as_its_share() -> None:
    page = ElementTree.fromstring(rows("t", {"x": Point(0, 0.5, 0.4, 0.6), "y": Point(0, 1, 1, 1)}))
    half, whole = (float(bar.get("width", 0)) for bar in page.iter(f"{SVG}rect"))
    assert whole == pytest.approx(2 * half)
