"""Who plays which role: Python, variables, a TOML file, the command line; and the doctor."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from gems_graph import Store, build_graph, cli
from gems_graph.errors import ConfigError
from gems_graph.models.reply import thought_of
from gems_graph.runs.doctor import examine
from gems_graph.settings import Settings, from_env, from_file, settle
from gems_graph.settings.roles import ModelSpec
from gems_graph.testing import ChatServer, Fault, ImageServer, Painter, ScriptedChat
from tests.conftest import criteria


def test_a_role_takes_the_default_model_and_its_own_options() -> None:
    roles = {"verifier": {"temperature": 0}, "refiner": "openai:b"}
    settings = settle({"mllm": "compat:a", "mllm_url": "u", "temperature": 1.0, "roles": roles})
    assert settings.model_for("planner") == ModelSpec(
        mllm="compat:a", mllm_url="u", temperature=1.0
    )
    assert settings.model_for("verifier") == ModelSpec(mllm="compat:a", mllm_url="u", temperature=0)
    assert settings.model_for("refiner") == ModelSpec(mllm="openai:b")  # another server's options


def test_variables_name_models_of_roles() -> None:
    dials = from_env({
        "GEMS_MLLM": "compat:a", "GEMS_MLLM_URL": "u", "GEMS_MLLM_VERIFIER": "compat:b",
        "GEMS_MLLM_VERIFIER_URL": "v", "GEMS_MLLM_VERIFIER_TEMPERATURE": "0.5",
        "GEMS_MLLM_JUDGE": "compat:c", "GEMS_HOME": "/h", "OTHER": "x",
        "GEMS_PRICES": '{"compat:a": {"input": 1}}',
    })  # fmt: skip
    settings = settle(dials)
    assert settings.model_for("decomposer").mllm == "compat:a"
    expected = ModelSpec(mllm="compat:b", mllm_url="v", temperature=0.5)
    assert settings.model_for("verifier") == expected
    assert settings.model_for("judge").mllm == "compat:c"
    assert settings.prices["compat:a"].input == 1


def test_a_file_gives_way_to_variables_and_layers_merge_role_by_role(tmp_path: Path) -> None:
    file = tmp_path / "gems.toml"
    file.write_text(
        'mllm = "compat:a"\nmax_iterations = 2\n[roles.verifier]\nmllm = "compat:b"\n'
        'max_tokens = 64\n[roles.refiner]\nmllm = "compat:c"\n'
    )
    settings = settle(from_file(file), {"roles": {"refiner": "compat:d"}, "max_iterations": 3})
    assert settings.model_for("verifier") == ModelSpec(mllm="compat:b", max_tokens=64)
    assert settings.model_for("refiner").mllm == "compat:d"
    assert settings.max_iterations == 3


def test_a_role_that_no_strategy_has_is_refused_when_the_graph_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GEMS_MLLM_PAINTER", "compat:x")
    with pytest.raises(ConfigError, match=r"no role 'painter'.*planner.*judge"):
        build_graph()
    monkeypatch.setenv("GEMS_MLLM_PAINTER", "")
    monkeypatch.setenv("GEMS_MLLM_JUDGE", "compat:x")
    build_graph()


@pytest.mark.parametrize(
    ("text", "said"),
    [("mllm = ", "Cannot read the settings"), ("colour = 1", "no setting 'colour'"),
     ("[roles.verifier]\nmodel = 'x'", "roles")],
)  # fmt: skip
def test_a_bad_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "gems.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        settle(from_file(tmp_path / "gems.toml"))


def test_roles_are_played_by_their_models_over_http(store: Store) -> None:
    eyes_script = {"verify": {"evidence": "-", "answer": "yes"}}
    with ChatServer({"decompose": criteria(2)}) as mind, ChatServer(eyes_script) as eyes:
        with ImageServer() as images:
            build_graph(
                mllm="compat:mind", mllm_url=mind.url, generator=f"http:{images.url}",
                roles={"verifier": {"mllm": "compat:eyes", "mllm_url": eyes.url,
                                    "temperature": 0, "max_tokens": 77,
                                    "extra_body": {"top_k": 1}}},
                store=store,
            ).invoke({"prompt": "p"})  # fmt: skip
        assert {r["kind"] for r in mind.requests} == {"select-skills", "decompose"}
        assert [r["kind"] for r in eyes.requests] == ["verify"] * 2
        sent = eyes.requests[0]
        limits = sent.get("max_tokens") or sent.get("max_completion_tokens")
        assert (sent["model"], sent["temperature"], limits, sent["top_k"]) == ("eyes", 0, 77, 1)
        assert "response_format" in sent


def test_objects_play_roles_too(store: Store) -> None:
    mind, eyes = ScriptedChat(), ScriptedChat()
    graph = build_graph(mllm={"default": mind, "verifier": eyes}, generator=Painter(), store=store)
    graph.invoke({"prompt": "p"})
    assert (len(mind.asked("verify")), len(eyes.asked("verify"))) == (0, 2)
    with pytest.raises(ConfigError, match="no role 'painter'"):
        build_graph(mllm={"painter": mind})


def test_the_command_line_sets_a_role(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gems", "run", "p", "--role", "verifier"])
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    assert "ROLE=MODEL" in capsys.readouterr().err
    (tmp_path / "gems.toml").write_text('[roles.verifier]\nmllm = "compat:b"\n')
    monkeypatch.setattr(sys, "argv", ["gems", "settings"])
    with pytest.raises(SystemExit, match="0"):
        cli.main()
    assert "compat:b" in capsys.readouterr().out


# ------------------------------------------------------------------ reasoning


@pytest.mark.parametrize(
    "message",
    [
        AIMessage("x", additional_kwargs={"reasoning_content": "because"}),
        AIMessage("x", additional_kwargs={"reasoning": "because"}),
        AIMessage([{"type": "reasoning", "reasoning": "because"}, {"type": "text", "text": "x"}]),
        AIMessage(
            [{"type": "thinking", "thinking": "because", "signature": "s"},
             {"type": "text", "text": "x"}],
            response_metadata={"model_provider": "anthropic"},
        ),
        AIMessage(
            [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "because"}]},
             {"type": "text", "text": "x"}],
            response_metadata={"model_provider": "openai"},
        ),
    ],
    ids=["compat", "vllm", "standard", "anthropic", "openai-responses"],
)  # fmt: skip
def test_reasoning_is_found_however_the_provider_sends_it(message: AIMessage) -> None:
    assert thought_of(message) == "because"
    assert str(message.text) == "x"


# ------------------------------------------------------------------ doctor


def found(settings: Settings, store: Store) -> Any:
    return {finding.who: finding for finding in asyncio.run(examine(settings, store))}


def test_the_doctor_finds_the_offline_models_well(store: Store) -> None:
    findings = found(Settings(), store)
    chat = findings["planner, decomposer, verifier, refiner, compressor, judge"]
    assert chat.works["vision"] is True
    assert findings["generator"].works == {"picture": True}
    assert not any(finding.fatal for finding in findings.values())


def test_the_doctor_tells_a_blind_model_from_a_seeing_one(store: Store) -> None:
    with ChatServer({"verify": "yes"}, declines=("response_format",)) as chat:
        sighted = dict.fromkeys(("planner", "decomposer", "judge"), "mini")
        settings = settle({"mllm": "compat:m", "mllm_url": chat.url, "roles": sighted})
        findings = found(settings, store)
    blind = findings["verifier, refiner, compressor"]
    assert blind.works["text"] is True
    assert blind.works["vision"] is False
    assert blind.works["structured"] is False
    assert blind.works["reasoning"] is False
    assert blind.fatal
    assert any("vision model" in remedy for remedy in blind.remedies)
    assert not findings["planner, decomposer, judge"].fatal


def test_the_doctor_names_what_cannot_be_reached(store: Store) -> None:
    with ImageServer([Fault(401)]) as images:
        settings = settle({"mllm": "compat:m", "mllm_url": "http://127.0.0.1:1/v1", "retries": 0,
                           "generator": f"http:{images.url}"})  # fmt: skip
        findings = found(settings, store)
    assert all(finding.fatal for finding in findings.values())
    assert "HTTP 401" in findings["generator"].remedies[0]
    assert "ConnectError" in next(iter(findings.values())).remedies[0]
