"""Does one process keep model servers busy? GenEval2's prompts against servers on loopback.

`gems eval run geneval2` (GEMS, five probes a picture, 2.8 pictures a prompt) draws from two servers
in a process of their own, which answer after fixed delays and have so many slots. Half-way it is
killed with SIGKILL, and the same command goes on. Measured, against limits:

- memory: the most that the client's process took (800 MB);
- CPU: seconds of the client a trajectory, with start, resume and everything it writes (0.5 s);
- slots: the share of the time in which the servers' slots worked while there was something left to
  begin (90 %; judged from 400 prompts on, as fewer are all beginning and end);
- the kill: what was asked for twice, which can only be what was under way; nothing that had been
  answered a second before.

Where the data has fewer prompts than are asked for, they come again with a number; without data,
the prompts are those of `shapes`.

    python -m tools.bench_serving [--prompts 800] [--data-dir DIR] [--door eval] [--concurrency 64]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gems_graph.benchmarks.listing import open_task
from gems_graph.errors import GemsError
from tools.serving import Served, Servers, Told

MEMORY, CPU, BUSY = 800e6, 0.5, 0.9
"""Bytes; seconds a trajectory; share of the time."""
JUDGED_FROM, MARGIN = 400, 1.0
DOORS = {
    "eval": ("eval", "run", "geneval2", "--data-dir", "data", "--strategy", "gems"),
    "prompts": ("run", "--prompts", "data/geneval2_data.jsonl", "--seed", "1"),
}


class Phase(NamedTuple):
    """One process: when it ran, on the clock of the servers, and what it took."""

    begin: float
    end: float
    cpu: float
    memory: float
    code: int


def write_prompts(count: int, data: Path, folder: Path) -> str:
    """Write so many prompts as GenEval2's data, no two alike; return where they are from."""
    try:
        name, found = "GenEval2", open_task("geneval2").load(data)
    except GemsError:
        name, found = "shapes", open_task("shapes").load(data)
    folder.mkdir()
    records = [
        {**each.data, "prompt": f"{each.text}, number {turn + 1}" if turn else each.text}
        for turn in range(-(-count // len(found)))
        for each in found
    ][:count]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "geneval2_data.jsonl").write_text(lines, "utf-8")
    return f"{min(count, len(found))} of {name}"


def command(servers: Servers, options: argparse.Namespace) -> list[str]:
    """Return the client's command line."""
    return [
        sys.executable, "-m", "gems_graph.cli", *DOORS[options.door], "--out", "out", "--quiet",
        "--concurrency", str(options.concurrency),
        "--mllm", "compat:served", "--mllm-url", servers.chat_url, "--generator", servers.image_url,
        "--set", f"concurrency={2 * options.chat_slots}",
        "--set", f"generator_concurrency={2 * options.image_slots}",
    ]  # fmt: skip


def phase(call: Sequence[str], home: Path, kill_at: int | None) -> Phase:
    """Run the client to its end, or until so many trajectories have ended, then kill it."""
    env = {**os.environ, "GEMS_HOME": str(home / "home"), "LANGSMITH_TRACING": "false"}
    begin = time.monotonic()
    client, memory = subprocess.Popen(call, cwd=home, env=env, stdout=subprocess.DEVNULL), 0
    try:
        while not _is_over(client) and (kill_at is None or ended(home) < kill_at):
            memory = max(memory, peak(client.pid))
            time.sleep(0.1)
    finally:
        killed = time.monotonic()
        if kill_at is not None:
            client.kill()
    _, status, took = os.wait4(client.pid, 0)
    client.returncode = os.waitstatus_to_exitcode(status)
    end = time.monotonic() if kill_at is None else killed
    cpu = took.ru_utime + took.ru_stime
    return Phase(begin, end, cpu, memory or took.ru_maxrss * 1024, client.returncode)


def peak(pid: int) -> int:
    """Return the most memory that a process has taken so far, in bytes; 0 where nothing says it.

    Not `ru_maxrss`: that begins with the memory of the process which started it.
    """
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def _is_over(client: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process has ended, and leave it to be waited for."""
    how = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, client.pid, how) is not None


def ended(home: Path) -> int:
    """Count the trajectories that have ended."""
    files = (home / "out" / place / "summary.jsonl" for place in ("", "gems/runs"))
    return sum(file.read_bytes().count(b"\n") for file in files if file.exists())


def busy(served: Sequence[Served], slots: int, windows: Sequence[tuple[float, float]]) -> float:
    """Return the share of the slots' time in some windows in which they worked."""
    span = sum(end - begin for begin, end in windows)
    worked = sum(
        max(0.0, min(each.end, end) - max(each.begin, begin))
        for each in served
        for begin, end in windows
    )
    return worked / (slots * span) if span else 0.0


def windows(told: Told, phases: Sequence[Phase]) -> list[tuple[float, float]]:
    """Return, for each process, from its first request to the kill or its last beginning."""
    found = []
    for each in phases:
        mine = [s for s in (*told.chat, *told.images) if each.begin <= s.came <= each.end]
        began = [s.came for s in mine if s.kind == "decompose"]
        first = min(s.came for s in mine)
        killed = each.code == -signal.SIGKILL
        found.append((first, each.end if killed else max(began, default=first)))
    return found


def twice(told: Told, killed: float) -> tuple[int, int, int]:
    """Return what the kill cost: requests under way, asked for twice, and those not excused.

    Excused is what had not been answered, or less than a second before, when it was killed.
    """
    served = [*told.chat, *told.images]
    under_way = {s.key for s in served if s.came <= killed < s.end}
    young = {s.key for s in served if s.came <= killed and killed - MARGIN <= s.end}
    again = [key for key, count in Counter(s.key for s in served).items() if count > 1]
    return len(under_way), len(again), sum(key not in young for key in again)


def figures(
    told: Told, phases: Sequence[Phase], source: str, options: argparse.Namespace
) -> dict[str, Any]:
    """Return everything that is printed."""
    seen, last = windows(told, phases), phases[-1].end
    whole = [(begin, each.end) for (begin, _), each in zip(seen, phases, strict=True)]
    under_way, again, paid_twice = twice(told, phases[0].end)
    return {
        "trajectories": options.prompts,
        "source": source,
        "concurrency": options.concurrency,
        "memory": max(each.memory for each in phases),
        "cpu": sum(each.cpu for each in phases) / options.prompts,
        "chat_busy": busy(told.chat, options.chat_slots, seen),
        "image_busy": busy(told.images, options.image_slots, seen),
        "chat_busy_whole": busy(told.chat, options.chat_slots, whole),
        "image_busy_whole": busy(told.images, options.image_slots, whole),
        "calls": len(told.chat), "images": len(told.images),
        "under_way": under_way, "again": again, "paid_twice": paid_twice,
        "servers_cpu": told.cpu / options.prompts,
        "client_load": sum(each.cpu for each in phases) / sum(e.end - e.begin for e in phases),
        "seconds": last - phases[0].begin,
        "codes": [each.code for each in phases],
    }  # fmt: skip


def missed(found: dict[str, Any]) -> list[str]:
    """Return the limits that were not held, in words."""
    held = {
        "the client failed": found["codes"] in ([-signal.SIGKILL, 0], [-signal.SIGKILL, 3]),
        "memory": found["memory"] < MEMORY,
        "CPU a trajectory": found["cpu"] <= CPU,
        "paid twice": not found["paid_twice"] and found["again"] <= found["under_way"] + 8,
    }
    if found["trajectories"] >= JUDGED_FROM:
        held["busy slots"] = min(found["chat_busy"], found["image_busy"]) > BUSY
    return [name for name, fine in held.items() if not fine]


def show(found: dict[str, Any], options: argparse.Namespace) -> None:
    """Print the figures against their limits."""
    judged = "" if found["trajectories"] >= JUDGED_FROM else f", judged from {JUDGED_FROM} on"
    lines = [
        ("trajectories", f"{found['trajectories']}, {found['concurrency']} at a time, in "
         f"{found['seconds']:.0f} s (prompts: {found['source']})"),
        ("memory", f"{found['memory'] / 1e6:.0f} MB (limit {MEMORY / 1e6:.0f})"),
        ("CPU of the client", f"{found['cpu']:.3f} s a trajectory (limit {CPU}); "
         f"{100 * found['client_load']:.0f} % of one core"),
        ("chat server", f"{options.chat_slots} slots of {options.chat_seconds} s, busy "
         f"{100 * found['chat_busy']:.1f} % (limit {100 * BUSY:.0f}{judged}); to the last reply "
         f"{100 * found['chat_busy_whole']:.1f} %"),
        ("image server", f"{options.image_slots} slots of {options.image_seconds} s, busy "
         f"{100 * found['image_busy']:.1f} % (limit {100 * BUSY:.0f}{judged}); to the last reply "
         f"{100 * found['image_busy_whole']:.1f} %"),
        ("served", f"{found['calls']} chat calls, {found['images']} pictures; the servers' CPU "
         f"{found['servers_cpu']:.3f} s a trajectory"),
        ("killed half-way", f"{found['under_way']} requests under way, {found['again']} asked for "
         f"again, {found['paid_twice']} of them answered before"),
    ]  # fmt: skip
    for name, said in lines:
        print(f"{name:<18} {said}")


def measure(options: argparse.Namespace, home: Path) -> dict[str, Any]:
    """Draw all, with a kill in the middle, and return the figures."""
    source = write_prompts(options.prompts, options.data_dir, home / "data")
    chat = options.chat_slots, options.chat_seconds
    images = options.image_slots, options.image_seconds
    with Servers(chat, images, options.side) as servers:
        call = command(servers, options)
        first = phase(call, home, options.prompts // 2)
        servers.clear()
        second = phase(call, home, None)
        return figures(servers.told(), (first, second), source, options)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    shared = Path(__file__).parents[2] / "shared" / "benchdata"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=800)
    parser.add_argument(
        "--data-dir", type=Path, default=Path(os.environ.get("GEMS_BENCHDATA", shared))
    )
    parser.add_argument("--door", choices=[*DOORS], default="eval", help="gems eval run, gems run")
    parser.add_argument("--concurrency", type=int, default=64, help="trajectories at a time")
    parser.add_argument("--chat-slots", type=int, default=28)
    parser.add_argument("--chat-seconds", type=float, default=1.0)
    parser.add_argument("--image-slots", type=int, default=8)
    parser.add_argument("--image-seconds", type=float, default=2.0)
    parser.add_argument("--side", type=int, default=1024, help="of a picture, in pixels")
    return parser.parse_args(given)


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="bench-serving-") as folder:
        found = measure(options, Path(folder))
    show(found, options)
    if names := missed(found):
        sys.exit(f"Missed: {', '.join(names)}.")


if __name__ == "__main__":
    main()
