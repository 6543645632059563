"""Lock files: who is kept off, what a killed process leaves, and that no files pile up."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gems_graph import paths
from gems_graph.errors import UsageError
from gems_graph.persistence.locks import claim, is_claimed

HOLD = """
import sys
from gems_graph.persistence.locks import claim
with claim(sys.argv[1]):
    print("held", flush=True)
    input()
"""


def holder(name: str) -> subprocess.Popen[str]:
    """Start a process that holds a name until it is killed or reads a line."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def files() -> list[Path]:
    return [*paths.locks().iterdir()]


def test_a_claim_keeps_other_processes_off_until_it_is_killed() -> None:
    child = holder("t")
    assert (is_claimed("t"), is_claimed("other")) == (True, False)
    with pytest.raises(UsageError, match="t is being worked on by another process"), claim("t"):
        pass
    child.kill()
    child.communicate(timeout=30)
    with claim("t"):
        assert is_claimed("t")  # also within one process
    assert not is_claimed("t")


def test_a_claim_that_ends_lets_others_in() -> None:
    child = holder("t")
    child.communicate("\n", timeout=30)
    assert child.returncode == 0
    with claim("t"):
        pass


def test_two_of_one_process_exclude_each_other_also_between_threads() -> None:
    said: list[str] = []

    def second() -> None:
        try:
            with claim("t"):
                said.append("in")
        except UsageError:
            said.append("kept off")

    with claim("t"), claim("u"):
        second()
        worker = threading.Thread(target=second)
        worker.start()
        worker.join()
    second()
    assert said == ["kept off", "kept off", "in"]


@pytest.mark.parametrize("name", ["", "../../etc", "a\x00b", "\udc80", "x" * 10_000, "一只猫 🐈"])
def test_any_text_is_a_name(name: str) -> None:
    with claim(name):
        assert is_claimed(name)
        assert [file.parent for file in files()] == [paths.locks()]


def test_no_files_pile_up() -> None:
    for number in range(50):
        with claim(f"t{number}"):
            pass
        assert not is_claimed(f"u{number}")
    assert files() == []
    child = holder("t")
    child.kill()
    child.communicate(timeout=30)
    assert len(files()) == 1  # nobody was left to remove it
    assert not is_claimed("t")
    assert files() == []


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_lock_files_are_for_this_user_alone() -> None:
    with claim("t"):
        [file] = files()
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700


def test_where_nothing_can_be_locked_nobody_is_kept_off(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    beneath = tmp_path / "file" / "locks"  # which can be no folder
    with claim("t", beneath), claim("t", beneath):
        assert not is_claimed("t", beneath)


def test_a_name_taken_over_while_its_file_is_removed_stays_exclusive() -> None:
    """Many take turns at one name, each removing the file that the next may just have opened."""
    inside, most, turns = 0, 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most, turns
        while turns < 200:
            try:
                with claim("t"):
                    with guard:
                        inside += 1
                        most = max(most, inside)
                        turns += 1
                    with guard:
                        inside -= 1
            except UsageError:
                continue

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (most, turns >= 200) == (1, True)
    assert files() == []
