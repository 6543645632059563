"""`gems generators` lists what is installed and what it lacks; `try` draws one picture."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from PIL import Image

from gems_graph import plugins
from gems_graph.generators import open_generator
from gems_graph.testing import Fault, ImageServer, check_generator
from tests.conftest import Gems

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "generator.py"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a package of its own with the example as `paper`, and a broken one as `torn`."""
    site = tmp_path / "site"
    about = site / "paper-1.0.dist-info"
    about.mkdir(parents=True)
    shutil.copy(EXAMPLE, site / "paper_generator.py")
    (site / "torn_generator.py").write_text("import a_package_that_is_not_there\n")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: paper\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[gems_graph.generators]\n"
        "paper = paper_generator:open_backend\ntorn = torn_generator:open_backend\n"
    )
    monkeypatch.syspath_prepend(site)
    return site


def test_every_generator_is_listed_with_what_it_takes(gems: Gems) -> None:
    out = gems("generators").out
    assert out.startswith("mini\n    The offline generator `mini`")
    assert "takes: size, seed, steps, progress, repeats itself, options steps" in out
    assert "\nhttp\n    `http:URL`: the protocol" in out
    for name in plugins.generators():
        assert f"\n{name}\n" in f"\n{out}"


@pytest.mark.usefixtures("package")
def test_a_generator_of_another_package_is_listed_and_one_that_lacks_something_says_so(
    gems: Gems,
) -> None:
    out = gems("generators").out
    assert "paper\n    A generator of your own: plain paper in any colour" in out
    assert "torn\n    lacks: No module named 'a_package_that_is_not_there'" in out


@pytest.mark.usefixtures("package")
def test_a_generator_of_another_package_is_opened_by_its_name_and_keeps_its_word() -> None:
    held = asyncio.run(check_generator(open_generator("paper:red")))
    assert "it tells its steps in order, up to the last" in held


def test_one_picture_is_drawn_and_told_of(gems: Gems) -> None:
    with ImageServer() as images:
        done = gems(
            "generators", "try", "http", "--generator-url", images.url, "--prompt", "a fox",
            "--seed", "3", "--size", "64x32", "--steps", "8", "--out", "fox.png",
            "--set", "generator_price=0.25",
        )  # fmt: skip
    assert (done.code, done.out) == (0, "fox.png\n")
    assert Image.open("fox.png").size == (64, 32)
    assert done.err.startswith("64 x 32, ")
    assert "cost 0.25\n  generator: http\n  seed: 3\n  steps: 8\n" in done.err
    [request] = images.requests
    assert (request["prompt"], request["seed"], request["steps"]) == ("a fox", "3", "8")


def test_what_a_generator_cannot_honour_is_told(gems: Gems) -> None:
    done = gems("generators", "try", "mini", "--negative", "fog")
    assert done.out == "gems-out/try-mini.png\n"
    assert "note: The generator 'mini' takes no `negative`; it drew without." in done.err


def test_a_generator_that_fails_is_an_error_in_one_sentence(gems: Gems) -> None:
    with ImageServer([Fault(401)]) as images:
        done = gems("generators", "try", f"http:{images.url}")
    assert done.code == 1
    assert "HTTP 401: the key was refused; check GEMS_GENERATOR_KEY" in done.err
    assert gems("generators", "try", "nowhere").code == 2


def test_a_run_takes_the_same_options(gems: Gems) -> None:
    with ImageServer() as images:
        gems(
            "run", "two red fish", "--generator", "http", "--generator-url", images.url,
            "--negative", "fog", "--ratio", "2:1", "--steps", "8", "--guidance", "0",
            "--max-iterations", "1",
        )  # fmt: skip
    request = images.requests[0]
    assert {k: request[k] for k in ("negative", "ratio", "steps", "guidance")} == {
        "negative": "fog", "ratio": "2:1", "steps": "8", "guidance": "0.0",
    }  # fmt: skip


def test_the_doctor_says_which_of_a_chain_failed(gems: Gems) -> None:
    with ImageServer([Fault(401)]) as images:
        done = gems("doctor", "--generator", "http,mini", "--generator-url", images.url)
    assert "picture: yes" in done.out
    assert "The generator 'http' failed, and the next one drew. The generator 'http': HTTP 401" in (
        done.out
    )
