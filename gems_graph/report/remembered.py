"""What an exported picture says of itself: request, prompt, seed, models, dials, verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gems_graph.errors import StoreError
from gems_graph.images.texts.broken import BrokenError
from gems_graph.images.texts.carried import MOST, NOTHING, Carried, carrying, weight
from gems_graph.settings.redaction import redacted
from gems_graph.settings.repeating import carried_dials

SCHEMA = 1
"""Version of the JSON; raised when a reader of an older one would misread it."""
_WORD = r"\w[\w.+-]*(?:/\w[\w.+-]*)?"
_NAME = re.compile(rf"[A-Za-z][\w+-]*(?:[:,]{_WORD})*|{_WORD}")
_FILE = re.compile(r"\.(?:json|safetensors|gguf|ckpt|bin|py|toml|ya?ml)$", re.IGNORECASE)
_SHORTEST = 200  # characters that are left of a text, however little room there is


@cache
def software() -> str:
    """Return what wrote the pictures."""
    return f"gems-graph {version('gems-graph')}"


def exported(
    data: bytes, state: Mapping[str, Any], attempt: Mapping[str, Any], about: Mapping[str, Any]
) -> bytes:
    """Return an encoded picture as it leaves the store: with what we know, and nothing else.

    Args:
        data: PNG, JPEG or WebP.
        state: of its trajectory; where its settings have `metadata` off, the picture is bare.
        attempt: that drew it; without one nothing is known of it.
        about: its thread, as far as it is known.

    Raises:
        StoreError: the bytes are no whole picture.
    """
    on = state.get("settings", {}).get("metadata", True) and bool(attempt)
    carried = remembered(state, attempt, about, data) if on else NOTHING
    try:
        return carrying(data, carried, software(), drawing=on)
    except BrokenError as error:
        msg = f"A picture of this run cannot be written to a file: {error}."
        raise StoreError(msg) from error


def remembered(
    state: Mapping[str, Any], attempt: Mapping[str, Any], about: Mapping[str, Any], data: bytes
) -> Carried:
    """Return what a picture carries, cut to `MOST` bytes; keys in any of it are blotted out."""
    facts = _clean(_facts(state, attempt, about))
    steps = (_without_prompts, _without_criteria, *[_shortened] * 20)
    for step in steps:
        carried = Carried(facts, parameters(facts))
        if weight(carried, data) <= MOST:
            return carried
        facts = step(facts)
    return Carried(facts, "")


def parameters(facts: Mapping[str, Any]) -> str:
    """Return prompt and values as A1111 writes them, which most viewers and sites read."""
    dials, made = facts.get("settings", {}), facts.get("made", {})
    values = {
        "Steps": made.get("steps"), "Seed": facts.get("seed"), "CFG scale": made.get("guidance"),
        "Size": facts.get("size"), "Model": made.get("model") or made.get("generator"),
        "Version": software(),
    }  # fmt: skip
    line = ", ".join(f"{name}: {value}" for name, value in values.items() if value is not None)
    negative = made.get("negative") or dials.get("negative")
    below = f"\nNegative prompt: {negative}" if negative else ""
    return f"{facts.get('drawn') or facts.get('prompt', '')}{below}\n{line}"


def open_name(text: object) -> str:
    """Return the name of a model or a backend without address and path: `http:URL` is `http`."""
    name = str(text).strip()
    is_name = _NAME.fullmatch(name) and not _FILE.search(name) and "://" not in name
    if is_name and not ("/" in name and Path(name.rpartition(":")[2]).exists()):
        return name
    backend = re.match(r"([a-z][\w-]*):", name)
    return backend[1] if backend else ""


def _facts(
    state: Mapping[str, Any], attempt: Mapping[str, Any], about: Mapping[str, Any]
) -> dict[str, Any]:
    settings, image = state.get("settings") or {}, attempt.get("image", {})
    verdicts = attempt.get("verdicts")
    facts = {
        "schema": SCHEMA,
        "version": software(),
        "prompt": state.get("prompt"),
        "drawn": attempt.get("prompt"),
        "round": attempt.get("n"),
        "seed": attempt.get("seed"),
        "size": f"{image['width']}x{image['height']}" if image else None,
        "made": _made(image.get("made", {})),
        "models": _models(settings),
        "settings": carried_dials(settings) or _first_seed(state),
        "skills": state.get("skills"),
        "criteria": _criteria(state, verdicts),
        "rounds": [_round(each) for each in state.get("rounds", [])],
        "references": len(state.get("references") or []),
        "trajectory": state.get("trajectory"),
        "thread": _thread(about.get("thread")),
    }
    return {name: value for name, value in facts.items() if value not in (None, "", [], {}, 0)}


def _made(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return of how it was drawn what names no place."""
    plain = {name: made.get(name) for name in ("steps", "guidance", "negative", "ratio")}
    names = {name: open_name(made[name]) for name in ("generator", "model") if made.get(name)}
    kept = {**names, **plain}
    fine = {k: v for k, v in kept.items() if isinstance(v, str | int | float)}
    return {name: value for name, value in fine.items() if value != ""}


def _models(settings: Mapping[str, Any]) -> dict[str, str]:
    if not settings:
        return {}
    roles = {role: (spec or {}).get("mllm") for role, spec in settings.get("roles", {}).items()}
    named = {"mllm": settings.get("mllm"), "generator": settings.get("generator"), **roles}
    names = {role: open_name(name) for role, name in named.items() if name}
    return {role: name for role, name in names.items() if name}


def _first_seed(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the seed of round 1 where a graph gives out no settings."""
    first: Mapping[str, Any] = next(iter(state.get("rounds", [])), {})
    return {"seed": first["seed"]} if first.get("n") == 1 and "seed" in first else {}


def _criteria(state: Mapping[str, Any], verdicts: Any) -> list[dict[str, Any]]:
    answers = [verdict["answer"] for verdict in verdicts or ()]
    return [
        {
            "question": criterion["question"],
            "source": criterion.get("source", ""),
            **({"answer": answers[k]} if k < len(answers) else {}),
        }
        for k, criterion in enumerate(state.get("criteria") or [])
    ]


def _round(round_: Mapping[str, Any]) -> dict[str, Any]:
    passed = sum(verdict["answer"] == "yes" for verdict in round_["verdicts"])
    facts = {"n": round_["n"], "seed": round_.get("seed"), "prompt": round_["prompt"]}
    return {**facts, "passed": passed, "of": len(round_["verdicts"])}


def _thread(name: object) -> str:
    """Return the name of a thread, unless somebody made a path or an address of it."""
    text = str(name or "")
    return "" if "://" in text or re.match(r"[/~\\]|[A-Za-z]:[/\\]", text) else text


def _clean(value: Any) -> Any:
    """Blot out keys, wherever somebody put one."""
    if isinstance(value, Mapping):
        return {name: _clean(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return redacted(value) if isinstance(value, str) else value


def _without_prompts(facts: dict[str, Any]) -> dict[str, Any]:
    rounds = [{k: v for k, v in each.items() if k != "prompt"} for each in facts.get("rounds", [])]
    return {**facts, "rounds": rounds}


def _without_criteria(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in ("criteria", "skills")}


def _shortened(facts: dict[str, Any]) -> dict[str, Any]:
    """Cut the longest text in half, and say so: a cut prompt is not repeated as if it were one."""
    places = {"negative": facts.get("settings", {}), "made": facts.get("made", {})}
    texts = {"prompt": facts.get("prompt", ""), "drawn": facts.get("drawn", "")}
    texts |= {name: place.get("negative", "") for name, place in places.items()}
    longest = max(texts, key=lambda name: len(texts[name]))
    half = texts[longest][: max(_SHORTEST, len(texts[longest]) // 2)]
    cut = sorted({*facts.get("cut", []), longest})
    if longest in ("prompt", "drawn"):
        return {**facts, longest: half, "cut": cut}
    place = "settings" if longest == "negative" else "made"
    return {**facts, place: {**facts[place], "negative": half}, "cut": cut}
