"""The offline chat model `mini`: rules, for a small illustrated world.

It plays every role of the loop. It reads only the messages that a real model
would get: the marked parts of the prompt templates, and the pixels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from gems_graph.errors import ConfigError, ModelError
from gems_graph.mini.checklist import write_checklist
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.judging import judge
from gems_graph.mini.layout import lay_out
from gems_graph.mini.lessons import write_lesson
from gems_graph.mini.look import Look, look
from gems_graph.mini.messages import Attempt, Sheet
from gems_graph.mini.refining import refine
from gems_graph.mini.strategies import TASKS as OTHERS
from gems_graph.mini.wordings import write_cells, write_regions
from gems_graph.settings.roles import ModelSpec

NAME = "mini (rule-based)"
_SPATIAL = re.compile(r"\b(?:spatial|position\w*|layout|where)\b", re.IGNORECASE)
_COUNTING = re.compile(r"\bcount\w*", re.IGNORECASE)

Reply = tuple[dict[str, Any], str]
"""The JSON object to answer with, and the reasoning behind it."""


class MiniChat(BaseChatModel):
    """A chat model of fixed rules; the same messages always get the same answer."""

    model_name: str = NAME

    @property
    def _llm_type(self) -> str:
        return "gems-mini"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        answer, reasoning = _reply(Sheet(messages))
        message = AIMessage(
            content=json.dumps(answer, ensure_ascii=False),
            additional_kwargs={"reasoning_content": reasoning},
            response_metadata={"model_name": NAME},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def open_backend(argument: str = "", spec: ModelSpec | None = None) -> MiniChat:
    """Open the chat model behind the name `mini`; it has no options.

    Raises:
        ConfigError: an argument or a URL was given.
    """
    url = spec.mllm_url if spec else None
    if argument or url:
        msg = f"The chat model mini runs here and takes no {argument or url!r}; write: mini"
        raise ConfigError(msg)
    return MiniChat()


def _reply(sheet: Sheet) -> Reply:
    task = sheet.part("task")
    if task not in _TASKS:
        msg = (
            f"The offline chat model `mini` does not know the task {task!r}, only"
            f" {', '.join(_TASKS)}; keep the <task> line of the prompt templates, or plug in a"
            " real model with --mllm provider:model."
        )
        raise ModelError(msg)
    return _TASKS[task](sheet)


def _select(sheet: Sheet) -> Reply:
    """Pick the skill most about places if the request states any, else one about counts."""
    request = parse_request(sheet.part("user_prompt"))
    skills = sheet.parts("skill", "name")
    wanted = [(request.spatial, _SPATIAL, "where things are"), (request.many, _COUNTING, "counts")]
    for states, subject, about in wanted:
        if states and (best := _most_about(subject, skills)):
            return {"skills": [best]}, f"The request states {about}, which {best} is for."
    return {"skills": []}, "No skill serves what this request names."


def _most_about(subject: re.Pattern[str], skills: list[tuple[str, str]]) -> str | None:
    """Return the skill whose name and description speak most of a subject, if any does."""
    said = {
        name: len(set(subject.findall(f"{name} {description.partition(' Not ')[0]}")))
        for name, description in skills
    }
    best = max(said, key=said.__getitem__, default=None)
    return best if best and said[best] else None


def _apply(sheet: Sheet) -> Reply:
    """Name cells if the instructions are about places; regions if they are about counts."""
    text = sheet.part("user_prompt")
    request = parse_request(text)
    skills = " ".join(f"{name} {body}" for name, body in sheet.parts("instructions", "skill"))
    if request.spatial and _SPATIAL.search(skills):
        cells = lay_out(request, text)
        if cells and (plan := write_cells(request, cells)):
            return {"prompt": plan}, "Every thing gets a cell of the grid, so that the places hold."
    if request.many and _COUNTING.search(skills) and (plan := write_regions(request)):
        return {"prompt": plan}, "Each group gets a region of its own, so that counts stay apart."
    return {"prompt": text}, "I know nothing that would serve this request better than itself."


def _decompose(sheet: Sheet) -> Reply:
    request = parse_request(sheet.part("user_prompt"))
    questions = write_checklist(request)
    groups = f"{len(request.groups)} groups and {len(request.relations)} relations"
    return {"criteria": questions}, f"I read {groups}; {len(questions)} questions cover them."


def _verify(sheet: Sheet) -> Reply:
    picture = look(sheet.pictures[0]) if sheet.pictures else Look(clear=False)
    verdict = judge(sheet.part("criterion"), picture)
    reply = {"evidence": verdict.evidence, "answer": verdict.answer}
    return reply, f"I looked at every cell of the picture. {verdict.evidence}"


def _verify_all(sheet: Sheet) -> Reply:
    picture = look(sheet.pictures[0]) if sheet.pictures else Look(clear=False)
    verdicts = [(int(n), judge(question, picture)) for n, question in sheet.parts("criterion", "n")]
    listed = [{"n": n, "evidence": v.evidence, "answer": v.answer} for n, v in verdicts]
    return {"verdicts": listed}, "I looked at every cell of the picture and read off the answers."


def _refine(sheet: Sheet) -> Reply:
    step = refine(sheet.part("user_prompt"), *_attempts(sheet))
    return {"rationale": step.rationale, "prompt": step.prompt}, step.thought


def _compress(sheet: Sheet) -> Reply:
    current, history = _attempts(sheet)
    request = sheet.part("user_prompt") or current.prompt  # Eq. 7 does not list the request
    lesson = write_lesson(request, current, history)
    return {"experience": lesson}, "A lesson names the wording, what it achieved and what is off."


def _attempts(sheet: Sheet) -> tuple[Attempt, list[Attempt]]:
    current = sheet.attempts("current")
    return (current[-1] if current else Attempt()), sheet.attempts("history")


_TASKS: dict[str, Callable[[Sheet], Reply]] = {
    "select-skills": _select,
    "apply-skills": _apply,
    "decompose": _decompose,
    "verify": _verify,
    "verify-all": _verify_all,
    "refine": _refine,
    "compress": _compress,
    **OTHERS,
}
