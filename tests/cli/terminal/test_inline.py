"""Pictures in the terminal: only where they are understood, and of bounded size."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from gems_graph import Store
from gems_graph.cli.terminal.inline import inline, protocol
from gems_graph.cli.terminal.progress import LiveTable
from gems_graph.errors import UsageError
from gems_graph.state import ImageRef
from tests.conftest import Gems


class Screen(io.StringIO):
    """A file that is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal() -> Console:
    return Console(file=Screen(), force_terminal=True, width=80)


KITTY, ITERM = {"TERM": "xterm-kitty"}, {"TERM_PROGRAM": "iTerm.app"}


@pytest.mark.parametrize(
    ("environ", "wanted", "spoken"),
    [
        (KITTY, None, "kitty"), ({"KITTY_WINDOW_ID": "1"}, "auto", "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, "", "kitty"), (ITERM, None, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, None, "iterm2"), ({"LC_TERMINAL": "iTerm2"}, None, "iterm2"),
        ({"TERM": "xterm-256color"}, None, ""), ({}, None, ""), (KITTY, "never", ""),
        ({**KITTY, "TMUX": "/x"}, None, ""), ({**ITERM, "STY": "1"}, None, ""),
        ({**KITTY, "CI": "true"}, None, ""), ({**KITTY, "CI": "true"}, "kitty", ""),
        ({"TERM": "dumb"}, "kitty", ""), ({"TMUX": "/x"}, "kitty", "kitty"),
        ({}, "iterm2", "iterm2"),
    ],
)  # fmt: skip
def test_the_environment_alone_tells_what_a_terminal_speaks(
    environ: dict[str, str], wanted: str | None, spoken: str
) -> None:
    assert protocol(terminal(), wanted, environ) == spoken
    forced = Console(file=io.StringIO(), force_terminal=True)  # colour is forced into a pipe
    assert protocol(forced, wanted, environ) == ""
    assert protocol(Console(file=io.StringIO()), wanted, environ) == ""


def test_another_way_is_refused_in_words(gems: Gems) -> None:
    with pytest.raises(UsageError, match="auto, never, kitty or iterm2, not 'sixel'"):
        protocol(terminal(), "sixel", KITTY)
    assert gems("run", "a red fish", "--inline", "sixel").code == 2


def noise(store: Store, side: int = 900) -> ImageRef:
    pixels = np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return store.put_image(out.getvalue())


def test_kitty_gets_a_png_in_parts_that_it_does_not_answer(store: Store) -> None:
    console = terminal()
    console.print(inline(noise(store), store, "kitty"))
    written = console.file.getvalue()  # type: ignore[attr-defined]
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", written)
    assert "".join(f"\x1b_G{k};{d}\x1b\\" for k, d in parts) + "\n" == written
    assert all("q=2" in keys and len(data) <= 4096 for keys, data in parts)
    assert [keys.rpartition("m=")[2] for keys, _ in parts] == ["1"] * (len(parts) - 1) + ["0"]
    data = base64.b64decode("".join(data for _, data in parts))
    assert len(data) < 400_000
    assert Image.open(io.BytesIO(data)).format == "PNG"


def test_iterm2_gets_one_sequence_that_says_its_size(store: Store) -> None:
    console = terminal()
    console.print(inline(noise(store), store, "iterm2"))
    written = console.file.getvalue()  # type: ignore[attr-defined]
    size, data = re.findall(
        r"^\x1b\]1337;File=inline=1;size=(\d+);[^:]*:([^\x07]*)\x07\n$", written
    )[0]
    assert len(base64.b64decode(data)) == int(size) < 400_000


def test_a_picture_that_is_missing_ends_nothing(store: Store) -> None:
    console, ref = terminal(), noise(store, 32)
    store.remove(ref["sha256"])
    console.print(inline(ref, store, "kitty"))
    assert "\x1b_G" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_pictures_appear_above_the_live_table(store: Store) -> None:
    console, ref = terminal(), noise(store, 32)
    with LiveTable(console, lambda ref: inline(ref, store, "kitty")) as table:
        table.take({"type": "picture_ready", "round": 1, "image": ref})
    assert console.file.getvalue().count("a=T,f=100") == 1  # type: ignore[attr-defined]


def test_a_pipe_gets_no_picture(gems: Gems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITTY_WINDOW_ID", "1")
    monkeypatch.setenv("GEMS_INLINE", "kitty")
    result = gems("run", "a red fish", "--thread", "t")
    assert (result.code, "\x1b" in result.out + result.err) == (0, False)
    assert "\x1b" not in gems("show", "t").out
