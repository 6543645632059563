"""Code that a model brings along: it is run only where the host names the model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gems_graph.errors import ConfigError

VARIABLE = "GEMS_MODEL_CODE"


def is_trusted(model: str) -> bool:
    """Tell whether the host lets a model run its own code.

    `GEMS_MODEL_CODE` lists folders and hub ids, apart as in `PATH`. It is no setting, so no kept
    trajectory can widen it.
    """
    listed = [name for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name]
    return model in listed or str(Path(model).resolve()) in map(_resolved, listed)


def own_class(model: str, file: str, name: str, revision: str) -> Any:
    """Return the class of a pipeline that is written in a file beside the weights.

    Raises:
        ConfigError: the host does not trust the model, or the file has no such class.
    """
    if not is_trusted(model):
        msg = (
            f"{model!r} draws with code of its own, {file}.py, which is not run: read it, and if "
            f"you trust it set the environment variable {VARIABLE}={model}."
        )
        raise ConfigError(msg)
    from diffusers.utils import get_class_from_dynamic_module

    try:
        return get_class_from_dynamic_module(
            model, f"{file}.py", class_name=name, revision=revision or None, trust_remote_code=True
        )
    except (AttributeError, ImportError, OSError, ValueError) as error:
        msg = f"{model!r} has no {name} in {file}.py that can be read ({error}): get it anew."
        raise ConfigError(msg) from error


def _resolved(name: str) -> str:
    return str(Path(name).expanduser().resolve())
