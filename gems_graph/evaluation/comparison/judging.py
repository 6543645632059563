"""The judge: it looks at what each run returned, journaled and counted apart from the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gems_graph.calls.ledger import Usage, total
from gems_graph.errors import GemsError
from gems_graph.evaluation.asking import Evaluation, Job, Tell, ask_all
from gems_graph.evaluation.comparison.plan import Comparison, Run
from gems_graph.images import Store
from gems_graph.nodes.decomposer import decomposer
from gems_graph.nodes.verifier import verifier
from gems_graph.runtime.players import settings_and_toolbox
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, Criterion, ImageRef, State, Thought, Verdict

_ROLES = ("decomposer", "verifier")
_NOTHING = Thought(text="", sha256=None)


class Seen(NamedTuple):
    """A picture to be judged, and by what."""

    image: ImageRef
    criteria: list[Criterion]


class Judged(NamedTuple):
    """What the judge said of one run's picture, by the criteria of its prompt."""

    criteria: list[Criterion]
    verdicts: list[Verdict]


class Judgements(NamedTuple):
    """What the judge said by run, what it took, and why it stopped early; empty: it did not."""

    by_run: dict[str, Judged]
    used: Usage
    stopped: str


async def judge(
    comparison: Comparison, pictures: Mapping[str, ImageRef], store: Store,
    tell: Tell = lambda done, of: None,
) -> Judgements:  # fmt: skip
    """Have every picture judged by the criteria of its prompt; the same picture once.

    What was paid before is not paid again, whoever was killed in between.

    Args:
        comparison: of which the pictures are.
        pictures: what each run returned, by its id.
        store: holds them.
        tell: sees how it goes on.

    Raises:
        ConfigError: the judge's model cannot be opened.
    """
    settings = comparison.judge_settings
    _, make_toolbox = settings_and_toolbox(None, None, store, roles=_ROLES)
    on = Evaluation(make_toolbox, tell=tell)
    session = on.session("compare", [request.prompt for request in comparison.requests])
    given = {r.prompt: _given(r.criteria) for r in comparison.requests if r.criteria}
    runs = [run for run in comparison.runs if run.id in pictures]
    prompts = [p for p in dict.fromkeys(run.prompt for run in runs) if p not in given]
    asked = await ask_all([Job(each, settings) for each in prompts], _criteria, session)
    criteria = given | _answered(prompts, asked.each)
    seen = _each_once(runs, pictures, criteria)
    jobs = [Job(each, settings, number=1) for each in seen.values()]
    judged = await ask_all(jobs, _verdicts, session)
    verdicts = _answered([*seen], judged.each)
    by_run = {
        run.id: Judged(criteria[run.prompt], verdicts[key])
        for run in runs
        if (key := (run.prompt, pictures[run.id]["sha256"])) in verdicts
    }
    used = total({"criteria": total(asked.used), "verdicts": total(judged.used)})
    return Judgements(by_run, used, asked.stopped or judged.stopped)


def _each_once(
    runs: Sequence[Run], pictures: Mapping[str, ImageRef], criteria: Mapping[str, Any]
) -> dict[tuple[str, str], Seen]:
    """Return what is to be judged, one for each picture of a prompt."""
    return {
        (run.prompt, pictures[run.id]["sha256"]): Seen(pictures[run.id], criteria[run.prompt])
        for run in runs
        if run.prompt in criteria
    }


async def _criteria(prompt: str, toolbox: Toolbox) -> list[Criterion]:
    """Have the criteria of a prompt made."""
    update = await decomposer(State(prompt=prompt, criteria=[]), toolbox)
    criteria: list[Criterion] = update["criteria"]
    return criteria


async def _verdicts(seen: Seen, toolbox: Toolbox) -> list[Verdict]:
    """Have a picture judged; the judge knows neither its prompt nor who drew it."""
    attempt = Attempt(n=1, prompt="", thought=_NOTHING, image=seen.image)
    update = await verifier(State(attempt=attempt, criteria=seen.criteria), toolbox)
    verdicts: list[Verdict] = update["rounds"][0]["verdicts"]
    return verdicts


def _given(questions: Sequence[str]) -> list[Criterion]:
    return [Criterion(question=each, source="user") for each in questions]


def _answered(keys: Sequence[Any], answers: Sequence[Any]) -> dict[Any, Any]:
    """Return the answers by key, without those that failed or were not asked."""
    pairs = zip(keys, answers, strict=True)
    return {k: each for k, each in pairs if each is not None and not isinstance(each, GemsError)}
