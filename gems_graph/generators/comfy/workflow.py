"""A workflow that a request is filled into."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gems_graph.errors import BadRequestError, ConfigError
from gems_graph.generators.comfy.graph import Graph, is_link, read_graph
from gems_graph.generators.comfy.slots import (
    SLOTS,
    Slots,
    find_slots,
    output_of,
    place_in,
)
from gems_graph.generators.embedded import media_type_of
from gems_graph.generators.ratios import size_of
from gems_graph.generators.request import GenerateRequest

OPTIONS = ("slots", "inputs")
"""Options of a workflow: places by slot, and values by input by node."""
FOLDER = "gems"
"""Of the pictures that we upload, among the server's inputs."""
_MODELS = ("unet_name", "ckpt_name", "model_name", "gguf_name")
_GRIDS = {"EmptyLatentImage": 8}
_GRID = 16  # pixels, of other latents


@dataclass(frozen=True)
class Workflow:
    """A graph, where a request goes in, and which picture counts.

    Attributes:
        name: as the settings have it.
        graph: of its nodes.
        slots: places by what they take.
        output: node whose picture counts; empty: whichever saves one.
    """

    name: str
    graph: Graph
    slots: Slots
    output: str

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels that it draws by itself; None: nobody can tell it any."""
        width, height = self.value("width"), self.value("height")
        return (width, height) if width and height else None

    @property
    def grid(self) -> int:
        """Pixels that width and height must be multiples of."""
        sides = [self.graph[place.node]["class_type"] for place in self.slots["width"]]
        return min((_GRIDS.get(class_, _GRID) for class_ in sides), default=1)

    @property
    def model(self) -> str:
        """File of the model that draws, as far as that can be told; else its own name."""
        named = (node["inputs"].get(key) for node in self.graph.values() for key in _MODELS)
        return next((value for value in named if isinstance(value, str)), self.name)

    @property
    def samplers(self) -> list[str]:
        """Nodes that tell the steps of denoising."""
        return [id_ for id_, node in self.graph.items() if "Sampler" in node["class_type"]]

    def value(self, slot: str) -> Any:
        """Return what a slot holds; None where it is missing or comes from another node."""
        for node, input_ in self.slots[slot]:
            if not is_link(value := self.graph[node]["inputs"][input_]):
                return value
        return None

    def filled(self, request: GenerateRequest) -> Workflow:
        """Return the workflow of one request; what has no slot is left out.

        Raises:
            BadRequestError: it takes fewer pictures, or the ratio is none.
        """
        graph = copy.deepcopy(self.graph)
        for slot, value in self._values(request).items():
            for node, input_ in self.slots[slot]:
                graph[node]["inputs"][input_] = value
        places = self.slots["image"]
        if len(request.images) > len(places):
            msg = (
                f"The workflow {self.name!r} takes {len(places)} pictures at most, not "
                f"{len(request.images)}: give as many nodes LoadImage the title `image`, or name "
                "a workflow that edits with generator_options.edit."
            )
            raise BadRequestError(msg)
        for (node, input_), name in zip(places, names_of(request.images), strict=False):
            graph[node]["inputs"][input_] = f"{FOLDER}/{name}"
        return Workflow(self.name, graph, self.slots, self.output)

    def _values(self, request: GenerateRequest) -> dict[str, Any]:
        """Return the value of each slot that a request has one for."""
        values: dict[str, Any] = {
            "prompt": request.instruction or request.prompt,
            "seed": request.seed,
            "negative": request.negative or None,
            "steps": request.steps,
            "guidance": self._guidance(request.guidance),
        }
        size = request.size
        if request.ratio and self.size and not size:
            size = size_of(request.ratio, self.size[0] * self.size[1])
        values["width"], values["height"] = size or (None, None)
        return {slot: value for slot, value in values.items() if value is not None}

    def _guidance(self, guidance: float | None) -> float | None:
        """Return guidance as the workflow counts: none is a cfg of 1, as 0 forgets the prompt."""
        plain = any(place.input == "cfg" for place in self.slots["guidance"])
        return 1.0 if plain and guidance == 0 else guidance


def names_of(images: Sequence[bytes]) -> list[str]:
    """Return the file names of pictures on the server: the same for the same bytes."""
    return [
        f"{hashlib.sha256(image).hexdigest()[:32]}.{media_type_of(image).partition('/')[2]}"
        for image in images
    ]


def open_workflow(name: str, options: Mapping[str, Any]) -> Workflow:
    """Open a workflow by its name or the path of its file.

    Args:
        name: of the workflow.
        options: `slots`, places by slot; `inputs`, values by input by node.

    Raises:
        ConfigError: it cannot be read, or a slot or an input is not there.
    """
    graph, given = read_graph(name), options.get("slots") or {}
    if not isinstance(given, Mapping) or not {*given} <= {*SLOTS}:
        msg = f"Write generator_options.slots.SLOT=NODE.INPUT; slots are {', '.join(SLOTS)}."
        raise ConfigError(msg)
    _set_inputs(graph, options.get("inputs") or {}, name)
    return Workflow(name, graph, find_slots(graph, given, name), output_of(graph, given, name))


def _set_inputs(graph: Graph, inputs: Any, name: str) -> None:
    """Set inputs of nodes, such as the file of a model."""
    tables = inputs.values() if isinstance(inputs, Mapping) else [None]
    if not all(isinstance(table, Mapping) for table in tables):
        msg = "Write generator_options.inputs as NODE.INPUT=VALUE, or as a table for each node."
        raise ConfigError(msg)
    for node, table in inputs.items():
        for input_, value in table.items():
            text = f"{node}.{input_}"
            place = place_in(graph, text, (), "generator_options.inputs", name)
            if not isinstance(value, str | int | float):
                msg = f"generator_options.inputs.{text} takes text, a number, true or false."
                raise ConfigError(msg)
            graph[place.node]["inputs"][place.input] = value
