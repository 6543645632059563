"""Slots of a workflow: the inputs that take prompt, seed, size and the like.

A slot is named by an option, else found by the title of its node, else it is the one input in the
workflow that can be meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gems_graph.errors import ConfigError
from gems_graph.generators.comfy.graph import Graph, listed, literals, nodes_in, title_of


class Place(NamedTuple):
    """An input of a node."""

    node: str
    input: str


Slots = Mapping[str, tuple[Place, ...]]
"""The places of each slot; several get the same value, but for `image`: a picture each."""


@dataclass(frozen=True)
class _Kind:
    """How a slot is known.

    Attributes:
        titles: of its node, in small letters.
        inputs: of a node with such a title, the likeliest first.
        alone: inputs by which it is known without a title, where only one node has any.
        classes: part of the class of that node.
        kind: of its value.
    """

    titles: tuple[str, ...]
    inputs: tuple[str, ...]
    alone: tuple[str, ...] = ()
    classes: str = ""
    kind: type | tuple[type, ...] = int


_TEXT = ("text", "prompt", "value", "string")
_KINDS = {
    "negative": _Kind(
        ("negative", "negative prompt", "clip text encode (negative prompt)"), _TEXT, kind=str
    ),
    "prompt": _Kind(
        ("prompt", "positive", "positive prompt", "clip text encode (positive prompt)"),
        _TEXT, ("text", "prompt"), "TextEncode", str,
    ),
    "seed": _Kind(("seed",), ("seed", "noise_seed", "value"), ("seed", "noise_seed")),
    "width": _Kind(("width", "size"), ("width", "value"), ("width",), "Empty"),
    "height": _Kind(("height", "size"), ("height", "value"), ("height",), "Empty"),
    "steps": _Kind(("steps",), ("steps", "value"), ("steps",)),
    "guidance": _Kind(
        ("guidance", "cfg"), ("cfg", "guidance", "value"), ("cfg", "guidance"), kind=(int, float)
    ),
    "image": _Kind(("image", "reference"), ("image",), ("image",), "LoadImage", str),
}  # fmt: skip
SLOTS = (*_KINDS, "size", "output")
"""Names of slots; each is given as NODE or NODE.INPUT, several apart by commas, or `none`."""
_NEEDED = {"prompt": "what to draw", "seed": "another seed: without it each round is the same"}


def find_slots(graph: Graph, options: Mapping[str, Any], name: str) -> Slots:
    """Return the slots of a workflow.

    Args:
        graph: of the workflow.
        options: places by slot, as given.
        name: of the workflow, for messages.

    Raises:
        ConfigError: a slot that is needed cannot be found, or one that is given is not there.
    """
    given = {**options}
    if (size := given.pop("size", None)) is not None:
        given |= {"width": size, "height": size}
    slots: dict[str, tuple[Place, ...]] = {}
    for slot, kind in _KINDS.items():
        if slot in given:
            slots[slot] = _given(graph, slot, kind, given[slot], name)
        else:
            slots[slot] = _titled(graph, slot, kind, name)
    taken = {place for places in slots.values() for place in places}
    for slot, kind in _KINDS.items():
        if slot not in given and not slots[slot]:
            slots[slot] = _alone(graph, kind, taken)
    if not (slots["width"] and slots["height"]):
        slots["width"] = slots["height"] = ()
    for slot, means in _NEEDED.items():
        if not slots[slot] and not _is_none(given.get(slot, "")):
            raise _missing(graph, slot, means, name)
    return slots


def output_of(graph: Graph, options: Mapping[str, Any], name: str) -> str:
    """Return the node whose picture counts; empty: the only one that saves any.

    Raises:
        ConfigError: several do, and none is named; or the one that is named is not there.
    """
    named = str(options.get("output") or "")
    found = nodes_in(graph, named or "output")
    savers = [id_ for id_, node in graph.items() if node["class_type"].startswith("SaveImage")]
    if len(found) == 1:
        return found[0]
    if named or len(savers) > 1:
        msg = (
            f"Which picture of the workflow {name!r} counts? Give that node alone the title "
            f"`output`, or name it with generator_options.slots.output=NODE. {_nodes(graph)}"
        )
        raise ConfigError(msg)
    return savers[0] if savers else ""


def _given(graph: Graph, slot: str, kind: _Kind, value: Any, name: str) -> tuple[Place, ...]:
    """Return the places that an option names."""
    if _is_none(value):
        return ()
    return tuple(
        place_in(graph, part.strip(), kind.inputs, f"generator_options.slots.{slot}", name)
        for part in str(value).split(",")
    )


def place_in(graph: Graph, text: str, inputs: tuple[str, ...], option: str, name: str) -> Place:
    """Return the place that a text names: NODE or NODE.INPUT, a node by id, title or class.

    Raises:
        ConfigError: there is no such node or input, or several.
    """
    before, _, input_ = text.rpartition(".")
    for node, wanted in ((text, inputs), (before, (input_,))):
        ids = nodes_in(graph, node) if node else []
        known = graph[ids[0]]["inputs"] if len(ids) == 1 else {}
        if found := next((i for i in wanted if i in known), None):
            return Place(ids[0], found)
    msg = (
        f"The workflow {name!r} has no single input {text!r} ({option}): write NODE.INPUT with the "
        f"id or the title of a node. {_nodes(graph)}"
    )
    raise ConfigError(msg)


def _titled(graph: Graph, slot: str, kind: _Kind, name: str) -> tuple[Place, ...]:
    """Return the place of a slot by the title of its node; of pictures all, in their order."""
    found = []
    for id_, node in graph.items():
        title = title_of(node).strip().casefold()
        if slot == "image":
            title = title.rstrip(" 0123456789")
        if title in kind.titles and (input_ := _input(node, kind.inputs, kind.kind)):
            found.append((title_of(node).casefold(), Place(id_, input_)))
    if len(found) > 1 and slot != "image":
        msg = (
            f"Several nodes of the workflow {name!r} have the title of the slot `{slot}`: leave it "
            f"to one, or name it with generator_options.slots.{slot}=NODE.INPUT. {_nodes(graph)}"
        )
        raise ConfigError(msg)
    return tuple(place for _, place in sorted(found))


def _alone(graph: Graph, kind: _Kind, taken: set[Place]) -> tuple[Place, ...]:
    """Return the one place in a graph that can be meant; empty: there is none, or several."""
    found = [
        Place(id_, input_)
        for id_, node in graph.items()
        if kind.classes in node["class_type"]
        and (input_ := _input(node, kind.alone, kind.kind))
        and Place(id_, input_) not in taken
    ]
    return tuple(found) if len(found) == 1 else ()


def _input(node: dict[str, Any], inputs: tuple[str, ...], kind: Any) -> str | None:
    fixed = literals(node)
    fitting = (i for i in inputs if isinstance(fixed.get(i), kind))
    return next((i for i in fitting if not isinstance(fixed[i], bool)), None)


def _is_none(value: Any) -> bool:
    return value is None or str(value).strip().casefold() == "none"


def _missing(graph: Graph, slot: str, means: str, name: str) -> ConfigError:
    return ConfigError(
        f"The workflow {name!r} has no input that can be told to take the {slot} ({means}): give "
        f"its node the title `{slot}` in ComfyUI and export it again, or name it with "
        f"generator_options.slots.{slot}=NODE.INPUT. {_nodes(graph)}"
    )


def _nodes(graph: Graph) -> str:
    return f"Its nodes, with what can be set: {listed(graph)}."
