"""Requests and answers of OpenAI's image interface, in a dialect of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gems_graph.calls.retry import GarbledError
from gems_graph.errors import BadRequestError
from gems_graph.generators.api import refusal
from gems_graph.generators.dialects import Dialect
from gems_graph.generators.embedded import data_url, media_type_of
from gems_graph.generators.ratios import nearest, ratio_of, size_of
from gems_graph.generators.request import GenerateRequest
from gems_graph.settings.redaction import shortened


def write_fields(request: GenerateRequest, dialect: Dialect, model: str) -> dict[str, Any]:
    """Return the fields of a request in a dialect, but for model and pictures."""
    prompt, negative = request.instruction or request.prompt, request.negative
    if request.guidance and request.guidance > 1 and "qwen-image" in model.lower():
        negative = negative or " "  # it is guided only against a negative prompt
    fields: dict[str, Any] = {"n": request.n, **_shape(request, dialect)}
    if dialect.negative == "|":  # where a bar begins the negative prompt
        prompt = prompt.replace("|", "/") + (f"|{negative.strip()}" if negative.strip() else "")
    elif dialect.negative and negative:
        fields[dialect.negative] = negative
    if request.guidance is not None:
        names = dialect.guidance if negative else dialect.guidance[:1]
        fields |= dict.fromkeys(names, request.guidance)
    if dialect.seed:
        fields[dialect.seed] = request.seed
    if dialect.steps and request.steps:
        fields[dialect.steps] = request.steps
    return {"prompt": prompt, **fields}


def _shape(request: GenerateRequest, dialect: Dialect) -> dict[str, Any]:
    """Return the fields that say how large a picture is, or how wide; a size goes first."""
    if dialect.shape == "aspect_ratio":
        known = nearest(request.ratio, [*dialect.ratios]) if request.ratio else ""
        return {"aspect_ratio": known} if known else {}
    if not (request.size or request.ratio):
        return {}
    if not request.size and dialect.ratios:
        return {"size": dialect.ratios[nearest(request.ratio, [*dialect.ratios])]}
    width, height = request.size or size_of(request.ratio)
    if dialect.shape == "size":
        return {"size": f"{width}x{height}"}
    return {"width": width, "height": height}


def write_edit(fields: dict[str, Any], images: Sequence[bytes], dialect: Dialect) -> dict[str, Any]:
    """Return the content of an edit: JSON with `data:` addresses, or a form with files.

    Raises:
        BadRequestError: the server edits none, or not so many.
    """
    if len(images) > dialect.references:
        msg = (
            f"A server of the dialect {dialect.name!r} takes {dialect.references} pictures at "
            f"most, not {len(images)}."
        )
        raise BadRequestError(msg)
    if dialect.edits == "json":
        links = [{"type": "image_url", "url": data_url(image)} for image in images]
        named = {"image": links[0]} if len(links) == 1 else {"images": links}
        return {"json": {**dialect.always, **fields, **named}}
    form = {name: v if isinstance(v, str) else json.dumps(v) for name, v in fields.items()}
    files = [
        (dialect.edits, (f"{n}.{kind.partition('/')[2]}", image, kind))
        for n, image in enumerate(images, 1)
        for kind in [media_type_of(image)]
    ]
    return {"data": form, "files": files}


def read_pictures(answer: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the pictures of an answer as text, and what is said of each.

    Raises:
        ContentRefusedError: there is none, or the provider's moderation holds it back.
        GarbledError: it is no answer of this interface.
    """
    if not isinstance(answer, Mapping) or not isinstance(answer.get("data") or [], list):
        msg = "the answer is no list of pictures; check the URL"
        raise GarbledError(msg)
    if error := answer.get("error"):
        msg = f"the answer is an error: {shortened(str(error))}"
        raise GarbledError(msg)
    found = []
    for item in answer.get("data") or []:
        item = item if isinstance(item, Mapping) else {}
        text = item.get("b64_json") or item.get("url")
        if isinstance(text, str) and text and item.get("respect_moderation") is not False:
            revised = item.get("revised_prompt")
            found.append((text, {"revised_prompt": str(revised)} if revised else {}))
    if not found:
        raise refusal("")
    return found


def notes_of(request: GenerateRequest, dialect: Dialect) -> list[str]:
    """Return a note where another ratio than the one asked for is the nearest that is known."""
    if not request.ratio or request.size or not dialect.ratios:
        return []
    drawn = nearest(request.ratio, [*dialect.ratios])
    if ratio_of(drawn) == ratio_of(request.ratio):
        return []
    return [f"The image model knows no ratio {request.ratio}; it drew {drawn}."]
