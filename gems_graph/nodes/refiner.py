"""Refiner: the next prompt, P_{i+1} = F_ref(P_i, I_i, V_i, T_i, M_{i-1}) (Eq. 6)."""

from __future__ import annotations

from typing import Any

from gems_graph.errors import UnreadableError
from gems_graph.memory import best, refiner_context, stagnant
from gems_graph.models.answers import Form, plain
from gems_graph.prompting.verbatim import Faithful, faithful
from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, Origin, Round, State


class Refined(Form):
    """The next prompt; the rationale stands in for reasoning that a model does not show."""

    rationale: str = ""
    prompt: str


class Corrected(Refined):
    """The same where the picture is edited: also what to change in it."""

    instruction: str = ""


@module(
    part="refine", role="refiner", templates=("refiner",), reads=("rounds",), owes=("attempt",),
    doing="refining", calls=lambda work: work.rounds - 1, sees=True,
)  # fmt: skip
async def refiner(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Write the next prompt from the attempt and the memory; T_{i+1} is how it got there.

    Where nobody can read what the model wrote, the same prompt is drawn with another seed. After
    rounds that brought nothing better it starts from the best one again: refines that
    (`best`), or leaves the wording alone and draws it with another seed (`seed`).
    """
    settings, rounds = toolbox.settings, state["rounds"]
    n = rounds[-1]["n"] + 1
    stagnated = stagnant(rounds, settings.stagnation)
    restart = best(rounds, settings.tie_break, settings.select_by) if stagnated else None
    if restart and settings.on_stagnation == "reseed":
        note = _restart_note(restart, n, "is drawn anew from")
        return {"attempt": _redraw(restart, n), "notes": [note]}
    try:
        result, instruction = await _write(state, toolbox, restart)
    except UnreadableError as error:
        note = f"Round {n} draws the prompt before it anew, with another seed. {error}"
        return {"attempt": _redraw(restart or rounds[-1], n), "notes": [note]}
    notes = [f"Round {n}: the prompt lost {text!r}; it was put back." for text in result.restored]
    if restart:
        notes.append(_restart_note(restart, n, "refines"))
    thought = await toolbox.keep(result.thought)
    origin: Origin = "best" if restart else "refiner"
    attempt = Attempt(n=n, prompt=result.prompt, thought=thought, origin=origin)
    if instruction:
        attempt["instruction"] = instruction
    return {"attempt": attempt, "notes": notes}


async def _write(state: State, toolbox: Toolbox, restart: Round | None) -> tuple[Faithful, str]:
    """Ask for the next prompt, again if it lost what the user quoted; and for what to change.

    Returns:
        The prompt, and an instruction for generators that edit; empty where none was asked for.
    """
    settings, current = toolbox.settings, restart or state["rounds"][-1]
    thoughts = await toolbox.recall(state["rounds"])
    names = state.get("skills", []) if settings.show_skills else []
    values = {
        **refiner_context(state, settings, thoughts, restart),
        "user_prompt": state["prompt"],
        "skills": await toolbox.instructions(names) if names else [],
        "restart": bool(restart),
        "edit": settings.edit,
    }
    instructions = [""]

    async def write(lost_quotes: list[str]) -> tuple[str, str]:
        form = Corrected if settings.edit else Refined
        answer = await toolbox.ask("refiner", "refiner", form, lost=lost_quotes, **values)
        instructions.append(plain(getattr(answer.value, "instruction", "")))
        prompt = plain(answer.value.prompt) or current["prompt"]
        return prompt, answer.thought or plain(answer.value.rationale)

    result = await faithful(write, state["prompt"], keep=settings.keep_quotes)
    return result, instructions[-1]


def _redraw(round_: Round, n: int) -> Attempt:
    """Return an attempt with P and T of a round, to be drawn with another seed."""
    return Attempt(n=n, prompt=round_["prompt"], thought=round_["thought"], origin="seed")


def _restart_note(restart: Round, n: int, does: str) -> str:
    return f"Round {n} {does} round {restart['n']}, the best so far: nothing since was better."
