"""The Verifier is blind: it sees the picture and the criterion, never what led to them.

Whoever knows the request, the prompt or earlier verdicts judges more leniently.
"""

from __future__ import annotations

import base64
import io
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, meta
from langchain_core.messages import AIMessage, BaseMessage
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from docs.examples import side_by_side
from gems_graph import plugins
from gems_graph.errors import ConfigError
from gems_graph.nodes.probes import TEMPLATES
from gems_graph.paths import data_folder
from gems_graph.strategies import open_strategy
from gems_graph.testing import Painter, text_of

SHOWN = {"image", "picture", "pictures", "side", "criterion", "criteria"}
STRATEGIES = [*map(open_strategy, plugins.names("strategies")), side_by_side.STRATEGY]
JUDGING = {
    (strategy.prompts, template)
    for strategy in STRATEGIES
    for module in strategy.nodes.values()
    if module.part == "judge"
    for template in module.templates
} | {(None, file.stem) for file in data_folder("prompts").glob("verifier*.md")}


def names_in(folders: list[Path], template: str) -> set[str]:
    """Return what a template, and all that it includes, would be told."""
    environment = Environment(loader=FileSystemLoader(folders))  # not rendered
    assert environment.loader
    parsed = environment.parse(environment.loader.get_source(environment, template)[0])
    named = meta.find_undeclared_variables(parsed)
    for included in meta.find_referenced_templates(parsed):
        named |= names_in(folders, str(included))
    return named


@pytest.mark.parametrize(("folder", "template"), sorted(JUDGING, key=str))
def test_a_template_that_judges_names_nothing_but_picture_and_criterion(
    folder: Path | None, template: str
) -> None:
    folders = [each for each in (folder, data_folder("prompts")) if each]
    assert names_in(folders, f"{template}.md") <= SHOWN


@pytest.mark.parametrize(
    "secret", ["user_prompt", "prompt", "history", "current", "rounds", "state"]
)
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_of_somebody_else_that_names_more_is_refused(
    loop: Any, tmp_path: Path, template: str, secret: str
) -> None:
    (tmp_path / f"{template}.md").write_text(
        f"{{{{ image(picture, side) }}}} <task>verify</task> {{{{ {secret} }}}}"
    )
    probe = "direct" if template.endswith("direct") else "evidence"
    verify = "batched" if "batched" in template else "per-criterion"
    made = loop(prompts=str(tmp_path), probe=probe, verify=verify, raise_on_error=True)
    with pytest.raises(ConfigError, match=secret):
        made.run()


def thinking(text: str) -> AIMessage:
    return AIMessage(text, additional_kwargs={"reasoning_content": "SECRET thought"})


def drawn(form: str) -> bytes:
    """A picture into which a tool has written its prompt, as most do: small, or large."""
    notes, out = PngInfo(), io.BytesIO()
    notes.add_text("parameters", "SECRET prompt")
    image = Image.new("RGB", (64, 64) if form == "PNG" else (1200, 1200), "teal")
    image.save(out, form, pnginfo=notes, comment=b"SECRET prompt")
    assert b"SECRET" in out.getvalue()
    return out.getvalue()


SCRIPT: dict[str, Any] = {
    "select-skills": {"skills": ["spatial-intelligence"]},
    "apply-skills": thinking('{"prompt": "SECRET prompt 1"}'),
    "decompose": {"criteria": ["Is A?", "Is B?", "Are there two of C?", "Are there two of D?"]},
    "verify": ["gibberish", *[thinking('{"answer": "no", "evidence": "SECRET evidence"}')] * 3,
               {"answer": "yes", "evidence": "SECRET praise"}] * 9,
    "verify-all": ["gibberish", thinking('{"verdicts": [{"n": 1, "answer": "no", "evidence": '
                                         '"SECRET evidence"}]}')] * 9,
    "refine": thinking('{"rationale": "SECRET rationale", "prompt": "SECRET prompt 2"}'),
    "compress": {"experience": "SECRET lesson"},
}  # fmt: skip


def probes_of(chat: Any) -> list[list[BaseMessage]]:
    return [*chat.asked("verify"), *chat.asked("verify-all")]


@pytest.mark.parametrize(
    ("probe", "verify", "preset", "form"),
    [*product(
        ["evidence", "direct"], ["per-criterion", "batched"],
        ["paper", "reference", "memory-thought"], ["PNG", "JPEG"],
    )],
)  # fmt: skip
def test_no_probe_of_a_whole_run_tells_what_came_before(
    loop: Any, probe: str, verify: str, preset: str, form: str
) -> None:
    painter = Painter([drawn(form)] * 3)
    made = loop(SCRIPT, generator=painter, probe=probe, verify=verify, preset=preset,
                max_iterations=3, attempts=2)  # fmt: skip
    out = made.run("SECRET request")
    assert len(out["rounds"]) == 3
    assert "SECRET" in str(made.chat.asked("refine"))  # the others do see it
    probes = probes_of(made.chat)
    assert len(probes) >= (12 if verify == "per-criterion" else 6)
    for messages in probes:
        assert "SECRET" not in "".join(map(text_of, messages))
        for message in messages:
            assert not message.additional_kwargs
        pictures = [b for b in messages[0].content if isinstance(b, dict) and "base64" in b]
        assert len(pictures) == 1
        assert b"SECRET" not in base64.b64decode(pictures[0]["base64"])


def test_a_probe_shows_its_own_criterion_alone(loop: Any) -> None:
    made = loop({"decompose": {"criteria": ["Is A?", "Is B?"]}})
    made.run()
    shown = [text_of(messages[0]) for messages in made.chat.asked("verify")]
    assert sorted(("Is A?" in each, "Is B?" in each) for each in shown) == [
        (False, True), (True, False),
    ]  # fmt: skip


def test_the_request_is_shown_only_where_it_is_itself_the_criterion(loop: Any) -> None:
    made = loop({"decompose": "gibberish"}, attempts=1)
    made.run("SECRET request")
    [[message]] = made.chat.asked("verify")
    before, _, criterion = text_of(message).partition("<criterion>")
    assert ("SECRET" in before, "SECRET" in criterion) == (False, True)
