"""`ray:diffusers:MODEL`: a pipeline of diffusers on every GPU of a cluster of Ray."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from gems_graph.errors import ConfigError
from gems_graph.generators.actors.crew import Crew
from gems_graph.generators.actors.placing import Placing, check_ray
from gems_graph.generators.diffusers import outline as outline_of_diffusers
from gems_graph.generators.diffusion.options import Loading, read_loading
from gems_graph.generators.reading import read_options
from gems_graph.generators.request import GenerateRequest, Picture
from gems_graph.settings.generator import Capabilities, GeneratorSpec

_INNER = "diffusers:"


class RayGenerator:
    """Actors of Ray, each with the same pipeline in a thread of its own.

    Args:
        name: as records have it.
        crew: of actors, ready to draw.
    """

    def __init__(self, name: str, crew: Crew) -> None:
        self.name, self._crew = name, crew
        self.capabilities = replace(
            crew.capabilities,
            options=[*Placing.model_fields, *crew.capabilities.options],
            concurrency=crew.size,
        )

    async def generate(self, request: GenerateRequest) -> list[Picture]:
        """Have the least busy actor draw `request.n` pictures.

        Raises:
            TransientError: the actor died; the next call makes it anew.
            GeneratorError: as the pipeline itself raises.
        """
        return await self._crew.draw(request)

    async def aclose(self) -> None:
        """Kill the actors, and end the cluster if it was started for them."""
        await asyncio.to_thread(self._crew.close)


def open_backend(argument: str, spec: GeneratorSpec | None = None) -> RayGenerator:
    """Start actors and have each load the pipeline.

    Raises:
        ConfigError: a package, the cluster, room in it or the model is missing, or an option is
            unfit.
    """
    spec = spec or GeneratorSpec(name=f"ray:{argument}")
    if not argument.startswith(_INNER):
        msg = f"Ray draws with pipelines of diffusers: write ray:diffusers:NAME, not {spec.name!r}."
        raise ConfigError(msg)
    own = {name: value for name, value in spec.options.items() if name in Placing.model_fields}
    placing = read_options(Placing, own, "ray")
    options = {name: value for name, value in spec.options.items() if name not in own}
    loading = read_loading({n: v for n, v in options.items() if n in Loading.model_fields})
    _check_device(loading)
    check_ray(spec.name)
    crew = Crew(argument, options, placing, on_gpu=loading.device not in ("cpu", "mps"))
    return RayGenerator(spec.name, crew)


def _check_device(loading: Loading) -> None:
    """Make sure that no GPU is named: Ray chooses.

    Raises:
        ConfigError: one is.
    """
    kind, _, number = loading.device.partition(":")
    if number not in ("", "0"):
        msg = (
            f"An actor of Ray sees no GPU but its own, so device={loading.device} is none it "
            f"knows: set generator_options.device={kind}, or leave it out."
        )
        raise ConfigError(msg)


def outline() -> Capabilities:
    """Return what pipelines can do in actors, without starting any.

    Raises:
        ConfigError: Ray is not installed.
    """
    check_ray("ray")
    pipelines = outline_of_diffusers()
    return replace(pipelines, options=[*Placing.model_fields, *pipelines.options])
