"""Maestro's comparator: two pictures head to head, in both orders, by majority."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, NamedTuple

from gems_graph.errors import RefusedError, UnreadableError
from gems_graph.generators.side_by_side import all_of
from gems_graph.models.answers import Form
from gems_graph.runtime.module import Workload, module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, State


class Preferred(Form):
    """Which of two pictures answers the request better."""

    rationale: str = ""
    better: Literal["first", "second", "same"]


def _calls(work: Workload) -> int:
    """Count a duel in the first round, two in each later one, two votes a time."""
    return (work.rounds - 1) * 2 * work.settings.maestro_votes


class Duel(NamedTuple):
    """The winner of two pictures, how it won, and what went wrong on the way."""

    winner: Attempt
    why: str
    notes: list[str]


@module(
    role="comparator", templates=("maestro_compare",), doing="comparing", calls=_calls, sees=True
)
async def compare(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Compare the new pictures, and the winner with the best so far; ties keep the earlier one.

    The attempt that the state holds is the best so far; `why` says against whom it won.
    """
    extra, incumbent = state.get("extra", {}), state["attempt"]
    generation = extra.get("generation", 0) + 1
    drawn = [each for each in state.get("drawn", []) if each.get("generation") == generation]
    pictures = sorted(drawn, key=lambda each: each["n"])
    duels = list[Duel]()
    if len(pictures) > 1:
        duels.append(await duel(pictures[0], pictures[1], state, toolbox))
        pictures = [duels[0].winner]
    if pictures and incumbent.get("image"):
        duels.append(await duel(incumbent, pictures[0], state, toolbox))
        pictures = [duels[-1].winner]
    best = pictures[0] if pictures else incumbent
    kept = best["n"] == incumbent["n"]
    facts = {
        "generation": generation, "drew": len(drawn),
        "unbeaten": extra.get("unbeaten", 0) + 1 if kept else 0,
        "why": duels[-1].why if duels else extra.get("why", ""),
    }  # fmt: skip
    notes = [note for each in duels for note in each.notes]
    return {"attempt": best, "extra": facts, "notes": notes}


async def duel(one: Attempt, other: Attempt, state: State, toolbox: Toolbox) -> Duel:
    """Compare two pictures by as many votes in one order as in the other; a tie keeps the first.

    Each vote is a paid call of its own; one that refuses or cannot be read is for neither.
    """
    orders = [(one, other), (other, one)] * toolbox.settings.maestro_votes
    votes = await all_of(_vote(pair, k, state, toolbox) for k, pair in enumerate(orders, start=1))
    count = Counter(vote for vote in votes if isinstance(vote, int))
    winner, loser = (other, one) if count[other["n"]] > count[one["n"]] else (one, other)
    for_winner, for_loser = count[winner["n"]], count[loser["n"]]
    if for_winner == for_loser:
        why = f"round {winner['n']} came before round {loser['n']}, which no majority preferred"
    else:
        why = (
            f"round {winner['n']} won {for_winner} of {len(votes)} votes against round {loser['n']}"
        )
    return Duel(winner, why, [vote for vote in votes if isinstance(vote, str)])


async def _vote(
    pair: tuple[Attempt, Attempt], k: int, state: State, toolbox: Toolbox
) -> int | str | None:
    """Return the number of the picture that vote k is for, None for neither, or why it is void."""
    first, second = pair
    side = toolbox.settings.vision_max_side
    try:
        answer = await toolbox.ask(
            "comparator", "maestro_compare", Preferred,
            branch=f"{first['n']} {second['n']} {k}", user_prompt=state["prompt"],
            first=first["image"], second=second["image"], side=side,
        )  # fmt: skip
    except (UnreadableError, RefusedError) as error:
        return f"A vote on rounds {first['n']} and {second['n']} counts for neither. {error}"
    better = answer.value.better
    return None if better == "same" else (first if better == "first" else second)["n"]
