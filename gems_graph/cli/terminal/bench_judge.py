"""`gems eval judge` and `official` on the terminal."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gems_graph.benchmarks import answers as answer_files
from gems_graph.benchmarks import judge as judging
from gems_graph.benchmarks import layout, running, scoring
from gems_graph.benchmarks.capabilities import Measured
from gems_graph.benchmarks.data import text
from gems_graph.benchmarks.listing import open_task
from gems_graph.benchmarks.scoring import Report, Route
from gems_graph.benchmarks.task import Prompt, Task
from gems_graph.cli.measuring import Measuring
from gems_graph.cli.terminal.batch_output import note
from gems_graph.cli.terminal.bench_run import prompts_of
from gems_graph.cli.terminal.benchmarks import print_report, write
from gems_graph.cli.terminal.evaluation import code_of, evaluated
from gems_graph.cli.terminal.exit_codes import PASSED
from gems_graph.errors import UsageError
from gems_graph.settings import Settings
from gems_graph.system.json_lines import Line


@dataclass(frozen=True)
class How:
    """What the options of `gems eval judge` say; `judge` is None where none is named."""

    settings: Settings
    judge: str | None
    prompt_file: Path | None
    official: bool
    again: bool
    as_json: bool
    quiet: bool


def judge(folder: Path, data_dir: Path | None, how: How) -> int:
    """Judge every way of a run, print its report, and return the worst exit code.

    Raises:
        UsageError: there is no run, no picture, or the judge's prompt is missing.
        ConfigError: the judge cannot be opened.
    """
    return max(_judge_way(way, data_dir, how) for way in running.ways_in(folder))


def _judge_way(way: Path, data_dir: Path | None, how: How) -> int:
    found = running.read_manifest(way)
    task = open_task(found["task"])
    prompts = prompts_of(task, found, data_dir)
    targets = judging.targets(way, found, task, prompts)
    if not targets:
        msg = f"{way} has no pictures yet; draw them with gems eval run {task.name}."
        raise UsageError(msg)
    expected = len(found["prompts"]) * found["samples"] * len(found["seeds"])
    if len(targets) < expected:
        note(f"{expected - len(targets)} of {expected} pictures are not there yet.")
    if how.judge is None:
        route, lines, about = _by_pixels(task, targets)
    else:
        route, lines, about = _by_model(task, found, targets, how)
    judging.write_answers(way / f"answers-{route}.jsonl", lines)
    report = scored(task, prompts, lines, route)
    missing = expected - len(lines) if route == "pixels" else 0
    whole = {**report, "complete": report["complete"] and not missing, **about}
    _keep(way, found, whole)
    print_report({**whole, "title": f"{task.title}, {found['way']}"}, None, as_json=how.as_json)
    right = sum(line["answers"] is not None for line in lines)
    return code_of(right, max(expected, len(lines)) if route == "pixels" else len(lines))


def _by_pixels(task: Task, targets: Sequence[judging.Target]) -> tuple[Route, list[Any], Any]:
    if not isinstance(task, Measured):
        msg = f"Name the judge of {task.title} with --judge compat:MODEL --judge-url URL"
        raise UsageError(f"{msg} (official: {task.judge}).")
    return "pixels", judging.measure(task, targets), {"judge": task.judge}


def _by_model(
    task: Task, found: running.Manifest, targets: Sequence[judging.Target], how: How
) -> tuple[Route, list[Any], Any]:
    template = text(how.prompt_file) if how.prompt_file else ""
    if task.prompt_file and not template:
        msg = f"The judge's prompt of {task.title} is in {task.home.url}, whose licence keeps it "
        raise UsageError(f"{msg}out of this package: save it, and name it with --judge-prompt.")
    name = how.settings.model_for("judge").mllm or ""
    route = judging.route_of(task, name, official=how.official)
    if judging.judges_itself(found, name) and not how.quiet:
        note(f"Warning: {name} was the Verifier of this run, too, and judges its own choices.")
    kept: list[Any] = []

    async def ask(evaluation: Any) -> dict[str, Any]:
        lines, answers = await judging.judge(task, targets, how.settings, template, evaluation)
        kept.extend(lines)
        return {"ledger": answers.used, "stopped": answers.stopped}

    about = evaluated(ask, Measuring(how.settings, how.again, how.as_json, how.quiet, None))
    return route, kept, {"judge": name, **about}


def scored(
    task: Task, prompts: Sequence[Prompt], lines: Sequence[dict[str, Any]], route: Route
) -> Report:
    """Score lines of answers by the ids of prompts."""
    numbered = [Line(n, f"answer {n}", line) for n, line in enumerate(lines, start=1)]
    return scoring.score(task, prompts, answer_files.collect(numbered, prompts), route)


def _keep(way: Path, found: running.Manifest, report: dict[str, Any]) -> None:
    """Write the report beside the pictures, with what the row in a table has to carry."""
    whole = {**report, "run": found}
    write(way / f"report-{report['route']}.json", json.dumps(whole, ensure_ascii=False) + "\n")


def official(
    folder: Path, data_dir: Path | None, results: Path | None, *, execute: bool, as_json: bool
) -> int:
    """Print or run the official commands of each way, or import the result file of one.

    Raises:
        UsageError: a command has words to fill in, or fails; or the file is not the scorer's.
    """
    ways = running.ways_in(folder)
    if results and len(ways) != 1:
        msg = f"A result file is that of one way: name its folder, for example {ways[0]}."
        raise UsageError(msg)
    for way in ways:
        found = running.read_manifest(way)
        task = open_task(found["task"])
        if results and not execute:
            _import(way, found, task, prompts_of(task, found, data_dir), results, as_json=as_json)
            continue
        if not task.official:
            msg = f"{task.title} has no official scorer; gems eval judge {way} measures it."
            raise UsageError(msg)
        _commands(way, found, task, results, execute=execute)
    return PASSED


def _commands(
    way: Path, found: running.Manifest, task: Task, results: Path | None, *, execute: bool
) -> None:
    for place in layout.places(way, found):
        if not place.is_dir():
            msg = f"{place} is not laid out yet: gems eval finalize {way}."
            raise UsageError(msg)
        file = (results or way / "official-results.jsonl").resolve()
        for line in task.official:
            command = line.format(pictures=shlex.quote(str(place.resolve())), results=file)
            print(command)  # noqa: T201
            if execute:
                _execute(command)


def _execute(command: str) -> None:
    own = re.sub(r"--mode [A-Z]+", "", command)
    if open_words := re.findall(r"(?<![\w/.-])[A-Z]{2,}(?![\w.-])", own):
        msg = f"Fill in {', '.join(open_words)} and run it yourself: {command}"
        raise UsageError(msg)
    if code := subprocess.run(command, shell=True, check=False).returncode:
        msg = f"The official scorer ended with code {code}: {command}"
        raise UsageError(msg)


def _import(
    way: Path, found: running.Manifest, task: Task, prompts: list[Prompt], file: Path, *,
    as_json: bool,
) -> None:  # fmt: skip
    results = task.imported(text(file), task.load(Path(found["data"])))
    if isinstance(results, dict):
        report = {**scoring.of_figures(task, results, len(prompts)), "judge": task.judge}
    else:
        judging.write_answers(way / "answers-official.jsonl", results)
        report = {**scored(task, prompts, results, "official"), "judge": task.judge}
    _keep(way, found, report)
    print_report({**report, "title": f"{task.title}, {found['way']}"}, None, as_json=as_json)
