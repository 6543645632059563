"""`ray:diffusers:MODEL`: its name, options and what it lacks; no Ray is needed to refuse them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from gems_graph import Store, run
from gems_graph.errors import ConfigError, NoMemoryError
from gems_graph.generators import GeneratorSpec, notes_on, open_generator
from gems_graph.generators.actors.calls import is_broken
from gems_graph.generators.actors.cluster import Cluster
from gems_graph.generators.listing import listed
from gems_graph.generators.ray import outline
from gems_graph.testing import ScriptedChat

NAME = "ray:diffusers:z-image-turbo"


@pytest.fixture
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)


@pytest.mark.usefixtures("without_ray")
def test_the_missing_package_is_told_before_a_chat_call(store: Store) -> None:
    chat = ScriptedChat()
    with pytest.raises(
        ConfigError, match=r"'ray:diffusers:z.*needs ray: pip install 'gems-graph\["
    ):
        run("p", mllm=chat, generator=NAME, store=store)
    assert not chat._asked


@pytest.mark.parametrize("name", ["ray:mini", "ray:", "ray:ray:diffusers:z", "ray:http://h/g"])
def test_only_pipelines_of_diffusers_are_drawn_with(name: str) -> None:
    with pytest.raises(ConfigError, match="write ray:diffusers:NAME, not 'ray:"):
        open_generator(name)


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "no actors": ({"actors": 0}, "'actors' of ray is 0; it must be: input should be greater"),
    "half an actor": ({"actors": 1.5}, "'actors' of ray is 1.5; it must be: input should be a val"),
    "two GPUs an actor": ({"gpus": 2.0}, "'gpus' of ray is 2.0; it must be: input should be less"),
    "no processor": ({"cpus": 0}, "'cpus' of ray is 0; it must be"),
    "a client": ({"address": "ray://h:1"}, "'address' of ray .*; it must be: HOST:PORT of a clust"),
    "time": ({"wait": -1}, "'wait' of ray is -1; it must be"),
    "a GPU by number": ({"device": "cuda:1"}, "sees no GPU but its own.*set generator_options.dev"),
    "of loading": ({"offload": "disk"}, "'offload' of diffusers is 'disk'; it must be: one of non"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_unfit_options_are_refused_before_anything_is_started(
    case: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, said = UNFIT[case]
    chat = ScriptedChat()
    monkeypatch.setitem(sys.modules, "ray", None)  # which would be told of next
    with pytest.raises(ConfigError, match=said):
        run("p", mllm=chat, generator=NAME, store=store, generator_options=options)
    assert not chat._asked


def test_numbers_may_be_whole_where_they_may_be_broken(without_ray: None) -> None:
    spec = GeneratorSpec(name=NAME, options={"gpus": 1, "wait": 5, "actors": 2, "address": "h:1"})
    with pytest.raises(ConfigError, match="needs ray"):
        open_generator(spec)


def test_the_model_is_addressed_as_without_ray() -> None:
    assert notes_on(GeneratorSpec(name=NAME)) == notes_on(
        GeneratorSpec(name="diffusers:z-image-turbo")
    )
    [one, other] = GeneratorSpec(name=f"{NAME},mini").members
    assert (one.name, other.name) == (NAME, "mini")


@pytest.mark.usefixtures("without_ray")
def test_it_is_listed_with_what_it_lacks() -> None:
    [entry] = [entry for entry in listed() if entry.name == "ray"]
    assert entry.about.startswith("`ray:diffusers:MODEL`: a pipeline of diffusers on every GPU")
    assert entry.lacks == "The generator 'ray' needs ray: pip install 'gems-graph[ray]'."


def test_it_is_listed_with_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib_finds_all(monkeypatch)
    assert {"actors", "address", "offload"} <= {*outline().options}
    [entry] = [entry for entry in listed() if entry.name == "ray"]
    assert not entry.lacks
    assert "edits" in entry.can
    assert {"ray", "torch", "diffusers"} <= found


def importlib_finds_all(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Have packages be found whether they are installed or not; return which are looked for."""
    import importlib.util

    looked: set[str] = set()
    find, heavy = importlib.util.find_spec, {"ray", "torch", "diffusers", "transformers"}

    def found(name: str) -> Any:
        looked.add(name)
        return name if name in {*heavy, "accelerate"} else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", found)
    return looked


def test_a_forked_process_is_told_that_it_cannot_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster()
    monkeypatch.setattr("gems_graph.generators.actors.cluster._joined", lambda address: True)
    cluster.join("")
    with pytest.raises(ConfigError, match="cluster of Ray on this machine, and can join one at"):
        cluster.join("10.1.1.1:6379")
    monkeypatch.setattr("os.getpid", lambda: 1)
    with pytest.raises(ConfigError, match="forked process cannot draw in the cluster of Ray that"):
        cluster.join("")


def test_nothing_heavy_is_imported_before_it_is_opened() -> None:
    code = (
        "import sys, gems_graph.generators.ray, gems_graph.generators.actors.painter;"
        "print({'ray', 'torch', 'diffusers'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_only_a_lost_device_makes_an_actor_useless() -> None:
    assert is_broken(RuntimeError("CUDA error: an illegal memory access was encountered"))
    assert is_broken(type("AcceleratorError", (RuntimeError,), {})("unspecified launch failure"))
    assert not is_broken(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB."))
    assert not is_broken(
        NoMemoryError("too little (CUDA error: out of memory): set a smaller size")
    )
