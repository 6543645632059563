"""Wheel and sdist carry prompts, skills, weights and fonts; the import stays light."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from contextlib import chdir
from pathlib import Path

import pytest
from hatchling import build

import gems_graph

ROOT = Path(__file__).parent.parent
PROBE = """
from gems_graph.prompting.templates import Prompts
from gems_graph.paths import data_folder
from gems_graph.skills import Skills
import gems_graph.mini, gems_graph.report, pathlib
assert Prompts().render("decomposer", user_prompt="p")
from gems_graph.evaluation.atoms import PACKAGED, read
assert read(PACKAGED)
from gems_graph.generators.comfy.workflow import open_workflow
assert open_workflow("z-image-turbo", {}).output
weights = pathlib.Path(gems_graph.mini.__file__).parent / "mini_weights.npz"
assert weights.stat().st_size < 16_000_000
assert weights.with_name("mini_reader.npz").is_file()
assert any((pathlib.Path(gems_graph.report.__file__).parent / "fonts").iterdir())
print(gems_graph.__file__, len(Skills().manifest), Skills().manifest[0].instructions()[:11])
"""


def probe(cwd: Path, *path: Path) -> str:
    """Run the probe in a fresh process, in another folder."""
    code = f"import sys; sys.path[:0] = {[str(p) for p in path]!r}\n{PROBE}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    with chdir(ROOT):
        return folder / build.build_wheel(str(folder))


def install(wheel: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*command, "--target", str(target), str(wheel)], check=True)


def test_an_installed_wheel_finds_its_data_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    install(wheel, tmp_path / "site")
    said = probe(tmp_path, tmp_path / "site")
    assert str(tmp_path / "site") in said
    assert " 9 # Action an" in said
    assert wheel.stat().st_size < 20_000_000


def test_a_wheel_built_from_the_sdist_does_too(tmp_path: Path) -> None:
    with chdir(ROOT):
        name = build.build_sdist(str(tmp_path))
    with tarfile.open(tmp_path / name) as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / name.removesuffix(".tar.gz")
    with chdir(source):
        wheel = tmp_path / build.build_wheel(str(tmp_path))
    install(wheel, tmp_path / "site")
    assert " 9 # Action an" in probe(tmp_path, tmp_path / "site")


def test_the_checkout_itself_does_too(tmp_path: Path) -> None:
    assert str(ROOT) in probe(tmp_path, ROOT)


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, gems_graph, gems_graph.graph; from gems_graph import run;"
        "heavy = {'torch', 'gradio', 'openai', 'langchain_openai', 'langchain_anthropic',"
        " 'langchain', 'diffusers', 'scipy'} & sys.modules.keys(); print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_public_names_are_these() -> None:
    assert gems_graph.__all__ == [
        "GeneratorSpec", "Settings", "Store", "Strategy", "Trajectory", "__version__", "arun",
        "as_grader", "as_judge", "as_tool", "astream", "averify", "build_graph", "run", "stream",
        "verify",
    ]  # fmt: skip
    assert {*gems_graph.__all__} <= {*dir(gems_graph)}  # completion finds them
    assert all(getattr(gems_graph, name) is not None for name in gems_graph.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        gems_graph.no_such_name  # noqa: B018
