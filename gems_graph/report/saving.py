"""One picture of a trajectory, written to a file of any kind."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from gems_graph.errors import StoreError, UsageError
from gems_graph.images.normal import as_png, texts_of
from gems_graph.report.remembered import exported
from gems_graph.state import Attempt

_CARRYING = (".png", ".jpg", ".jpeg", ".webp")


def save_picture(
    image: Image.Image, file: Path, state: Mapping[str, Any] | None = None,
    about: Mapping[str, Any] | None = None,
) -> Path:  # fmt: skip
    """Write a picture to a file, in the format of its suffix; return the file.

    It carries what is known of it, in PNG also the drawing that it was made of; nothing else that
    its generator wrote into it.

    Args:
        image: decoded.
        file: replaced where it is there.
        state: of its trajectory, whose result it is; None: nothing is known.
        about: its thread, as far as it is known.

    Raises:
        UsageError: there is no such format.
        StoreError: it cannot be written.
    """
    try:
        data = _encoded(image, file.suffix.lower())
        if file.suffix.lower() in _CARRYING:
            data = exported(data, state or {}, chosen_attempt(state or {}), about or {})
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except OSError as error:
        msg = f"Cannot write to {file} ({error.strerror or error}); name another file."
        raise StoreError(msg) from error
    except (ValueError, KeyError) as error:
        msg = f"{file} names no kind of picture: end it in .png, .jpg or .webp."
        raise UsageError(msg) from error
    return file


def _encoded(image: Image.Image, suffix: str) -> bytes:
    """Return a picture encoded in the format of a suffix, without what is written into it."""
    if suffix == ".png":
        return as_png(image, texts=texts_of(image))
    bare, out = image.convert("RGB"), io.BytesIO()  # JPEG knows no alpha
    bare.info = {name: bare.info[name] for name in ("icc_profile",) if name in bare.info}
    bare.save(out, Image.registered_extensions()[suffix])
    return out.getvalue()


def attempts_of(state: Mapping[str, Any]) -> dict[int, Attempt]:
    """Return by number whatever has a picture: rounds, and attempts that nobody judged."""
    attempts: dict[int, Attempt] = {round_["n"]: round_ for round_ in state.get("rounds", [])}
    for attempt in (*state.get("drawn", []), state.get("attempt")):
        if attempt and attempt.get("image"):
            attempts.setdefault(attempt["n"], attempt)
    return attempts


def chosen_attempt(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the round, or the unjudged attempt, whose picture is the result; empty: none is."""
    result = state.get("result") or {}
    found = attempts_of(state).get(result.get("round", 0))
    if found and found["image"]["sha256"] == result["image"]["sha256"]:
        return found
    return {name: result[name] for name in ("prompt", "image") if name in result}
