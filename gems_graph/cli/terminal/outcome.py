"""Print how a run ended or was interrupted: results on stdout, the rest on stderr."""

from __future__ import annotations

import json
import shlex
import sys
from functools import partial
from pathlib import Path

from gems_graph.calls.ledger import in_money, total
from gems_graph.cli.terminal.exit_codes import BEST_EFFORT, PASSED, of_signal
from gems_graph.images import Store
from gems_graph.prompting.sanitize import printable
from gems_graph.prompting.wording import counted
from gems_graph.report import folder as folders
from gems_graph.state import Result, State


def print_interrupted(thread: str, signum: int) -> int:
    """Say that there is no picture yet; return the exit code."""
    print(f"Interrupted before any picture was drawn. {_go_on(thread)}", file=sys.stderr)  # noqa: T201
    return of_signal(signum)


def had_ended(thread: str, result: Result) -> str:
    """Say that there was nothing to do, and what there is instead."""
    name = shlex.quote(thread)
    more = f"More rounds: gems resume {name} --set max_iterations=N. "
    spent = result["stop"].get("reason") == "max_iterations"
    return f"{thread} had ended: nothing was done. {more * spent}Another way: gems fork {name}."


def print_outcome(
    state: State, store: Store, thread: str, out: Path, signum: int, *,
    as_json: bool, quiet: bool, is_there: bool = False,
) -> int:  # fmt: skip
    """Write the folder of a run that drew something, tell of it, and return the exit code.

    Args:
        state: of the run.
        store: holds its pictures.
        thread: keeps it.
        out: the folder wanted; one beside it where that holds a run.
        signum: the signal that stopped it; 0: none.
        as_json: print the record.
        quiet: print the picture's file alone.
        is_there: whether the folder holds this very run already, so that none is written.

    Raises:
        StoreError: the folder cannot be written, or a picture is missing.
    """
    folder = out if is_there else folders.free_folder(out)
    about = {"thread": thread}
    record = (folders.record if is_there else partial(folders.write, folder))(state, store, about)
    if not quiet:
        for note in state.get("notes", []):
            print(printable(f"note: {note}"), file=sys.stderr)  # noqa: T201
        print(_used(state), file=sys.stderr)  # noqa: T201
    if as_json:
        print(printable(json.dumps(record, ensure_ascii=False)))  # noqa: T201
    elif quiet:
        print(folder / "image.png")  # noqa: T201
    else:
        print(printable(_verdict(state["result"])))  # noqa: T201
        print(f"{folder / 'image.png'}\n{folder / 'rounds.png'}")  # noqa: T201
    if signum:
        print(f"Interrupted; this is the best so far. {_go_on(thread)}", file=sys.stderr)  # noqa: T201
        return of_signal(signum)
    accepted = state["result"]["stop"].get("reason") == "accepted"
    return PASSED if state["result"]["success"] or accepted else BEST_EFFORT


def _go_on(thread: str) -> str:
    return printable(f"Go on with: gems resume {shlex.quote(thread)}")


def _used(state: State) -> str:
    """Say in one line what the run used."""
    usage = total(state.get("ledger", {}))
    calls, images = counted(usage["calls"], "chat call"), counted(usage["images"], "image")
    tokens = counted(usage["input_tokens"] + usage["output_tokens"], "token")
    return f"used: {calls}, {images}, {tokens}, {in_money(usage['cost'])}"


def _verdict(result: Result) -> str:
    """Say in one line how it ended."""
    stop = result["stop"]
    label = "Passed" if result["success"] else "Best effort"
    label = "Accepted" if stop.get("reason") == "accepted" else label
    head = f"{label}: {result['why']}."
    if error := stop.get("error"):
        return f"{head} Stopped in {stop.get('node')}: {error}"
    return head
