"""Pictures in the terminal, by the protocols of Kitty and iTerm2; no terminal is asked anything.

Which one it speaks is read from the environment: a question could go unanswered, or the answer
land in what the user types. https://sw.kovidgoyal.net/kitty/graphics-protocol,
https://iterm2.com/documentation-images.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, cast

from rich.console import Console, ConsoleOptions, RenderResult
from rich.control import Control
from rich.segment import ControlType, Segment

from gems_graph.errors import StoreError, UsageError
from gems_graph.images import Store
from gems_graph.state import ImageRef

Protocol = Literal["", "kitty", "iterm2"]
Show = Callable[[ImageRef], object]
_ROWS = 14  # of the terminal; half of a small one
_SIDES = (480, 320, 200, 96)  # pixels, until it is small enough
_MOST = 400_000  # characters of a picture in base64
_PART = 4096  # characters of one escape sequence; Kitty's bound
_BY_PROGRAM: dict[str, Protocol] = {
    "iTerm.app": "iterm2", "WezTerm": "iterm2", "ghostty": "kitty", "kitty": "kitty",
}  # fmt: skip


def protocol(
    console: Console, wanted: str | None = None, environ: Mapping[str, str] = os.environ
) -> Protocol:
    """Return what a terminal speaks; empty for pipes, CI, multiplexers and whatever is unknown.

    Args:
        console: where a picture would go.
        wanted: `auto`, `never`, `kitty` or `iterm2`, as the user named it.
        environ: tells which terminal it is.

    Raises:
        UsageError: the user named none of these.
    """
    if wanted not in (None, "", "auto", "never", "kitty", "iterm2"):
        msg = f"--inline takes auto, never, kitty or iterm2, not {wanted!r}."
        raise UsageError(msg)
    if wanted == "never" or not _is_watched(console, environ):
        return ""
    if wanted in ("kitty", "iterm2"):
        return cast(Protocol, wanted)
    if environ.get("TMUX") or environ.get("STY"):  # it passes nothing on unless set up to
        return ""
    return _spoken(environ)


def _is_watched(console: Console, environ: Mapping[str, str]) -> bool:
    is_terminal = console.is_terminal and console.file.isatty()  # also where colour is forced
    return is_terminal and not environ.get("CI") and environ.get("TERM") != "dumb"


def _spoken(environ: Mapping[str, str]) -> Protocol:
    term = environ.get("TERM", "")
    if environ.get("KITTY_WINDOW_ID") or term in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    if environ.get("LC_TERMINAL") == "iTerm2":  # travels over SSH
        return "iterm2"
    return _BY_PROGRAM.get(environ.get("TERM_PROGRAM", ""), "")


@dataclass(frozen=True)
class Inline:
    """A picture as escape sequences, for rich to print."""

    sequences: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the sequences as they are, which rich neither measures nor cuts."""
        yield Segment(self.sequences, None, [(ControlType.CARRIAGE_RETURN,)])
        yield Segment.line()


def in_terminal(console: Console, wanted: str | None, store: Store) -> Show | None:
    """Return what makes of a picture what a terminal shows; None: it shows none.

    Raises:
        UsageError: the user named no way of those there are.
    """
    spoken = protocol(console, wanted)
    return partial(inline, store=store, spoken=spoken) if spoken else None


def inline(ref: ImageRef, store: Store, spoken: Protocol) -> Inline | Control:
    """Return a picture for a terminal, scaled to a bounded number of bytes; else nothing.

    A picture that is missing or too much is no reason to end a run.
    """
    form = "png" if spoken == "kitty" else "jpeg"
    try:
        views = (store.view(ref, side, form)[0] for side in _SIDES)
        data = next((view for view in views if len(view) <= _MOST), "")
    except StoreError:  # told where the picture is needed
        data = ""
    if not data:
        return Control()
    return Inline(_kitty(data) if spoken == "kitty" else _iterm2(data))


def _kitty(data: str) -> str:
    """Return a PNG in parts: transmit and show (a=T), answer nothing (q=2), so many rows high."""
    return "".join(_kitty_parts(data))


def _kitty_parts(data: str) -> Iterator[str]:
    for at in range(0, len(data), _PART):
        more = int(at + _PART < len(data))
        keys = f"a=T,f=100,q=2,r={_ROWS},m={more}" if at == 0 else f"q=2,m={more}"
        yield f"\x1b_G{keys};{data[at : at + _PART]}\x1b\\"


def _iterm2(data: str) -> str:
    size = len(data) * 3 // 4 - data[-2:].count("=")
    return f"\x1b]1337;File=inline=1;size={size};height={_ROWS};preserveAspectRatio=1:{data}\x07"
