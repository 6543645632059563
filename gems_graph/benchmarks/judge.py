"""Judge the pictures of a run: a pass of its own, whose answers are kept as `score` takes them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from gems_graph.benchmarks.capabilities import Judged, Measured
from gems_graph.benchmarks.judging import Query, Reply
from gems_graph.benchmarks.layout import drawn
from gems_graph.benchmarks.running import Manifest, run_id
from gems_graph.benchmarks.scoring import Route
from gems_graph.benchmarks.soft_tifa import TOP
from gems_graph.benchmarks.task import Prompt, Task
from gems_graph.errors import GemsError, UsageError
from gems_graph.evaluation.asking import Answers, Evaluation, Job, ask_all
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.settings import Settings, settle
from gems_graph.settings.roles import JUDGE
from gems_graph.system.replacing import replace_file

Line = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """One picture to judge, and what is asked about it."""

    prompt: Prompt
    sample: int
    file: Path
    queries: tuple[Query, ...] = ()

    @property
    def number(self) -> int:
        """A number that stays the same when pictures are added to the run."""
        name = f"{self.prompt.id}/{self.sample}".encode()
        return int.from_bytes(hashlib.sha256(name).digest()[:6])

    def answered(self, answers: Any, why: str = "") -> Line:
        """Return its line in the file of answers."""
        line = {"id": self.prompt.id, "sample": self.sample, "answers": answers}
        return {**line, "failed": why} if why else line


def targets(way: Path, found: Manifest, task: Task, prompts: Sequence[Prompt]) -> list[Target]:
    """Return the pictures of a run that are there; samples count on over repetitions."""
    known, pictures = {prompt.id: prompt for prompt in prompts}, drawn(way, found)
    return [
        Target(known[id_], k * found["samples"] + sample, pictures[name])
        for k, seeds in enumerate(found["seeds"])
        for id_ in found["prompts"]
        for sample, seed in enumerate(seeds)
        if (name := run_id(found["task"], id_, sample, seed)) in pictures
    ]


def route_of(task: Task, judge: str, *, official: bool = False) -> Route:
    """Tell whether a judge is the benchmark's own, by its name, or a proxy for it.

    Args:
        task: the benchmark.
        judge: name of the model.
        official: it is the official one under another name.
    """
    same = official or task.judge.split(" ")[0].lower() in judge.lower()
    return "endpoint" if task.route == "endpoint" and same else "proxy"


def judges_itself(found: Manifest, judge: str) -> bool:
    """Tell whether the judge has also been the Verifier of the run."""
    verifier = settle(found["settings"]).model_for("verifier").mllm or ""
    return _plain(verifier) == _plain(judge)


def _plain(name: str) -> str:
    return name.rpartition(":")[2].rpartition("/")[2].lower()


def measure(task: Measured, found: Sequence[Target]) -> list[Line]:
    """Measure every picture by its pixels."""
    return [each.answered(task.measured(each.prompt, each.file.read_bytes())) for each in found]


async def judge(
    task: Task, found: Sequence[Target], settings: Settings, template: str, how: Evaluation
) -> tuple[list[Line], Answers[Any]]:
    """Put every question about every picture to the judge; what was answered is not asked again.

    Args:
        task: the benchmark.
        found: the pictures.
        settings: name the judge, and cap what it may spend.
        template: the judge's prompt, where the benchmark needs one.
        how: makes toolboxes; tells how it goes on.

    Returns:
        Lines of answers, those that failed with `answers` null, and what was used.

    Raises:
        UsageError: no endpoint can judge this benchmark, or its prompt is missing.
        ConfigError: the judge cannot be opened.
    """
    asked = [_with_queries(task, t, template) for t in found] if isinstance(task, Judged) else []
    asked = [each for each in asked if each.queries]
    if not isinstance(task, Judged) or (found and not asked):
        msg = f"No endpoint can judge {task.title}; see `gems eval official` for its own scorer."
        raise UsageError(msg)
    jobs = [Job(each, _for_judge(settings, each.queries[0]), each.number) for each in asked]
    judged: Judged = task
    session = how.session(f"judge-{task.name}", [settings.model_for(JUDGE).mllm, template])

    async def ask(target: Target, toolbox: Toolbox) -> Any:
        return await _ask(judged, target, toolbox)

    answers = await ask_all(jobs, ask, session)
    return [_line(t, a, answers.stopped) for t, a in zip(asked, answers.each, strict=True)], answers


def _with_queries(task: Judged, target: Target, template: str) -> Target:
    queries = tuple(task.queries(target.prompt, template))
    return Target(target.prompt, target.sample, target.file, queries)


def _for_judge(settings: Settings, query: Query) -> Settings:
    dials = {"temperature": query.temperature, "max_tokens": query.max_tokens}
    return settings.model_copy(update=dials)


async def _ask(task: Judged, target: Target, toolbox: Toolbox) -> Any:
    """Ask about one picture; replies that cannot be read are asked for again, then told."""
    picture = base64.b64encode(target.file.read_bytes()).decode()
    unread = _Unread("")
    for attempt in range(toolbox.settings.attempts):
        asked = [_reply(query, picture, toolbox, attempt) for query in target.queries]
        replies = await asyncio.gather(*asked)
        try:
            return task.parse(target.prompt, replies)
        except (ValueError, UsageError) as error:
            unread = _Unread(str(error))
    return unread


@dataclass(frozen=True)
class _Unread:
    """Why a reply could not be read."""

    why: str


async def _reply(query: Query, picture: str, toolbox: Toolbox, attempt: int) -> Reply:
    extras = {"logprobs": {"logprobs": True, "top_logprobs": TOP}} if query.logprobs else {}
    branch = f"{query.repeat}.{attempt}" if attempt else str(query.repeat)
    said = await toolbox.complete(JUDGE, _messages(query, picture), extras=extras, branch=branch)
    first = said.logprobs[0] if said.logprobs else {}
    likeliest = first.get("top_logprobs") or ([first] if first else [])
    return Reply(said.text, tuple((each["token"], each["logprob"]) for each in likeliest))


def _messages(query: Query, picture: str) -> list[BaseMessage]:
    content: list[str | dict[str, Any]] = [
        {"type": "image", "base64": picture, "mime_type": "image/png"},
        {"type": "text", "text": query.text},
    ]
    system: list[BaseMessage] = [SystemMessage(query.system)] if query.system else []
    return [*system, HumanMessage(content)]


def _line(target: Target, answer: Any, stopped: str) -> Line:
    if isinstance(answer, GemsError | None):
        return target.answered(None, str(answer) if answer else stopped or "not asked")
    if isinstance(answer, _Unread):
        return target.answered(None, answer.why)
    return target.answered(answer)


def write_answers(file: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write a file of answers.

    Raises:
        UsageError: it cannot be written.
    """
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    try:
        replace_file(file, text.encode())
    except OSError as error:
        msg = f"Cannot write {file} ({error.strerror}); free some space, and go on as before."
        raise UsageError(msg) from error
