"""`gems skills try` on the terminal: which skills the Planner picks, and which it should."""

from __future__ import annotations

from collections.abc import Sequence

from gems_graph.cli.measuring import Measuring
from gems_graph.cli.terminal.evaluation import code_of, evaluated, tell_report
from gems_graph.cli.terminal.evaluation_tables import choice_lines, note, skill_tables
from gems_graph.cli.terminal.exit_codes import PASSED
from gems_graph.evaluation import skills as choosing
from gems_graph.evaluation.skill_requests import Request
from gems_graph.prompting.wording import counted
from gems_graph.settings import Settings
from gems_graph.skills import Skills
from gems_graph.skills.shortlist import tokens_of

_TEMPLATE = 200  # tokens around the manifest, and of the request


def try_one(text: str, on: Measuring) -> int:
    """Print which skill is picked for one request, and why; return the exit code.

    Raises:
        GemsError: the model cannot be opened or reached, or its answer not be read.
    """
    report = evaluated(lambda how: choosing.choose(text, on.settings, how.make_toolbox), on)
    tell_report(report, on, choice_lines)
    return PASSED


def try_all(requests: Sequence[Request], on: Measuring) -> int:
    """Print how often the right skill is picked, and return the exit code.

    Raises:
        UsageError: the report cannot be written.
        ConfigError: the model or a folder of skills cannot be opened.
    """
    if not on.quiet:
        note(_ahead(len(requests), on.settings))
    report = evaluated(lambda how: choosing.evaluate(requests, on.settings, how), on)
    tell_report(report, on, skill_tables)
    return code_of(report["right"] + report["wrong"], len(requests))


def _ahead(requests: int, settings: Settings) -> str:
    """Say what will be asked of whom, before it is paid for."""
    manifest = Skills(settings.skills, local=settings.local_skills).manifest
    tokens = min(sum(map(tokens_of, manifest)), settings.manifest_tokens) + _TEMPLATE
    return (
        f"Asking {settings.model_for('planner').mllm} which of {counted(len(manifest), 'skill')} "
        f"fits: {counted(requests, 'call')} of about {tokens:,} tokens; Ctrl-C stops."
    )
