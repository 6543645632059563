"""Files written whole or not at all, and what a killed writer leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gems_graph.system.parts import new_part
from gems_graph.system.replacing import replace_file, sweep

KILLED = """
import os, signal, sys
from pathlib import Path
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from gems_graph.system.replacing import replace_file
replace_file(Path(sys.argv[1]), b"new")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_a_file_is_replaced_whole(folder: Path) -> None:
    file = folder / "a.txt"
    replace_file(file, b"one")
    replace_file(file, b"two")
    assert file.read_bytes() == b"two"
    assert [*folder.iterdir()] == [file]


def test_a_link_is_replaced_and_not_followed(folder: Path) -> None:
    other, file = folder / "other", folder / "a.txt"
    other.write_bytes(b"kept")
    file.symlink_to(other)
    replace_file(file, b"new")
    assert (other.read_bytes(), file.read_bytes()) == (b"kept", b"new")


def test_what_cannot_be_written_leaves_nothing(folder: Path) -> None:
    (folder / "a.txt").mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(folder / "a.txt", b"new")
    assert [file.name for file in folder.iterdir()] == ["a.txt"]


def test_what_a_killed_writer_left_is_swept_and_what_a_living_one_writes_is_not(
    folder: Path,
) -> None:
    file = folder / "a.txt"
    file.write_bytes(b"old")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False)
    assert killed.returncode == -9
    [left] = [each for each in folder.iterdir() if each != file]
    ours = folder / new_part()
    ours.write_bytes(b"half")
    assert sweep(folder) == 1
    assert {*folder.iterdir()} == {file, ours}
    assert not left.exists()
    os.utime(ours, (0, 0))  # nothing takes a day to write
    assert sweep(folder) == 1
    assert file.read_bytes() == b"old"
