"""Whether a strategy keeps what every one must keep, tried out on doubles of models."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gems_graph.errors import BudgetError, GemsError
from gems_graph.testing.doubles import DEFAULTS
from gems_graph.testing.moments import Failures, Moments, OneRun

if TYPE_CHECKING:
    from gems_graph.strategies import Strategy

_PICKY: dict[str, Any] = {
    "verify": lambda prompt: {"evidence": "seen", "answer": "no" if "right" in prompt else "yes"}
}
"""A Verifier that some criterion never pleases, so that every round is drawn."""


@dataclass(frozen=True)
class _Case:
    """What is tried, and how."""

    strategy: str | Strategy
    prompt: str
    script: Mapping[str, Any]
    dials: Mapping[str, Any]
    folder: str
    moments: int

    def prepared(
        self, moments: Moments | None = None, caps: Mapping[str, int] | None = None
    ) -> OneRun:
        """Return a trajectory that has not begun."""
        dials = {**self.dials, **(caps or {})}
        return OneRun(self.strategy, self.script, self.folder, moments or Moments(), dials)

    def some(self, count: int) -> list[int]:
        """Return some of the numbers from 1 to `count`, evenly spread, both ends among them."""
        if count <= self.moments:
            return [*range(1, count + 1)]
        step = (count - 1) / max(self.moments - 1, 1)
        return sorted({1 + round(k * step) for k in range(self.moments)})


async def check_strategy(
    strategy: str | Strategy, *, script: Mapping[str, Any] | None = None,
    prompt: str = "two red fish", moments: int = 12, **dials: Any,
) -> list[str]:  # fmt: skip
    """Make sure that a strategy does what every one must.

    Models and pictures are doubles in this process; the journal lies under `GEMS_HOME`.

    Args:
        strategy: under test, by name or as an object.
        script: answers by task, as `ScriptedChat` takes them; each must follow from what is asked
            alone, as runs are compared with such that were stopped and taken up again.
        prompt: that is drawn.
        moments: at which it is stopped or fails, at most, evenly spread over its calls and events.
        dials: single settings.

    Returns:
        What was checked, a sentence each.

    Raises:
        AssertionError: something does not hold; says what.
    """
    answers = {**DEFAULTS, **_PICKY, **(script or {})}
    with tempfile.TemporaryDirectory() as folder:
        case = _Case(strategy, prompt, answers, dials, folder, moments)
        for sentence, check in _CHECKS:
            problem = await check(case)
            if problem:
                msg = f"It does not hold that {sentence}: {problem}."
                raise AssertionError(msg)
    return [sentence for sentence, _ in _CHECKS]


async def _ends_with_a_picture(case: _Case) -> str:
    run = case.prepared()
    result = (await run.start(case.prompt)).state.get("result") or {}
    drawn = result.get("image", {}).get("sha256", "")
    return "" if drawn and run.store.has(drawn) and result["why"] else f"it gave {result}"


async def _is_drawn(case: _Case) -> str:
    graph = case.prepared().graph.get_graph()
    picture = graph.draw_mermaid()
    return next((f"{name} is not in it" for name in graph.nodes if name not in picture), "")


async def _is_plain_json(case: _Case) -> str:
    run = case.prepared()
    await run.start(case.prompt)
    for values in await run.states():
        if strange := next((name for name in values if not _plain(values[name])), ""):
            return f"{strange} is {values[strange]!r:.80}"
    return ""


def _plain(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


async def _keeps_to_caps(case: _Case) -> str:
    whole = case.prepared()
    await whole.start(case.prompt)
    for name, used in (("max_images", len(whole.painter.calls)), ("max_calls", whole.calls)):
        for cap in case.some(used):
            run = case.prepared(caps={name: cap})
            try:
                await run.start(case.prompt)
            except BudgetError:
                if run.painter.calls:
                    return f"under {name}={cap} it lost what it had drawn"
            spent = len(run.painter.calls) if name == "max_images" else run.calls
            if spent > cap:
                return f"under {name}={cap} it spent {spent}"
    return ""


async def _survives_failures(case: _Case) -> str:
    whole = case.prepared(Failures())
    await whole.start(case.prompt)
    for moment in case.some(whole.moments.count):
        run = case.prepared(Failures(moment))
        try:
            result = (await run.start(case.prompt)).state.get("result") or {}
        except GemsError:
            result = {}
        if run.painter.calls and not result.get("image"):
            return f"all calls failed from the {moment}th on, and what it had drawn is lost"
    return ""


async def _goes_on(case: _Case) -> str:
    whole = case.prepared()
    as_ever = (await whole.start(case.prompt)).state
    for moment in case.some(whole.moments.count):
        run = case.prepared(Moments(moment))
        run.moments.act = run.cancel
        outcome = await run.start(case.prompt)
        if outcome.stopped_by:
            outcome = await run.take_up(case.prompt)
        if problem := _differs(as_ever, outcome.state) or _drew_otherwise(whole, run):
            return f"cancelled at moment {moment} of {whole.moments.count}, {problem}"
    return ""


def _differs(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Say in what two trajectories differ that should not."""
    for channel in ("criteria", "rounds", "result"):
        if _timeless(one.get(channel)) != _timeless(other.get(channel)):
            return f"{channel} is {other.get(channel)!r:.300} and not {one.get(channel)!r:.300}"
    used = [_used(state) for state in (one, other)]
    return "" if used[0] == used[1] else f"the ledger has {used[1]} and not {used[0]}"


def _used(state: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    return {role: (each["calls"], each["images"]) for role, each in state["ledger"].items()}


def _timeless(value: Any) -> Any:
    """Return a value of the state without how its pictures were made, which tells seconds."""
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name != "made"}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def _drew_otherwise(whole: OneRun, run: OneRun) -> str:
    """Say what was not drawn that should be, or otherwise; a call that was cut may come twice."""
    different = {*run.painter.calls} ^ {*whole.painter.calls}
    return f"other pictures were drawn: {different}" if different else ""


_CHECKS = [
    ("it ends with a picture, and says why that one", _ends_with_a_picture),
    ("its graph can be drawn", _is_drawn),
    ("its state is plain JSON", _is_plain_json),
    ("it keeps to caps, and returns what it has", _keeps_to_caps),
    ("a failure never loses what was drawn", _survives_failures),
    ("cancelled at any moment it goes on to the same end", _goes_on),
]
"""What holds of every strategy, and the check; each returns what is wrong, or nothing."""
