"""The options of placing actors, and the package that it needs; nothing is imported."""

from __future__ import annotations

import importlib.util

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gems_graph.errors import ConfigError

CLIENT = "ray://"
MEMBER = "HOST:PORT of a cluster that this machine belongs to, as Ray's client tells no progress"
"""What an address must be, in words."""


class Placing(BaseModel):
    """Where actors draw; each field is an option of the generator."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    actors: int | None = Field(
        default=None, ge=1, description="How many. None: one a GPU of the cluster, else one."
    )
    cpus: int = Field(default=1, ge=1, description="Processors of an actor, and its threads.")
    gpus: float | None = Field(
        default=None, ge=0, le=1, description="GPUs of an actor. None: one where there are any."
    )
    address: str = Field(
        default="",
        description="HOST:PORT of a cluster. Empty: the one here, else as local: of our own.",
    )
    wait: float = Field(
        default=30.0, ge=0, description="Seconds that the cluster has to find room for all actors."
    )

    @field_validator("address")
    @classmethod
    def _no_client(cls, value: str) -> str:
        if value.startswith(CLIENT):
            raise ValueError(MEMBER)
        return value


def check_ray(name: str) -> None:
    """Make sure that Ray is installed, without importing it.

    Raises:
        ConfigError: it is not; says how to install it.
    """
    if importlib.util.find_spec("ray") is None:
        msg = f"The generator {name!r} needs ray: pip install 'gems-graph[ray]'."
        raise ConfigError(msg)
