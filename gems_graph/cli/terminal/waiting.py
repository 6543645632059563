"""A run of the command line that waits for a person: who is asked, and how to go on later."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from gems_graph.cli.terminal.dialogue import Dialogue
from gems_graph.cli.terminal.editor import editor
from gems_graph.errors import StoreError
from gems_graph.images import Store
from gems_graph.prompting.sanitize import printable
from gems_graph.review.questions import Question, VerdictQuestion

_OPTIONS = {
    "criteria": "--criteria FILE",
    "prompt": "--prompt TEXT",
    "verdicts": "--verdict N=yes",
    "accept": "--accept",
}


def put(
    question: Question, thread: str, folder: Path, store: Store, console: Console, *, as_json: bool
) -> Any:
    """Return the answer of whoever sits at the terminal; None: not now.

    Then how to go on has been said, and with `as_json` the question stands on stdout.

    Raises:
        StoreError: the picture in question cannot be written to the folder.
    """
    picture = _keep(question, folder, store) if question["kind"] == "verdict" else None
    dialogue = Dialogue(console, edit=editor())
    if as_json:
        waiting = {"thread": thread, "question": question, "file": picture and str(picture)}
        print(printable(json.dumps(waiting, ensure_ascii=False)))  # noqa: T201
    elif not (sys.stdin.isatty() and console.is_terminal):
        dialogue.show(question, picture)
    elif (answer := dialogue.about(question, picture)) is not None:
        return answer
    print(printable(how_to_go_on(question, thread)), file=sys.stderr)  # noqa: T201
    return None


def how_to_go_on(question: Question, thread: str) -> str:
    """Say what a run waits for, and how to answer."""
    about = "the criteria"
    if question["kind"] == "verdict":
        about = f"the verdict on round {question['round']}"
    options = ", ".join(_OPTIONS[name] for name in question["answers"])
    again = f"gems resume {shlex.quote(thread)}"
    return (
        f"Waiting for a word on {about}. Go on with: {again} (a dialogue, on a terminal), or "
        f"{again} --go-on; instead of --go-on: {options}."
    )


def _keep(question: VerdictQuestion, folder: Path, store: Store) -> Path:
    """Put the picture where the finished run will have it."""
    suffix = question["image"]["media_type"].partition("/")[2].replace("jpeg", "jpg")
    file = folder / f"round-{question['round']}.{suffix}"
    data = store.read(question["image"]["sha256"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except OSError as error:
        msg = f"Cannot write to {folder} ({error.strerror}); name another folder with --out."
        raise StoreError(msg) from error
    return file
