"""What a form says, as a job, an answer or a fork."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from gems_graph.errors import UsageError
from gems_graph.prompting.sanitize import check_text
from gems_graph.settings import Settings, from_assignments, settle

LARGEST = 400_000  # bytes of a form
LONGEST = 20_000
"""Characters of a prompt."""
MODELS = ("mllm", "mllm_url", "generator", "generator_url")
_EVERYDAY = ("preset", "strategy", "max_iterations", "seed", "pause", "size")
_FOR_ALL = {
    *_EVERYDAY, "ratio", "steps", "guidance", "negative", "variations", "max_skills", "memory",
}  # fmt: skip
"""Settings that name no address, file or key and lift no cap: also for people elsewhere."""


@dataclass(frozen=True)
class Form:
    """The fields of a form, each with all its values."""

    fields: Mapping[str, Sequence[str]]

    def __getitem__(self, name: str) -> str:
        return next(iter(self.fields.get(name, ())), "").strip()

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return list(self.fields.get(name, ()))

    def lines(self, name: str) -> list[str]:
        """Return the lines of a field that say something."""
        return [line.strip() for line in self[name].splitlines() if line.strip()]


async def form_of(request: Request) -> Form:
    """Read a form.

    Raises:
        UsageError: it is too long, or no text.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > LARGEST:
            msg = f"That is too much text for a form: at most {LARGEST // 1000} kB."
            raise UsageError(msg)
    try:
        fields = parse_qs(data.decode("utf-8"), errors="strict", max_num_fields=2_000)
    except ValueError as error:
        msg = "The form is no UTF-8 text."
        raise UsageError(msg) from error
    return Form({k: [v.replace("\r\n", "\n") for v in each] for k, each in fields.items()})


def prompt_in(form: Form) -> str:
    """Return what to draw.

    Raises:
        UsageError: nothing, too much, or no text that a database keeps.
    """
    prompt = form["prompt"]
    if not prompt:
        msg = "The prompt is empty: say what to draw."
        raise UsageError(msg)
    if len(prompt) > LONGEST:
        msg = f"The prompt has {len(prompt):,} characters; at most {LONGEST:,} are taken."
        raise UsageError(msg)
    return check_text(prompt)


def settings_in(form: Form, base: Settings, *, here: bool) -> Settings:
    """Return the settings that a form asks for, over those of the server.

    Args:
        form: what was filled in; empty fields say nothing.
        base: settings of the server.
        here: whether whoever asks sits at this machine, and may name models and files.

    Raises:
        UsageError: somebody elsewhere names a model, or a line is no setting.
        ConfigError: a setting is unknown, or cannot have that value.
    """
    pairs = [line.partition("=") for line in form.lines("more")]
    if wrong := next((name for name, sign, _ in pairs if not sign), None):
        msg = f"A setting is a line NAME = VALUE, not {wrong!r}."
        raise UsageError(msg)
    more = {name.strip().replace("-", "_"): value.strip() for name, _, value in pairs}
    chosen = {**more, **{name: form[name] for name in (*_EVERYDAY, *MODELS) if form[name]}}
    refused = sorted({name.partition(".")[0] for name in chosen} - _FOR_ALL)
    if refused and not here:
        msg = f"The setting {refused[0]!r} is for whoever runs this server to choose."
        raise UsageError(msg)
    return settle(base, from_assignments(chosen))


def answer_in(form: Form, question: Mapping[str, Any]) -> Any:
    """Return the answer that a form gives to the question of a pause; True: go on."""
    if form["do"] == "accept":
        return {"accept": True}
    answer: dict[str, Any] = {}
    if question["kind"] == "criteria":
        before = [criterion["question"] for criterion in question["criteria"]]
        if form.lines("criteria") != before:
            answer["criteria"] = form.lines("criteria")
        if form["prompt"] != question["prompt"].strip():
            answer["prompt"] = form["prompt"]
        return answer or True
    overruled = {
        str(verdict["n"]): form[f"verdict-{verdict['n']}"]
        for verdict in question["verdicts"]
        if form[f"verdict-{verdict['n']}"] not in ("", verdict["answer"])
    }
    if overruled:
        answer["verdicts"] = overruled
    if form["prompt"]:
        answer["prompt"] = form["prompt"]
    return answer or True
