"""Render one drawing: `child.py PACKAGES FONTS EMPTY SECONDS`, SVG by stdin, PNG by stdout.

A process of its own, as a drawing can crash the renderer in ways that no `except` catches. It
imports nothing of ours, and gives up what it does not need before it reads a byte: time, memory,
files, the network, other programs.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

MEMORY = 1 << 30
FAMILY = "Noto Sans"
_CREATE, _ADD, _RESTRICT = 444, 445, 446  # Landlock's system calls, the same on every processor
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS
_READ = 1 << 2 | 1 << 3  # LANDLOCK_ACCESS_FS_READ_FILE, LANDLOCK_ACCESS_FS_READ_DIR
_FILES = {1: 13, 2: 14, 3: 15, 4: 15}  # rights on files that a version of Landlock knows
_NETWORK = 1 << 0 | 1 << 1  # LANDLOCK_ACCESS_NET_BIND_TCP, LANDLOCK_ACCESS_NET_CONNECT_TCP


def limit(seconds: int) -> None:
    """Bound processor time and memory, and let it write no file and start no program."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows: the parent's clock is what is left
        return
    limits = {"CPU": seconds, "AS": MEMORY, "CORE": 0, "FSIZE": 0, "NPROC": 0, "NOFILE": 16}
    for name, most in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (least, least))
        except (OSError, ValueError):
            if sys.platform != "darwin":  # which keeps no limit on the address space
                raise


def confine(fonts: str, empty: str) -> None:
    """Leave it two folders to read and no network, where the kernel can do that (Landlock)."""
    if not sys.platform.startswith("linux"):
        return
    system = ctypes.CDLL(None, use_errno=True)
    version = system.syscall(_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:  # an older kernel, or one without: the limits and the allow-list are left
        return
    rights = (1 << _FILES.get(version, 16)) - 1
    rules = struct.pack("QQ", rights, _NETWORK) if version >= 4 else struct.pack("Q", rights)
    ruleset = system.syscall(_CREATE, rules, ctypes.c_size_t(len(rules)), 0)
    for folder in (fonts, empty):
        rule = struct.pack("=Qi", _READ, os.open(folder, os.O_PATH))
        _demand(system.syscall(_ADD, ruleset, 1, rule, 0))
    _demand(system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _demand(system.syscall(_RESTRICT, ruleset, 0))


def _demand(answer: int) -> None:
    if answer:
        raise OSError(ctypes.get_errno(), "the renderer could not be confined")


def main(packages: str, fonts: str, empty: str, seconds: str) -> int:
    """Render what comes by stdin; an exit status other than 0 says that there is no picture."""
    limit(int(seconds))
    sys.path.append(packages)
    import resvg_py

    confine(fonts, empty)
    try:
        picture = resvg_py.svg_to_bytes(
            svg_string=sys.stdin.buffer.read().decode(),
            background="white",
            skip_system_fonts=True,
            font_files=[os.path.join(fonts, name) for name in sorted(os.listdir(fonts))],
            resources_dir=empty,
            font_family=FAMILY,
            serif_family=FAMILY,
            sans_serif_family=FAMILY,
            cursive_family=FAMILY,
            fantasy_family=FAMILY,
            monospace_family=FAMILY,
        )
    except ValueError as error:
        sys.stderr.write(str(error)[:200])
        return 2
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
