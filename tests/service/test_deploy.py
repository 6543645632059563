"""The compose file of a server: it says what the package reads, and holds no password."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gems_graph.settings import Settings

FILE = Path(__file__).parents[2] / "deploy" / "compose.yaml"
PLACES = {"GEMS_HOME", "GEMS_URL", "GEMS_IMAGES", "GEMS_DATABASE"}


@pytest.fixture
def services() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text("utf-8"))["services"])


def test_what_it_sets_is_read(services: dict[str, Any]) -> None:
    ours = {name for name in services["api"]["environment"] if name.startswith("GEMS_")}
    assert PLACES & ours == {"GEMS_HOME", "GEMS_URL"}
    unknown = {name.removeprefix("GEMS_").lower() for name in ours - PLACES}
    assert unknown <= Settings.model_fields.keys()


def test_no_password_is_in_it_and_the_port_is_for_this_machine(services: dict[str, Any]) -> None:
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${")
    assert ":${POSTGRES_PASSWORD:?" in services["api"]["environment"]["DATABASE_URI"]
    assert all(port.startswith("127.0.0.1:") for port in services["api"]["ports"])
    assert "ports" not in services["postgres"]
    assert "ports" not in services["redis"]


def test_the_server_waits_for_both_and_keeps_what_it_made(services: dict[str, Any]) -> None:
    needed = services["api"]["depends_on"]
    assert needed.keys() == {"postgres", "redis"}
    assert all(services[name]["healthcheck"]["test"] for name in needed)
    volumes = yaml.safe_load(FILE.read_text("utf-8"))["volumes"]
    mounted = [each for name in ("api", "postgres") for each in services[name]["volumes"]]
    assert {each.partition(":")[0] for each in mounted} == volumes.keys()
    assert f"pictures:{services['api']['environment']['GEMS_HOME']}" in mounted
