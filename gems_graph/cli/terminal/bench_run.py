"""`gems eval run` and `finalize` on the terminal, over the batch runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gems_graph.batch.shards import shard_in
from gems_graph.benchmarks import layout, running
from gems_graph.benchmarks.listing import open_task
from gems_graph.benchmarks.task import Prompt, Task
from gems_graph.cli.terminal import batch
from gems_graph.cli.terminal.batch_output import note
from gems_graph.cli.terminal.benchmarks import data_folder
from gems_graph.cli.terminal.exit_codes import PASSED
from gems_graph.errors import UsageError
from gems_graph.evaluation.comparison.plan import dials_of
from gems_graph.settings import Settings, settle

_AT_ONCE = 4


@dataclass(frozen=True)
class Plan:
    """What the options of `gems eval run` say."""

    task: str
    data_dir: Path | None
    out: Path | None
    layers: tuple[Mapping[str, Any], ...]
    strategies: tuple[str, ...]
    presets: tuple[str, ...]
    limit: int | None
    samples: int | None
    seeds: int
    shard: str | None
    concurrency: int | None
    dry_run: bool
    partial: bool
    as_json: bool
    quiet: bool

    def ways(self) -> dict[str, Settings]:
        """Return the settings of each way of drawing, by its name.

        Raises:
            ConfigError: a setting is not valid, or a strategy needs what is not installed here.
        """
        *base, chosen = self.layers
        named = [(name.replace(":", "-"), dials_of(name)) for name in self.strategies]
        named += [(name, {"preset": name}) for name in self.presets]
        if named:
            return {name: settle(*base, {**chosen, **dials}) for name, dials in named}
        settings = settle(*self.layers)
        return {settings.strategy: settings}


def run(plan: Plan) -> int:
    """Draw every way after the other, lay out what is complete, and return the worst exit code.

    Raises:
        UsageError: the data is not right, or a folder holds another run.
        ConfigError: a setting is not valid, or a model cannot be opened.
    """
    task, data = open_task(plan.task), data_folder(plan.data_dir)
    prompts, ways = task.load(data), plan.ways()
    out = plan.out or Path("gems-out") / task.name
    codes = []
    for name, settings in ways.items():
        found = running.manifest(
            task, name, data, prompts, settings,
            limit=plan.limit, samples=plan.samples or task.samples, seeds=plan.seeds,
        )  # fmt: skip
        codes.append(_run_way(plan, task, prompts, out / name, found, settings))
        if codes[-1] > 128:  # a signal: the next one is not begun
            break
    return max(codes)


def _run_way(
    plan: Plan, task: Task, prompts: list[Prompt], folder: Path, found: running.Manifest,
    settings: Settings,
) -> int:  # fmt: skip
    base = folder / running.RUNS
    options = batch.BatchOptions(
        base, plan.concurrency or _AT_ONCE, plan.as_json, plan.quiet, contents="picture",
        shard=shard_in(plan.shard, f"{folder.resolve().parent.name}-{found['way']}"),
    )  # fmt: skip
    entries = running.entries(found, prompts)
    if plan.dry_run:
        return batch.run_entries(entries, settings, None, options, dry_run=True)
    if not plan.quiet:
        note(f"{task.title}, {found['way']}: {len(found['prompts'])} prompts into {folder}")
    running.write_manifest(folder, found)
    code = batch.run_entries(entries, settings, None, options)
    if plan.partial or len(layout.drawn(folder, found)) == len(entries):
        _lay_out(folder, found, task, prompts, partial=plan.partial, quiet=plan.quiet)
    return code


def finalize(folder: Path, data_dir: Path | None, *, partial: bool) -> int:
    """Lay out the pictures of a run, each way of it.

    Raises:
        UsageError: pictures are missing, or there is no run.
    """
    for way in running.ways_in(folder):
        found = running.read_manifest(way)
        task = open_task(found["task"])
        _lay_out(way, found, task, prompts_of(task, found, data_dir), partial=partial, quiet=False)
    return PASSED


def prompts_of(task: Task, found: running.Manifest, data_dir: Path | None) -> list[Prompt]:
    """Return the prompts of a run, in their order.

    Raises:
        UsageError: the data is not what was run.
    """
    by_id = {p.id: p for p in task.load(data_dir or Path(found["data"]))}
    if missing := [id_ for id_ in found["prompts"] if id_ not in by_id]:
        msg = f"The data has no prompt {missing[0]}; name that of the run with --data-dir."
        raise UsageError(msg)
    return [by_id[id_] for id_ in found["prompts"]]


def _lay_out(
    way: Path, found: running.Manifest, task: Task, prompts: list[Prompt], *, partial: bool,
    quiet: bool,
) -> None:  # fmt: skip
    laid = layout.finalize(way, found, task, prompts, partial=partial)
    if quiet:
        return
    note(*(f"Laid out in {folder}" for folder in laid.folders))
    if laid.missing:
        note(f"{len(laid.missing)} pictures are missing; their prompts are left out.")
