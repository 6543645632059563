"""What `--help` tells somebody at a terminal of 80 columns."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from gems_graph.cli.app import app
from gems_graph.cli.examples import EXAMPLES
from gems_graph.cli.options import choices
from gems_graph.settings import GROUPS, Settings
from gems_graph.settings.roles import GEMS_ROLES
from tests.conftest import Gems


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")


def words(text: str) -> str:
    """The words alone: panels and columns break lines."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


@pytest.mark.parametrize("dial", ["preset", "pause"])
def test_the_values_of_an_option_are_listed_with_its_default(gems: Gems, dial: str) -> None:
    field = Settings.model_fields[dial]
    listed = ", ".join(choices(field.annotation))
    assert f"One of {listed}. Default {field.default}." in words(gems("run", "--help").out)


def test_the_roles_of_an_option_are_listed(gems: Gems) -> None:
    assert f"one of {', '.join(GEMS_ROLES)}, illustrator, judge;" in words(
        gems("run", "--help").out
    )


def test_everyday_options_come_first_and_examples_last(gems: Gems) -> None:
    out = gems("run", "--help").out
    places = [out.index(each) for each in ("--mllm", "--seed", "--preset", "--set", "--dry-run")]
    assert places == sorted(places)
    assert out.rindex("gems run ") > out.index("Examples:") > places[-1]
    assert max(map(len, out.splitlines())) <= 80


def test_the_first_command_is_run(gems: Gems) -> None:
    out = gems("--help").out
    names = re.findall(r"│ ([a-z]+)  ", out)
    assert names[0] == "run"
    assert names.index("history") < names.index("settings") < names.index("gc")


def test_paragraphs_are_broken_by_the_terminal_alone(gems: Gems) -> None:
    lines = [line.strip() for line in gems("resume", "--help").out.splitlines()]
    start = next(k for k, line in enumerate(lines) if line.startswith("It goes on with"))
    assert len(lines[start]) > 65
    assert len(lines[start + 1]) > 65


def test_settings_stand_in_groups_everyday_ones_first(gems: Gems) -> None:
    out = gems("settings").out
    lines = out.splitlines()
    assert lines[:3] == [lines[0], "", '  preset = "paper"']
    assert [line for line in lines if line and not line.startswith(" ")] == [
        (group.__doc__ or "").partition("\n")[0].removesuffix(".") for group in GROUPS
    ]
    assert max(map(len, lines)) <= 80
    assert all(f"\n  {name} = " in out for name in Settings.model_fields)


def test_a_setting_that_is_not_the_default_is_told_with_the_default(
    gems: Gems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMS_MAX_ITERATIONS", "7")
    assert "  max_iterations = 7    (default 5)\n" in gems("settings").out
    facts = gems("settings", "--json").json
    assert (facts["max_iterations"]["value"], facts["max_iterations"]["default"]) == (7, 5)
    assert facts["pause"]["choices"] == ["never", "criteria", "verdicts", "both"]
    assert (
        list(facts)
        == list(Settings.model_fields)
        == list(Settings.model_json_schema()["properties"])
    )


def commands(group: Any = None, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command of every group, by what is typed after `gems`."""
    group = group or get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


def test_every_command_of_many_options_has_examples_and_each_example_works() -> None:
    known = dict(commands())
    assert {*EXAMPLES} <= {*known}
    many = {name for name, command in known.items() if len(command.params) > 9}
    assert {name for name in many if "Examples:" not in EXAMPLES.get(name, "")} == set()
    for name, text in EXAMPLES.items():
        lines = re.findall(r"^  gems (.*)$", text.replace("\\\n", ""), re.MULTILINE)
        assert lines
        for line in lines:
            words = shlex.split(line)
            path, arguments = name.split(), words[len(name.split()) :]
            assert words[: len(path)] == path
            known[name].make_context(name, arguments, resilient_parsing=False)


def test_every_option_that_takes_a_value_says_what_and_what_for() -> None:
    for name, command in commands():
        for option in command.params:
            assert option.help, (name, option.name)


def test_options_of_a_run_stand_in_panels(gems: Gems) -> None:
    out = gems("run", "--help").out
    panels = re.findall(r"╭─ (.*?) ─+╮", out)
    assert panels == [
        "Arguments", "Options", "Models", "Generator", "Loop", "Limits", "Any other setting",
        "Storage and output", "Many prompts",
    ]  # fmt: skip
    assert all(f"--{each}" in out.partition("Limits")[2] for each in ("max-cost", "max-images"))
