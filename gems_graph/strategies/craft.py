"""CRAFT (arXiv 2512.20362): questions with parents, edits of what failed, until all is right.

GEMS's loop with prompts of its own, two standing questions and no memory. Its code is not public.
Inferred, each a dial: no rewriting before round 1 (`craft_rewrite`), and that of equally good
rounds the latest is returned (`craft_ties`). The authors run 3 rounds, the paper 5
(`max_iterations`). Questions are asked one a call, or in one (`verify=batched`).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from langgraph.graph import END, START

from gems_graph.errors import UnreadableError
from gems_graph.memory import all_pass, answered, next_prompt_written, passes
from gems_graph.models.answers import plain
from gems_graph.nodes.generator import generator
from gems_graph.nodes.refiner import Corrected, Refined
from gems_graph.nodes.select import passing_or_best
from gems_graph.prompting.verbatim import faithful
from gems_graph.review import review_criteria, review_verdict
from gems_graph.runtime.module import module
from gems_graph.runtime.node import in_effect
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, Round, State
from gems_graph.strategies.craft_parents import answers, questions
from gems_graph.strategies.gems import ASK, DRAW, EXIT, after_opening
from gems_graph.strategies.original import as_it_is
from gems_graph.strategies.rewrite import rewriter
from gems_graph.strategies.strategy import Builder, Strategy

EDIT = "edit what failed"
WAYS: dict[Hashable, str] = {EXIT: "select", EDIT: "editor"}


@module(
    part="plan", role="planner", templates=("rewrite",), reads=("prompt",), owes=("attempt",),
    doing="taking the request as it is", calls=lambda work: int(work.settings.craft_rewrite),
)  # fmt: skip
async def opener(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Make the request the first prompt, or its rewriting."""
    return await (rewriter if toolbox.settings.craft_rewrite else as_it_is)(state, toolbox)


@module(
    part="refine", role="refiner", templates=("craft_edit",), reads=("rounds",), owes=("attempt",),
    doing="editing", calls=lambda work: work.rounds - 1,
)  # fmt: skip
async def editor(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Edit the parts of the prompt that failed; where nobody can read it, draw it once more.

    With `edit`, also say what to change in the picture: the generator edits it, in place of a new.
    """
    last, edit = state["rounds"][-1], toolbox.settings.edit
    n, instructions = last["n"] + 1, [""]

    async def write(lost_quotes: list[str]) -> tuple[str, str]:
        answer = await toolbox.ask(
            "refiner", "craft_edit", Corrected if edit else Refined, user_prompt=state["prompt"],
            current=_view(last, state), edit=edit, lost=lost_quotes,
        )  # fmt: skip
        instructions.append(plain(getattr(answer.value, "instruction", "")))
        prompt = plain(answer.value.prompt) or last["prompt"]
        return prompt, answer.thought or plain(answer.value.rationale)

    try:
        written = await faithful(write, state["prompt"], keep=toolbox.settings.keep_quotes)
    except UnreadableError as error:
        again = Attempt(n=n, prompt=last["prompt"], thought=last["thought"], origin="seed")
        return {"attempt": again, "notes": [f"Round {n} draws the prompt before it anew. {error}"]}
    thought = await toolbox.keep(written.thought)
    attempt = Attempt(n=n, prompt=written.prompt, thought=thought, origin="editor")
    return {
        "attempt": {**attempt, **({"instruction": instructions[-1]} if instructions[-1] else {})}
    }


def _view(last: Round, state: State) -> dict[str, Any]:
    """Return what `_attempt.md` shows of the last round: prompt, answers, why those that failed."""
    verdicts = [
        {"n": k, "question": criterion["question"], "answer": verdict["answer"], "skill": "",
         "evidence": verdict["evidence"] if verdict["answer"] != "yes" else "", "passed_in": 0}
        for k, (criterion, verdict) in enumerate(
            zip(state["criteria"], last["verdicts"], strict=True), start=1)
    ]  # fmt: skip
    return {
        "n": last["n"], "prompt": last["prompt"], "image": None, "side": 0, "verdicts": verdicts,
        "thought": "", "experience": "", "passed": passes(last), "total": len(verdicts),
        "best": False, "left_out": "",
    }  # fmt: skip


def after_answers(state: State) -> str:
    """Return the way on from the answers: ask a person, if set, or as after a verdict."""
    if not state.get("stop") and in_effect(state).pause in ("verdicts", "both"):
        return ASK
    return after_verdict(state)


def after_verdict(state: State) -> str:
    """Return the way on after a verdict: the exits, or an edit of what failed."""
    if state.get("stop"):
        return EXIT
    rounds = state["rounds"]
    if next_prompt_written(state):  # by a person
        return DRAW
    return EXIT if all_pass(rounds[-1]) or len(rounds) >= in_effect(state).max_iterations else EDIT


def choose(state: State) -> Round:
    """Return the round that passes or was accepted, else most passes; of equals the latest."""
    chosen, dials = passing_or_best(state), state.get("settings", {})
    ended = all_pass(chosen) or state.get("stop", {}).get("reason") == "accepted"
    if ended or dials.get("craft_ties") == "earliest":
        return chosen
    judged = [each for each in state["rounds"] if answered(each)] or state["rounds"]
    return max(judged, key=lambda each: (passes(each), each["n"]))


def wire(graph: Builder) -> None:
    """Wire the loop, with the pauses of GEMS."""
    pauses: tuple[Any, ...] = (review_criteria, review_verdict)
    for pause in pauses:
        graph.add_node(pause)
    graph.add_edge(START, "begin")
    for opening in ("opener", "questions"):
        graph.add_edge("begin", opening)
        ways: dict[Hashable, str] = {ASK: "review_criteria", DRAW: "generator"}
        graph.add_conditional_edges(opening, after_opening, ways)
    graph.add_edge("review_criteria", "generator")
    graph.add_edge("generator", "answers")
    graph.add_conditional_edges("answers", after_answers, {**WAYS, ASK: "review_verdict"})
    graph.add_conditional_edges("review_verdict", after_verdict, {**WAYS, DRAW: "generator"})
    graph.add_edge("editor", "generator")
    graph.add_edge("select", END)


STRATEGY = Strategy(
    name="craft",
    summary="questions that hang on each other, edits of what failed, until all is right",
    modules=(opener, questions, generator, answers, editor),
    wire=wire,
    choose=choose,
    pauses={"criteria": "review_criteria", "verdicts": "review_verdict"},
    honours=("edit",),
)
