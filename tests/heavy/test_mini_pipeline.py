"""The offline generator as a folder of diffusers: a real pipeline whose pictures mean something."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gems_graph import Store, run
from gems_graph.errors import ConfigError, OutsideWorldError
from gems_graph.generators import GenerateRequest, close_generators, open_generator
from gems_graph.generators.diffusion.code import VARIABLE
from gems_graph.mini.generator import MiniGenerator
from gems_graph.testing import check_generator

pytest.importorskip("torch", reason="needs torch: make heavy")
pytest.importorskip("diffusers", reason="needs diffusers: make heavy")

PROMPTS = ("three red fish and a blue cup at night", "a big yellow star", "a pink cat at b2 .")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tools.mini.as_diffusers import write

    place = tmp_path_factory.mktemp("mini")
    write(place)
    return place


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    asyncio.run(close_generators())


@pytest.fixture
def trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(VARIABLE, str(folder))
    return f"diffusers:{folder}"


def drawn(name: str, request: GenerateRequest) -> list[Any]:
    generator = open_generator(name)
    return [np.asarray(p.data).astype(int) for p in asyncio.run(generator.generate(request))]


def by_mini(prompt: str, seed: int) -> Any:
    data = asyncio.run(MiniGenerator()(prompt, seed=seed))
    return np.asarray(Image.open(io.BytesIO(data))).astype(int)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_it_draws_what_mini_draws(trusted: str, prompt: str) -> None:
    for seed, picture in enumerate(drawn(trusted, GenerateRequest(prompt=prompt, seed=4, n=2)), 4):
        apart = np.abs(picture - by_mini(prompt, seed))
        assert picture.shape == (480, 480, 3)
        assert apart.max() <= 4, (prompt, seed)
        assert apart.mean() < 0.1


def test_another_seed_is_another_picture(trusted: str) -> None:
    one, other = drawn(trusted, GenerateRequest(prompt=PROMPTS[0], seed=1, n=2))
    assert np.abs(one - other).mean() > 5


def test_it_is_what_every_generator_must_be(trusted: str) -> None:
    assert asyncio.run(check_generator(open_generator(trusted)))


def test_diffusers_loads_the_folder_by_itself(folder: Path) -> None:
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(folder, trust_remote_code=True)
    assert type(pipeline).__name__ == "MiniPipeline"
    assert pipeline("a red fish", num_inference_steps=2).images[0].size == (480, 480)


def test_a_whole_run_draws_with_it(trusted: str, tmp_path: Path) -> None:
    store = Store(tmp_path)
    given = {"mllm": "mini", "seed": 2, "max_iterations": 3, "store": store}
    here = run("two red fish and a blue cup", generator=trusted, **given)
    there = run("two red fish and a blue cup", generator="mini", **given)
    assert [r["prompt"] for r in here.rounds] == [r["prompt"] for r in there.rounds]
    assert here.success == there.success
    assert here.rounds[0]["image"]["made"]["pipeline"] == "MiniPipeline"


def test_its_code_is_not_run_unless_the_host_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(ConfigError, match=rf"mini_pipeline\.py, which is not run.*{VARIABLE}="):
        open_generator(f"diffusers:{folder}")


def test_a_word_it_does_not_know_is_an_error_that_lists_what_it_does(trusted: str) -> None:
    with pytest.raises(OutsideWorldError, match=r"'giraffe'[^$]*things +fish, house"):
        drawn(trusted, GenerateRequest(prompt="a red giraffe", seed=1))
