"""What `gems_chat` says, in Markdown: clients join texts, and show a picture that is linked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage

from gems_graph.agents.links import path_of
from gems_graph.memory import passes
from gems_graph.prompting.markdown import picture, plain
from gems_graph.report.outcome import outcome
from gems_graph.state import Criterion, ImageRef, Round, Verdict

_MARKS = {"yes": "✅", "no": "❌", "unsure": "❔"}


def said_of_rounds(state: Mapping[str, Any]) -> list[AIMessage]:
    """Return a message for each round, with its picture, its verdicts and what it taught."""
    lessons = dict(enumerate(state.get("experiences", []), start=1))
    return [
        AIMessage(
            _of_round(round_, state["criteria"], lessons.get(round_["n"], "")),
            id=f"{state['trajectory']}-{round_['n']}",
            name="gems",
            additional_kwargs=_facts(round_["n"], round_["image"]),
        )
        for round_ in state.get("rounds", [])
    ]


def said_at_the_end(state: Mapping[str, Any]) -> AIMessage:
    """Return the last message: the chosen picture, how the run ended, what you should know."""
    result = state["result"]
    n, image = result["round"], result["image"]
    lines = [plain(outcome(state)), picture(f"Round {n}, chosen", path_of(image["sha256"]))]
    lines += [f"Drawn from: {plain(result['prompt'])}"]
    lines += [plain(note) for note in state.get("notes", [])]
    file: dict[str, Any] = {
        "type": "image", "url": path_of(image["sha256"]), "mime_type": image["media_type"],
    }  # fmt: skip
    return AIMessage(
        [{"type": "text", "text": "\n\n".join(lines)}, file],
        id=f"{state['trajectory']}-end",
        name="gems",
        additional_kwargs=_facts(n, image),
    )


def _of_round(round_: Round, criteria: list[Criterion], lesson: str) -> str:
    head = f"**Round {round_['n']}: {passes(round_)} of {len(round_['verdicts'])}**"
    shown = picture(f"Round {round_['n']}", path_of(round_["image"]["sha256"]))
    pairs = zip(criteria, round_["verdicts"], strict=False)
    verdicts = "\n".join(_of_verdict(criterion, verdict) for criterion, verdict in pairs)
    parts = [head, shown, f"> {plain(round_['prompt'])}", verdicts]
    return "\n\n".join([*parts, *([f"Learned: {plain(lesson)}"] if lesson else [])])


def _of_verdict(criterion: Criterion, verdict: Verdict) -> str:
    why = verdict["evidence"] if verdict["answer"] != "yes" else ""
    line = f"- {_MARKS[verdict['answer']]} {plain(criterion['question'])}"
    return f"{line} {plain(why)}".rstrip()


def _facts(n: int, image: ImageRef) -> dict[str, Any]:
    """Return what a client of one's own may go by, beside the text."""
    return {"gems": {"round": n, "image": image}}
