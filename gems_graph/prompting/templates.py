"""Prompt templates: one file per task, Jinja2, pictures placed where the template says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gems_graph.errors import ConfigError
from gems_graph.paths import data_folder
from gems_graph.state import ImageRef


class Picture(NamedTuple):
    """A picture inside a prompt, to be shown at most `side` pixels long (None: the default)."""

    ref: ImageRef
    side: int | None = None


Part = str | Picture
"""A piece of an assembled prompt: text, or a picture between texts."""

_MARK = "\x00{}\x00"  # stands for picture k while Jinja works; user text never holds \x00
_MARKS = re.compile("\x00(\\d+)\x00")


_OPENERS = re.compile(
    r"<(?=[A-Za-z_|｜]|\s*/\s*[A-Za-z_]|\s+[A-Za-z_]\w*\s*>)"  # a tag, however spaced; `<|im_end|>`
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_[A-Z]+|IMG(?:_[A-Z]+)?)\])"  # Mistral's
)
_NAMES = {"<": "lt", "[": "lsqb"}
_SIGNS = {name: sign for sign, name in _NAMES.items()}


def escape(text: str) -> str:
    """Escape what could be read as one of our tags or a model's control token (`<|im_end|>`).

    Only a `<` or `[` that opens something like that is changed, so that quoted text, code and
    formulas reach the model, and come back from it, letter for letter.
    """
    text = re.sub(r"&(?=(?:amp;)*(?:lt|lsqb);)", "&amp;", text.replace("\x00", ""))
    return _OPENERS.sub(lambda match: f"&{_NAMES[match[0]]};", text)


def unescape(text: str) -> str:
    """Undo `escape`, for answers in which a model copied what it was shown."""
    return re.sub(r"&((?:amp;)*)(lt|lsqb);", _undo_escape, text)


def _undo_escape(match: re.Match[str]) -> str:
    return f"&{match[1][4:]}{match[2]};" if match[1] else _SIGNS[match[2]]


class Prompts:
    """The templates of all tasks.

    Args:
        folder: a folder whose files override others of the same name.
        strategy: a folder with a strategy's own, which override the packaged ones.

    Raises:
        ConfigError: the folder does not exist.
    """

    def __init__(self, folder: str | None = None, strategy: Path | None = None) -> None:
        if folder and not Path(folder).is_dir():
            msg = f"The prompt folder {folder!r} does not exist; create it or drop the setting."
            raise ConfigError(msg)
        overrides = [Path(each) for each in (folder, strategy) if each]
        folders = [*overrides, data_folder("prompts")]
        self._environment = ImmutableSandboxedEnvironment(  # prompts are shared as text
            loader=ChoiceLoader([FileSystemLoader(each) for each in folders]),
            undefined=StrictUndefined,
            finalize=lambda value: value if isinstance(value, _Marked) else escape(str(value)),
            autoescape=False,  # not HTML: `escape` does what matters to a model
        )
        self._environment.globals["generator_notes"] = ""  # where nobody knows the generator

    def render(self, task: str, **values: Any) -> list[Part]:
        """Assemble the prompt of a task from its template and values.

        Returns:
            Texts and pictures in reading order; no text is empty.

        Raises:
            ConfigError: the template is missing, broken, or names an undefined value.
        """
        pictures: list[Picture] = []

        def image(ref: ImageRef, side: int | None = None) -> _Marked:
            pictures.append(Picture(ref, side))
            return _Marked(_MARK.format(len(pictures) - 1))

        try:
            text = self._environment.get_template(f"{task}.md").render(image=image, **values)
        except TemplateError as error:
            msg = f"The prompt template {task!r} is broken: {error}. Mend or remove your override."
            raise ConfigError(msg) from error
        return list(_parts(text.strip(), pictures))


def as_text(parts: Sequence[Part], side: int) -> str:
    """Return an assembled prompt as text, `[picture ...]` where one stands.

    Args:
        parts: what `Prompts.render` returned.
        side: the longest side of a picture whose template names none, in pixels.
    """
    texts = [
        part.strip("\n")
        if isinstance(part, str)
        else f"[picture {part.ref['sha256'][:8]}, at most {part.side or side} px]"
        for part in parts
    ]
    return "\n".join(texts)


class _Marked(str):
    """Text made here, which must not be escaped."""

    __slots__ = ()


@lru_cache(maxsize=16)
def prompts_in(folder: str | None = None, strategy: Path | None = None) -> Prompts:
    """Return the templates of folders over the packaged ones; read again when files change."""
    return Prompts(folder, strategy)


def _parts(text: str, pictures: Sequence[Picture]) -> Sequence[Part]:
    parts: list[Part] = []
    for k, piece in enumerate(_MARKS.split(text)):
        if k % 2:
            parts.append(pictures[int(piece)])
        elif piece.strip():
            parts.append(piece)
    return parts
