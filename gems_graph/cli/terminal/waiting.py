"""A run that waits for a person: ask on the terminal, or say how to go on later."""

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
from gems_graph.system.replacing import replace_file, sweep

_OPTIONS = {
    "criteria": "--criteria FILE",
    "prompt": "--prompt TEXT",
    "verdicts": "--verdict N=yes",
    "accept": "--accept",
}


def ask_person(
    question: Question, thread: str, folder: Path, store: Store, console: Console, *, as_json: bool
) -> Any:
    """Ask the person at the terminal, and return the answer; None: there is none now.

    In that case how to go on is printed, and with `as_json` the question on stdout.

    Raises:
        StoreError: the picture in question cannot be written to the folder.
    """
    picture = _write_picture(question, folder, store) if question["kind"] == "verdict" else None
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
    subject = "the criteria"
    if question["kind"] == "verdict":
        subject = f"the verdict on round {question['round']}"
    options = ", ".join(_OPTIONS[name] for name in question["answers"])
    command = f"gems resume {shlex.quote(thread)}"
    return (
        f"Waiting for a word on {subject}. Go on with: {command} (a dialogue, on a terminal), or "
        f"{command} --go-on; instead of --go-on: {options}."
    )


def _write_picture(question: VerdictQuestion, folder: Path, store: Store) -> Path:
    """Write the picture to the file that it has in the folder of the finished run."""
    suffix = question["image"]["media_type"].partition("/")[2].replace("jpeg", "jpg")
    file = folder / f"round-{question['round']}.{suffix}"
    data = store.read(question["image"]["sha256"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        replace_file(file, data)
    except OSError as error:
        msg = f"Cannot write to {folder} ({error.strerror}); name another folder with --out."
        raise StoreError(msg) from error
    return file
