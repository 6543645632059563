"""What a picture file tells: of ours everything, of others the text that A1111 began."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gems_graph.errors import UsageError
from gems_graph.images.texts.broken import BrokenError
from gems_graph.images.texts.carried import NOTHING, Carried, carried_in
from gems_graph.settings.repeating import taken_dials

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_MOST = 200_000_000  # bytes of a file that is read
_PAIR = re.compile(r"([A-Z][\w ]{1,30}): ([^,\n]{1,80})")
_DIALS = {"Steps": "steps", "Seed": "seed", "CFG scale": "guidance", "Size": "size"}
_SEEDS = 2**31


class Wish(NamedTuple):
    """What is taken of a picture to repeat it, and what of it is not.

    Attributes:
        prompt: the request; empty: there was no room for the whole.
        dials: settings that name nothing and open nothing.
        left_out: what else it tells of, in words.
    """

    prompt: str
    dials: dict[str, Any]
    left_out: list[str]


def recalled(file: Path) -> Carried:
    """Return what a picture carries.

    Raises:
        UsageError: it carries nothing, or cannot be read.
    """
    try:
        if not file.is_file() or file.stat().st_size > _MOST:
            msg = f"{file} is no picture file: name a PNG, JPEG or WebP."
            raise UsageError(msg)
        carried = carried_in(file.read_bytes())
    except OSError as error:
        msg = f"Cannot read {file} ({error.strerror or error}): name another picture."
        raise UsageError(msg) from error
    except BrokenError as error:
        msg = f"{file} cannot be read: {error}."
        raise UsageError(msg) from error
    if carried == NOTHING:
        msg = f"{file} tells nothing: written without metadata, or by something that drops it."
        raise UsageError(msg)
    return carried


def wish_of(carried: Carried, file: Path) -> Wish:
    """Return what a picture asks for: prompt, seed and dials, and no server, file or model.

    Raises:
        UsageError: it holds a setting that cannot be.
    """
    if not carried.facts:
        prompt, dials = read_parameters(carried.parameters)
        return Wish(prompt, taken_dials(dials, str(file)), ["its model"])
    facts = carried.facts
    cut = facts.get("cut") if isinstance(facts.get("cut"), list) else []
    found = facts.get("settings")
    dials = {k: v for k, v in taken_dials(found, str(file)).items() if k not in (cut or [])}
    request = facts.get("prompt")
    usable = isinstance(request, str) and "prompt" not in (cut or [])
    return Wish(str(request) if usable else "", dials, list(_left_out(facts)))


def read_parameters(text: str) -> tuple[str, dict[str, Any]]:
    """Return prompt and dials of a text in the form of A1111; a bare text is all prompt."""
    head, _, tail = text.rstrip().rpartition("\n")
    pairs = dict(_PAIR.findall(tail))
    if not {"Steps", "Seed"} & pairs.keys():
        return text.strip(), {}
    prompt, _, negative = head.partition("\nNegative prompt: ")
    dials = {dial: pairs[name].strip() for name, dial in _DIALS.items() if name in pairs}
    if not (dials.get("seed", "").isdigit() and int(dials["seed"]) < _SEEDS):
        dials.pop("seed", None)  # others count further than we do
    return prompt.strip(), {**dials, **({"negative": negative} if negative else {})}


def _left_out(facts: Mapping[str, Any]) -> Iterator[str]:
    models = facts.get("models")
    if isinstance(models, dict) and models:
        named = ", ".join(f"{role} {name}" for role, name in models.items())
        yield f"models ({named}): yours are used, or name them with --mllm and --generator"
    criteria = facts.get("criteria")
    if isinstance(criteria, list) and any(_is_users(each) for each in criteria):
        yield "criteria of its own: give them with --criteria"
    if facts.get("references"):
        yield "pictures to go by: give them with --image"


def _is_users(criterion: Any) -> bool:
    return isinstance(criterion, dict) and criterion.get("source") == "user"
