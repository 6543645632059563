"""Datasets of LangSmith as files of prompts: one example a line, answers left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gems_graph.batch import read
from gems_graph.errors import UsageError


def written(folder: Path, *lines: object) -> str:
    file = folder / "examples.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(file)


def test_an_example_is_a_prompt_without_its_answer(tmp_path: Path) -> None:
    example = {
        "id": "7f1c", "inputs": {"question": "a red fish"}, "outputs": {"answer": "secret"},
        "metadata": {"split": "test"}, "dataset_id": "d",
    }  # fmt: skip
    named = {"inputs": {"prompt": "a blue house", "style": "flat"}}
    first, second = read(written(tmp_path, example, named))
    assert (first.id, first.prompt) == ("7f1c", "a red fish")
    assert first.data == {"metadata": {"split": "test"}}
    assert (second.id, second.prompt) == ("0002", "a blue house")


def test_inputs_of_several_texts_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="line 1: name the text to draw `prompt`"):
        read(written(tmp_path, {"inputs": {"a": "x", "b": "y"}}))
