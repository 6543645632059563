"""One trajectory as text: the request, every round, its cost and where its files lie."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from gems_graph.calls.ledger import Usage, in_bytes, in_money, total
from gems_graph.memory import passes, unjudged
from gems_graph.prompting.wording import counted
from gems_graph.report.folder import picture_name
from gems_graph.settings import Settings
from gems_graph.settings.presets import PRESETS
from gems_graph.state import Attempt, Criterion, ImageRef, Round, State

Place = Callable[[str, ImageRef], object]
_LABEL = 12  # columns
ORIGINS = {
    "planner": "by the Planner",
    "refiner": "by the Refiner",
    "best": "by the Refiner, from the best so far",
    "seed": "the best so far, drawn anew",
    "user": "by a person",
    "request": "the request as it is",
}


class VerdictGrid(NamedTuple):
    """Criteria as questions, and by round their answers in the same order."""

    questions: list[str]
    answers: dict[int, list[str]]


def page(
    state: State, facts: Mapping[str, object], place: Place | None = None
) -> Iterator[str | VerdictGrid]:
    """Yield a trajectory, finished or not, as lines of text and one grid of verdicts.

    Args:
        state: of it.
        facts: what else is known of it, by name; shown first.
        place: where a picture can be opened, by its name in the folder of a run and its
            reference; None: nowhere.
    """
    skills = ", ".join(state.get("skills", []))
    request_facts = {"request": state["prompt"], "skills": skills}
    yield from (fact(name, value) for name, value in {**facts, **request_facts}.items() if value)
    if state.get("criteria"):
        yield ""
        yield grid_of(state)
    yield from rounds_of(state, place)
    yield ""
    if result := state.get("result"):
        where = f"\n{place('image.png', result['image'])}" if place else ""
        yield fact("result", f"{result['why']}{where}")
    if stop := state.get("stop"):
        yield fact("stopped", f"in {stop.get('node')}: {stop.get('error', stop.get('reason'))}")
    yield from (fact("note", note) for note in state.get("notes", []))
    yield from spent(state.get("ledger", {}))
    yield fact("settings", "\n".join(changed(state.get("settings", {}))) or "the defaults")


def grid_of(state: State) -> VerdictGrid:
    """Return the verdicts of all rounds."""
    questions = [criterion["question"] for criterion in state.get("criteria", [])]
    rounds = state.get("rounds", [])
    return VerdictGrid(questions, {r["n"]: [v["answer"] for v in r["verdicts"]] for r in rounds})


def fact(name: str, value: object) -> str:
    """Return a labelled value; its further lines stand below its first."""
    return textwrap.indent(str(value), " " * _LABEL).replace(" " * _LABEL, name.ljust(_LABEL), 1)


def rounds_of(state: State, place: Place | None = None) -> Iterator[str]:
    """Yield every round: its prompt and origin, its picture, failed criteria, its experience."""
    for k, round_ in enumerate(state.get("rounds", [])):
        yield f"\nRound {round_['n']}: {passes(round_)} of {len(round_['verdicts'])}"
        yield from _attempt(round_, place)
        yield from _failed(round_, state["criteria"])
        if lesson := "".join(state.get("experiences", [])[k : k + 1]):
            yield fact("  learned", lesson)
    attempt = state.get("attempt")
    waits = attempt and "image" not in attempt and attempt["n"] > len(state.get("rounds", []))
    for attempt in [*unjudged(state), *([state["attempt"]] if waits else [])]:
        yield f"\nRound {attempt['n']}: not judged"
        yield from _attempt(attempt, place)


def _attempt(attempt: Attempt, place: Place | None = None) -> Iterator[str]:
    yield fact("  prompt", attempt["prompt"])
    origin = attempt.get("origin", "")
    about = [ORIGINS.get(origin, f"by {origin}")] if origin else []
    about += [f"seed {attempt['seed']}"] if "seed" in attempt else []
    if attempt.get("image", {}).get("made", {}).get("edited"):
        about.append("made of an earlier picture")
    if (count := len(attempt.get("variations", ()))) > 1:
        about.append(
            f"the best of {counted(count, 'picture')}"
            if "verdicts" in attempt
            else f"the first of {counted(count, 'picture')}"
        )
    if about:
        yield fact("", ", ".join(about))
    if attempt.get("instruction"):
        yield fact("  change", attempt["instruction"])
    if place and "image" in attempt:
        name = picture_name(attempt["n"], attempt["image"])
        yield fact("  picture", place(name, attempt["image"]))


def _failed(round_: Round, criteria: list[Criterion]) -> Iterator[str]:
    for criterion, verdict in zip(criteria, round_["verdicts"], strict=True):
        if verdict["answer"] != "yes":
            yield fact(f"  {verdict['answer']}", f"{criterion['question']} {verdict['evidence']}")


def spent(ledger: Mapping[str, Usage]) -> Iterator[str]:
    """Yield a line for each role and one for the sum: calls, images, tokens, seconds, cost."""
    for role, usage in (*ledger.items(), ("in all", total(dict(ledger)))):
        tokens = usage["input_tokens"] + usage["output_tokens"]
        used = [(usage["calls"], "call"), (usage["images"], "image"), (tokens, "token")]
        counts = ", ".join(counted(number, what) for number, what in used)
        sent = f"{in_bytes(usage['bytes'])} sent"
        if pictures := usage.get("image_bytes"):
            sent += f" ({in_bytes(pictures)} of it pictures)"
        yield fact(role, f"{counts}, {sent}, {usage['seconds']:.1f} s, {in_money(usage['cost'])}")


def changed(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings that differ from the preset, or from the defaults, as `name = value`."""
    defaults = Settings().model_dump()
    preset = PRESETS.get(settings.get("preset", ""), {})
    defaults |= {name: value for name, value in preset.items() if name != "preset"}
    for name, value in settings.items():
        if value != defaults.get(name):
            yield f"{name} = {value!r}"
