"""Ray, in a network of its own: its ports are open to whoever reaches the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="needs Ray: make heavy")
pytest.importorskip("diffusers", reason="needs diffusers: make heavy")

CASES = Path(__file__).with_name("ray_cases.py")


def _of_its_own() -> list[str]:
    """Return what a command is run by, so that it has no network but its own; empty: nothing."""
    unshare = shutil.which("unshare")
    wrapped = [unshare, "--user", "--map-root-user", "--net"] if unshare else []
    if wrapped and subprocess.run([*wrapped, "true"], capture_output=True).returncode == 0:
        return wrapped
    text = "Ray is tested in the network of this machine: `unshare --net` is not permitted here."
    warnings.warn(text, stacklevel=1)
    return []


@pytest.fixture
def home() -> Iterator[str]:
    """A folder of its own, with a short name: the names of sockets have at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        yield folder


def test_ray_in_a_network_of_its_own(home: str) -> None:
    """Run `ray_cases.py`; what fails there is told in full."""
    command = [*_of_its_own(), sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "HOME": home, "RAY_TMPDIR": home, "RAY_worker_niceness": "0"}
    done = subprocess.run(
        [*command, str(CASES)], env=environment, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-4_000:]
    assert "skipped" not in done.stdout
