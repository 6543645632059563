"""The form of the settings that LangGraph's server shows, for the graph of one strategy."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, create_model

from gems_graph.settings import GROUPS, Settings


def _by_group(schema: dict[str, Any]) -> None:
    """Put the name of its group before each setting but the everyday ones, which come first."""
    for group in GROUPS[1:]:
        title = str(group.__doc__).splitlines()[0].rstrip(".")
        for name in group.__annotations__:
            schema["properties"][name]["title"] = f"{title}: {name}"


class Form(Settings):
    """Every setting of a run, everyday ones first."""

    model_config = ConfigDict(json_schema_extra=_by_group)


def form_of(strategy: str) -> type[Settings]:
    """Return the settings of a graph that runs one strategy, and no other."""
    described = Field(default=strategy, description="How pictures are made: by this graph.")
    only: Any = (Literal[strategy], described)
    return create_model("Settings", __base__=Form, strategy=only)
