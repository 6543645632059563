"""What must hold of any run."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from typing import Any

import pytest

from gems_graph.calls.ledger import no_usage, total
from gems_graph.errors import (
    BudgetError,
    GemsError,
)
from gems_graph.settings import settle
from tests.any_run.cases import N_MAX, Case
from tests.any_run.oracle import UNJUDGED, Oracle, restarts
from tests.any_run.said import PROMPTS, Key
from tests.any_run.world import World
from tests.conftest import letters


def check_rounds(case: Case, world: World, out: dict[str, Any]) -> None:
    """Rounds in order without a gap, one verdict a criterion, drawn as recorded."""
    rounds, dials = out["rounds"], case.dials
    assert [r["n"] for r in rounds] == [*range(1, len(rounds) + 1)]
    assert {len(r["verdicts"]) for r in rounds} <= {len(out["criteria"])}
    told = [(r["n"], r["prompt"], r["seed"]) for r in rounds]
    last = out["attempt"]
    if last.get("image") and last["n"] > len(rounds):
        told.append((last["n"], last["prompt"], last["seed"]))
    assert world.pictures == told
    oracle = Oracle(case)
    again = restarts([*map(score, rounds)], dials["stagnation"], oracle.redraws)
    back = "seed" if dials.get("on_stagnation") == "reseed" else "best"
    origins = ["planner"]
    for n, stuck in enumerate(again, start=1):
        asked = not (stuck and back == "seed")
        redrawn = asked and oracle.redraws(n)
        origins.append("seed" if redrawn else back if stuck else "refiner")
    assert [r["origin"] for r in rounds] == origins[: len(rounds)]
    moved = itertools.accumulate(
        [0, *range(1, len(origins))],
        lambda old, n: n if dials.get("reseed", True) or origins[n] == "seed" else old,
    )
    seeds = [(dials["seed"] + step) % 2**31 for step in moved]
    assert [seed for _, _, seed in told] == seeds[: len(told)]
    if case.prompt == PROMPTS[1] and settle(dials).keep_quotes:
        assert all("OPEN" in prompt for _, prompt, _ in told)  # quoted text is the user's


def check_result(out: dict[str, Any], tie_break: str = "first") -> None:
    """The result is the true argmax over verified rounds, and says so truly."""
    result, rounds = out["result"], out["rounds"]
    if not rounds:
        assert (result["verified"], result["success"], result["passed"]) == (False, False, 0)
        assert result["image"] == out["attempt"]["image"]
        return
    most = max(map(score, rounds))
    equals = [r for r in rounds if score(r) == most]
    chosen = rounds[result["round"] - 1]
    assert chosen in equals
    if tie_break == "first":
        assert chosen is equals[0]
    else:
        judged = [r for r in rounds if score(r) != UNJUDGED]
        known = any(v["p_yes"] is not None for r in judged for v in r["verdicts"])
        odds = [likely(r) if known else 0.0 for r in equals]
        at = equals.index(chosen)
        assert odds[at] == pytest.approx(max(odds))
        assert all(p < odds[at] or p == pytest.approx(odds[at]) for p in odds[:at])
    assert (result["image"], result["prompt"]) == (chosen["image"], chosen["prompt"])
    row = letters(chosen)
    own = [w for w, c in zip(row, out["criteria"], strict=True) if c["source"] != "skill:signs"]
    assert result["success"] == (set(row) == {"y"})
    assert result["verified"] == (most != UNJUDGED)
    assert (result["passed"], result["total"]) == (max(most, 0), len(row))
    assert (result["user_passed"], result["user_total"]) == (own.count("y"), len(own))


def score(round_: Any) -> int:
    """Passes of a round; `UNJUDGED` where the Verifier answered nothing."""
    unanswered = [v for v in round_["verdicts"] if v.get("unanswered")]
    none_told = bool(unanswered) and len(unanswered) == len(round_["verdicts"])
    return UNJUDGED if none_told else letters(round_).count("y")


def likely(round_: Any) -> float:
    """Geometric mean of p(yes); where one is unknown, the answer stands for it."""
    said = {"yes": 1.0, "unsure": 0.5, "no": 0.0}
    told = [said[v["answer"]] if v["p_yes"] is None else v["p_yes"] for v in round_["verdicts"]]
    return math.prod(max(p, 1e-9) for p in told) ** (1 / len(told))


ROLES = {
    "select-skills": "planner", "apply-skills": "planner", "decompose": "decomposer",
    "verify": "verifier", "verify-all": "verifier", "refine": "refiner", "compress": "compressor",
    "paint": "generator",
}  # fmt: skip


def booked(world: World) -> dict[str, dict[str, int]]:
    """What the ledger must hold: finished calls, and the tries in vain before each of them."""
    books: dict[str, dict[str, int]] = {}
    waiting: Counter[Key] = Counter()
    for key, step in world.log:
        book = books.setdefault(ROLES[key[0]], {"calls": 0, "images": 0, "retries": 0})
        in_vain = ("passing", "final", *(["garbage"] if key[0] == "paint" else []))
        if step.kind in in_vain:
            waiting[key] += 1
        else:
            book["images" if key[0] == "paint" else "calls"] += 1
            book["retries"] += waiting.pop(key, 0)
    return books


def check_ledger(case: Case, world: World, out: Any, exact: bool = True) -> None:
    """The ledger is what the doubles counted, role by role, and its sum is its total.

    Probes that a failing one cancelled may have been answered without being booked.
    """
    books = booked(world)
    stopped = out["result"]["stop"].get("node")
    for role, book in books.items():
        usage = out["ledger"].get(role, no_usage())
        found = {name: usage[name] for name in book}
        if exact and not (role == "verifier" and stopped == role):
            assert found == book, role
        else:
            assert all(found[name] <= book[name] for name in book), role
        calls = usage["calls"]
        assert usage["unmetered"] == (0 if case.metered else calls)
        tokens = (usage["input_tokens"], usage["output_tokens"])
        assert tokens == ((90 * calls, 9 * calls) if case.metered else (0, 0))
    whole = total(out["ledger"])
    for name in ("calls", "images", "retries", "input_tokens", "bytes"):
        assert whole[name] == sum(u[name] for u in out["ledger"].values())


def check_tries(case: Case, world: World) -> None:
    """No call is tried more often than the dials allow; a prompt that lost a text, twice that."""
    for key, tries in Counter(key for key, _ in world.log).items():
        twice = 2 if key[0] in ("refine", "apply-skills") else 1
        assert tries <= twice * case.call(*key)[1], key


def check_caps(case: Case, world: World, out: dict[str, Any] | None) -> None:
    dials, paid = case.dials, world.perhaps_paid
    assert world.drawn <= dials["max_iterations"]
    assert paid["image"] <= dials.get("max_images", math.inf)
    assert paid["call"] <= dials.get("max_calls", math.inf)
    if out and case.metered:
        whole = total(out["ledger"])
        spent = whole["input_tokens"] + whole["output_tokens"]
        assert spent <= dials.get("max_tokens_total", math.inf)


def plain_json(values: Any) -> bool:
    return bool(json.loads(json.dumps(values)) == values)


def limit(case: Case) -> int:
    """Supersteps that a run may take: begin, the opening pair, four a round, select."""
    return 3 + 4 * case.dials["max_iterations"]


def check_ending(case: Case, world: World, out: dict[str, Any], caps: bool) -> None:
    """The run ended as the oracle says, or, under caps, at an earlier point of the same way."""
    oracle = Oracle(case)
    rounds, stop = [letters(r) for r in out["rounds"]], out["result"]["stop"]
    assert rounds == oracle.end.rounds[: len(rounds)]
    assert len(out["criteria"]) == len(oracle.labels)
    assert stop["reason"] in oracle.end.reasons | ({"budget"} if caps else set())
    if stop["reason"] == "budget":
        assert stop["error"].startswith("BudgetError: The cap on ")
        return
    assert rounds == oracle.end.rounds
    assert world.drawn == oracle.end.drawn
    assert stop.get("node") in (oracle.end.nodes or {None})
    assert ("error" in stop) == (stop["reason"] == "error")


def check_raised(case: Case, world: World, error: GemsError, caps: bool) -> None:
    """It raised what it had to: before any image, or because that was asked for."""
    fatal = world.drawn == 0 or case.dials.get("raise_on_error")
    assert fatal, error
    expected = Oracle(case).end.raised
    assert type(error) in [*expected, *([BudgetError] if caps else [])]


THEMES: dict[str, dict[str, Any]] = {
    "any": {},
    "batched": {"verify": "batched", "raise_on_error": False},
    "likeliest": {"tie_break": "p_yes", "raise_on_error": False},
    "restarts": {"stagnation": 1, "max_iterations": N_MAX},
    "reference": {"preset": "reference", "order": "reference", "memory": "experience"},
}
