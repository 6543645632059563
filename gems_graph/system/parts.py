"""Names of temporary files, from which host and process of the writer can be read."""

from __future__ import annotations

import os
import re
import secrets
import socket
import time

PARTS = ".parts"
"""The folder of temporary files, in the root of a store."""
_FORM = re.compile(r"\.part-([^-]+)-(\d{1,9})-[0-9a-f]+")
_DAY = 86_400.0  # seconds; no write takes that long


def new_part() -> str:
    """Return a name nobody else uses, with this host and process in it."""
    return f".part-{_host()}-{os.getpid()}-{secrets.token_hex(6)}"


def is_abandoned(name: str, modified: float) -> bool:
    """Tell whether a temporary file was left by a writer that died.

    Of other hosts and of names we do not know only age tells; a process id may be taken again.

    Args:
        name: of the file.
        modified: when it was last written to, POSIX seconds.
    """
    form = _FORM.fullmatch(name)
    if form and form[1] == _host() and not _alive(int(form[2])):
        return True
    return time.time() - modified > _DAY


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())


def _alive(pid: int) -> bool:
    if os.name != "posix":  # elsewhere signal 0 is no question but a signal
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True
