"""A five-round run over real servers that can be killed at any moment, and what it left."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from gems_graph.errors import GemsError
from gems_graph.testing import ChatServer, ImageServer
from tests.untimed import untimed

ROUNDS = 5
BEFORE, AFTER = -3, 2  # kills also strike before the first request and after the last
PROCESSES = get_context("forkserver")  # a start costs a fork, not the imports
PROCESSES.set_forkserver_preload(
    ["gems_graph.cli.app", "gems_graph.cli.terminal.run", "gems_graph.models.compat"]
)


def _verdict(prompt: str) -> dict[str, str]:
    """Judge by picture and question alone, so that a repeated call gets the same answer."""
    digest = hashlib.sha256(prompt.encode()).digest()
    never = "<criterion>Is it perfect?" in prompt.replace("\n", "")
    return {"evidence": digest.hex()[:6], "answer": "no" if never or digest[0] % 3 else "yes"}


def _refined(prompt: str) -> dict[str, str]:
    return {"rationale": "-", "prompt": f"draw {hashlib.sha256(prompt.encode()).hexdigest()[:12]}"}


SCRIPT: dict[str, Any] = {
    "decompose": {"criteria": ["Is there A?", "Is there B?", "Is there C?", "Is it perfect?"]},
    "verify": _verdict,
    "refine": _refined,
    "compress": lambda prompt: {"experience": hashlib.sha256(prompt.encode()).hexdigest()[:8]},
}


def gems(argv: list[str], env: dict[str, str], says: Connection) -> None:
    """Run a command of `gems` in this process, and send its exit code and what it printed."""
    os.environ.update(env)
    os.environ["LANGSMITH_TRACING"] = "false"
    from gems_graph.cli.app import app

    says.send("begun")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = app(argv, standalone_mode=False) or 0
        except GemsError as error:
            code = 1
            err.write(f"{error}")
    says.send((code, out.getvalue(), err.getvalue()))


def after(seconds: float) -> Callable[[], float]:
    """Return what lets a run be killed so many seconds after it began."""
    return iter((seconds, 0.0)).__next__


class Ran(NamedTuple):
    """How a command ended: None if it was killed."""

    code: int | None
    out: str
    err: str
    seconds: float


class Moment(NamedTuple):
    """When to kill: so many seconds after the servers have seen so many requests."""

    requests: int
    seconds: float


def run(argv: list[str], env: dict[str, str], late: Callable[[], float] | None = None) -> Ran:
    """Run `gems` in a process of its own, and SIGKILL it when `late` has said 0.

    `late` tells for how many more seconds to wait before it is asked again.
    """
    receiving, sending = PROCESSES.Pipe()
    process = PROCESSES.Process(target=gems, args=(argv, env, sending))
    process.start()
    sending.close()
    assert receiving.recv() == "begun"
    started = time.monotonic()
    ended = False
    while not ended and (pause := late() if late else None) != 0:
        ended = receiving.poll(pause)
    if not ended:
        process.kill()
    try:
        sent = receiving.recv() if ended else (None, "", "")
    except EOFError:
        sent = (None, "", "")
    process.join()
    return Ran(*sent, time.monotonic() - started)


class Bench:
    """Servers that count, and the home of the trajectories."""

    def __init__(
        self, chat: ChatServer, images: ImageServer, home: Path, database: str, variations: int
    ) -> None:
        self.chat, self.images, self.home, self.variations = chat, images, home, variations
        self.env = {"GEMS_HOME": str(home), "GEMS_DATABASE": database}

    def begin(self, thread: str, kill: Moment | None = None) -> Ran:
        options = {
            "--mllm": "compat:m", "--mllm-url": self.chat.url, "--seed": "1", "--thread": thread,
            "--generator": f"http:{self.images.url}", "--out": str(self.home / "out" / thread),
            "--variations": str(self.variations),
        }  # fmt: skip
        pairs = [word for option in options.items() for word in option]
        return run(["run", "a cat", "--json", *pairs], self.env, kill and self._late(kill))

    def resume(self, thread: str) -> Ran:
        out = str(self.home / "out" / thread)
        return run(["resume", thread, "--json", "--out", out], self.env)

    def _late(self, kill: Moment) -> Callable[[], float]:
        before, seen = sum(self.counts()), list[float]()

        def late() -> float:
            if sum(self.counts()) - before < kill.requests:
                return 0.001
            seen.append(time.monotonic())
            return max(0.0, kill.seconds - (seen[-1] - seen[0]))

        return late

    def counts(self) -> tuple[int, int]:
        return len(self.images.requests), len(self.chat.requests)


@contextmanager
def bench(home: Path, database: str, variations: int) -> Iterator[Bench]:
    delays = {"": 0.02, "verify": 0.01}
    with ChatServer(SCRIPT, delays=delays) as chat, ImageServer(delay=0.03) as images:
        yield Bench(chat, images, home, database, variations)


def what_counts(ran: Ran) -> Any:
    """Return what must not depend on a crash: prompts, pictures, verdicts, experiences, result."""
    record = untimed(json.loads(ran.out))
    kept = ("n", "prompt", "seed", "image", "verdicts", "variations")
    rounds = [{key: round_.get(key) for key in kept} for round_ in record["rounds"]]
    spent = {
        role: {key: usage[key] for key in ("calls", "images", "input_tokens")}
        for role, usage in record["ledger"].items()
    }
    return rounds, record["result"], record["experiences"], record["criteria"], spent


def under_way(database: str, home: Path) -> tuple[int, int]:
    """Return how many image and chat calls the journal knows begun and not settled."""
    sql = (
        "SELECT COALESCE(SUM(images), 0), COALESCE(SUM(calls), 0) FROM spending"
        " WHERE status = 'reserved'"
    )
    if "://" in database:
        import psycopg

        with psycopg.connect(database) as db:
            table = db.execute("SELECT to_regclass('spending')").fetchone()
            row = db.execute(sql).fetchone() if table and table[0] else (0, 0)
    else:
        import sqlite3

        file = home / "journal.sqlite"
        if not file.exists():
            return 0, 0
        with contextlib.closing(sqlite3.connect(file, timeout=60)) as lite:
            try:
                row = lite.execute(sql).fetchone()
            except sqlite3.OperationalError:  # killed before the table was made
                row = (0, 0)
    assert row is not None
    return int(row[0]), int(row[1])


def temporary(home: Path) -> list[Path]:
    """Return files under a home that only a writer at work may have there."""
    return [file for file in home.rglob("*part*") if file.is_file()] + [*home.rglob("*.tmp")]


def survive(home: Path, database: str, kills: int, seed: int, variations: int = 1) -> int:
    """Kill that many runs, each at another moment, and check what the resumed ones come to.

    Each round draws its prompt `variations` times, side by side.

    Returns:
        How many kills really struck a run under way.
    """
    dice, struck = random.Random(seed), 0
    pictures = ROUNDS * variations
    with bench(home, database, variations) as on:
        whole = on.begin("whole")
        assert whole.code == 3, whole
        expected, (images, chats) = what_counts(whole), on.counts()
        assert images == pictures
        requests = images + chats
        pace = whole.seconds / requests
        for k in range(kills):
            before, (open_images, open_chats) = on.counts(), under_way(database, home)
            at = BEFORE + (requests + AFTER - BEFORE) * (k + dice.random()) / kills
            after = min(max(int(at), 0), requests)
            moment = Moment(after, (at - (after or BEFORE)) * pace)
            ran = on.begin(f"run-{k}", moment)
            images_cut, chats_cut = under_way(database, home)
            if ran.code is None:
                struck += 1
                ran = on.resume(f"run-{k}")
                if "There is no trajectory" in ran.err or "start it again" in ran.err:
                    ran = on.begin(f"run-{k}")
            assert ran.code == 3, (k, moment, ran)
            assert what_counts(ran) == expected, (k, moment)
            drawn, asked = (now - then for now, then in zip(on.counts(), before, strict=True))
            assert pictures <= drawn <= pictures + images_cut - open_images, (k, moment)
            assert chats <= asked <= chats + chats_cut - open_chats, (k, moment)
            assert not temporary(home), (k, moment)
    return struck
