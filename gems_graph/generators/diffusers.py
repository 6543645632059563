"""`diffusers:MODEL`: a pipeline of diffusers in this process; a preset, a hub id or a folder."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.generators.diffusion.form import CallForm
from gems_graph.generators.diffusion.options import Loading, check_packages, read_loading
from gems_graph.generators.diffusion.presets import PRESETS, Preset, preset_of
from gems_graph.generators.diffusion.worker import Worker, give_back, shared
from gems_graph.generators.opening import check_options
from gems_graph.generators.pipeline import PipelineGenerator
from gems_graph.settings.generator import Capabilities, GeneratorSpec
from gems_graph.settings.servers import check_server

_HUB = "https://huggingface.co"


class DiffusersGenerator(PipelineGenerator):
    """A pipeline that was loaded here, once for all that draw with it.

    Args:
        name: as records have it.
        key: of its worker.
        worker: has the pipeline.
        given: arguments for every call.
        preset: what is known of the model.
    """

    def __init__(
        self,
        name: str,
        key: str,
        worker: Worker,
        given: Mapping[str, Any],
        preset: Preset | None = None,
    ) -> None:
        super().__init__(worker.pipeline, given, worker=worker, preset=preset)
        self.name, self._key = name, key
        options = [*Loading.model_fields, *self.capabilities.options]
        self.capabilities = replace(self.capabilities, options=options)

    async def aclose(self) -> None:
        """Let go of the pipeline, if nobody else draws with it."""
        key, self._key = self._key, ""
        if key:
            await give_back(key)


def open_backend(argument: str, spec: GeneratorSpec | None = None) -> DiffusersGenerator:
    """Load a pipeline, unless it is loaded already.

    Raises:
        ConfigError: a package or the model is missing, or an option is unfit.
    """
    spec = spec or GeneratorSpec(name=f"diffusers:{argument}")
    own = {name: value for name, value in spec.options.items() if name in Loading.model_fields}
    loading, preset = read_loading(own), preset_of(argument)
    model = _place_of(argument, preset, loading)
    check_packages(spec.name)
    from gems_graph.generators.diffusion import hub  # these need what was checked
    from gems_graph.generators.diffusion import loading as late

    model = hub.place_of(model, loading.revision)
    form = CallForm.of(late.pipeline_class(model, loading))
    check_options(spec, [*Loading.model_fields, *form.options])
    given = {n: value for n, value in (preset.arguments if preset else {}).items() if form.takes(n)}
    given |= {name: value for name, value in spec.options.items() if name not in own}
    key = json.dumps([model, loading.model_dump()])
    worker = shared(key, lambda: late.load(model, loading))
    return DiffusersGenerator(spec.name, key, worker, given, preset)


def outline() -> Capabilities:
    """Return what pipelines can do, without loading one; a model's own may be less.

    Raises:
        ConfigError: a package is missing.
    """
    check_packages("diffusers")
    return Capabilities(
        grid=16, ratios=True, negative=True, steps=True, guidance=True, edits=16, n=64,
        progress=True, options=[*Loading.model_fields], concurrency=1,
    )  # fmt: skip


def _place_of(argument: str, preset: Preset | None, loading: Loading) -> str:
    """Return the folder or the hub id of a model.

    Raises:
        ConfigError: it can be neither, there is no such folder, or the host does not allow the hub.
    """
    place = loading.folder or (preset.repo if preset and argument in PRESETS else argument)
    folder = Path(place).expanduser()
    if place and folder.is_dir():
        if loading.revision:
            msg = f"The folder {place!r} has no revisions: leave out the option revision."
            raise ConfigError(msg)
        return str(folder.resolve())
    if loading.folder or not re.fullmatch(r"[\w.-]+/[\w.-]+", place) or place.startswith("."):
        what = f"folder {place!r}" if place else "model named"
        msg = (
            f"There is no {what}: write diffusers:NAME with {', '.join(PRESETS)}, a hub id such as "
            "Qwen/Qwen-Image-2512, or a folder with a model_index.json."
        )
        raise ConfigError(msg)
    check_server(os.environ.get("HF_ENDPOINT", _HUB))
    return place
