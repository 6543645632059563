"""Doors for inspect-ai: our strategies as a solver, our scores as a scorer (extra `inspect`).

    inspect eval gems_graph/benchmarks/inspecting.py -T name=shapes -T strategy=gems --model none

Its concurrency, retries and logs are its own; a picture that was drawn before is not drawn again by
it, so a benchmark that has to be taken up is better run with `gems eval run`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from gems_graph.benchmarks import judge as judging
from gems_graph.benchmarks.capabilities import Measured
from gems_graph.benchmarks.listing import open_task
from gems_graph.benchmarks.scoring import means
from gems_graph.errors import UsageError
from gems_graph.evaluation.asking import Evaluation
from gems_graph.images import Store
from gems_graph.runs.api import arun
from gems_graph.runtime.players import settings_and_toolbox
from gems_graph.settings import settle

PICTURE = "gems:picture"
"""Under which a sample's store holds the file of its picture."""


@solver
def gems(**dials: Any) -> Solver:
    """Draw the input with a strategy; `dials` are settings, as `strategy="search"`."""
    folder = Path(tempfile.mkdtemp(prefix="gems-"))

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        trajectory = await arun(state.input_text, **dials)
        file = trajectory.save(folder / f"{state.uuid}.png")
        state.store.set(PICTURE, str(file))
        state.output.completion = trajectory.result["why"]
        return state

    return solve


@scorer(metrics=[mean(), stderr()])
def benchmark_score(name: str, data_dir: str = "", **dials: Any) -> Scorer:
    """Score a picture as a benchmark does, by its pixels or by the judge that `dials` name."""
    of = open_task(name)
    prompts = {prompt.id: prompt for prompt in of.load(Path(data_dir))}

    async def score(state: TaskState, target: Target) -> Score:
        prompt, file = prompts[str(state.sample_id)], Path(state.store.get(PICTURE))
        found = judging.Target(prompt, 0, file)
        if isinstance(of, Measured):
            answers = of.measured(prompt, file.read_bytes())
        elif not dials:
            msg = f"Name the judge of {of.title}, as mllm='compat:MODEL', mllm_url=URL."
            raise UsageError(msg)
        else:
            _, make = settings_and_toolbox(None, None, Store())
            lines, _ = await judging.judge(of, [found], settle(dials), "", Evaluation(make))
            answers = lines[0]["answers"]
        figures = of.combine(means([of.statistics(prompt, [answers])])) if answers else {}
        value = figures.get(of.metric)
        return Score(value=value if value is not None else float("nan"), metadata={"a": answers})

    return score


@task
def benchmark(
    name: str = "shapes", strategy: str = "gems", data_dir: str = "", limit: int | None = None,
    mllm: str = "mini", generator: str = "mini", judge: str = "", judge_url: str = "",
) -> Task:  # fmt: skip
    """Run a benchmark under inspect-ai; a sample has an id and a prompt, and no answer."""
    prompts = open_task(name).load(Path(data_dir))[:limit]
    named = {"mllm": judge, "mllm_url": judge_url}
    dials = {key: value for key, value in named.items() if value}
    return Task(
        dataset=MemoryDataset([Sample(input=p.text, id=p.id) for p in prompts], name=name),
        solver=gems(strategy=strategy, mllm=mllm, generator=generator),
        scorer=benchmark_score(name, data_dir, **dials),
    )
