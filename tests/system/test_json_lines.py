"""Files of one JSON object a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gems_graph.errors import UsageError
from gems_graph.system import json_lines


def test_lines_are_numbered_and_empty_ones_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('\ufeff{"a": 1}\n\n  \n{"a": "猫\u2028"}', encoding="utf-8")
    read = [*json_lines.read(file)]
    assert [(line.number, line.fields) for line in read] == [(1, {"a": 1}), (4, {"a": "猫\u2028"})]
    assert read[1].where == f"{file}, line 4"


@pytest.mark.parametrize("line", ["[1]", "no", "{", '{"a": "\\ud83d"}', "[" * 9_000])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}\n' + line)
    with pytest.raises(UsageError, match=r"a\.jsonl, line 2: this is no JSON object"):
        [*json_lines.read(file)]


@pytest.mark.parametrize("data", [None, b"\xff\xfe"])
def test_what_cannot_be_read_is_told_with_the_remedy(tmp_path: Path, data: bytes | None) -> None:
    file = tmp_path / "a.jsonl"
    if data:
        file.write_bytes(data)
    with pytest.raises(UsageError, match=r"Cannot read .*: write one\."):
        [*json_lines.read(file, "write one")]
