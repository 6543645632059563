"""Which font draws which character, in any script.

Shipped fonts come first, so that European text and Chinese look the same on every machine;
what they lack is looked for among the system's fonts.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

from PIL import ImageFont

from gems_graph.errors import ConfigError

_SHIPPED = Path(__file__).parent / "fonts"
_SANS = "latin-400 latin-ext-400 greek-400 cyrillic-400 cyrillic-ext-400 vietnamese-400 sc-han-400"
_SCRIPTS = (
    "Arabic Hebrew Devanagari Bengali Gurmukhi Gujarati Tamil Telugu Kannada Malayalam Sinhala "
    "Thai Lao Khmer Myanmar Georgian Armenian Ethiopic Symbols Symbols2 Math"
)
SYSTEM = (
    *("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "SourceHanSansSC-Regular.otf"),
    *("wqy-microhei.ttc", "wqy-zenhei.ttc", "PingFang.ttc", "Hiragino Sans GB.ttc", "msyh.ttc"),
    *("AppleSDGothicNeo.ttc", "malgun.ttf", "NanumGothic.ttf", "DroidSansFallbackFull.ttf"),
    *(f"NotoSans{script}-Regular.ttf" for script in _SCRIPTS.split()),
    *("GeezaPro.ttc", "KohinoorDevanagari.ttc", "Thonburi.ttc", "Nirmala.ttc", "Nirmala.ttf"),
    *("LeelawUI.ttf", "segoeui.ttf", "seguisym.ttf", "tahoma.ttf", "Arial Unicode.ttf"),
    *("Apple Symbols.ttf", "DejaVuSans.ttf", "FreeSans.ttf", "unifont.otf", "unifont.ttf"),
)
"""System fonts by file name, the better looking first."""


class Face:
    """A font file that knows which characters it draws."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sizes: dict[int, ImageFont.FreeTypeFont] = {}
        self._probe = ImageFont.truetype(path, 16, layout_engine=ImageFont.Layout.BASIC)
        self._missing = self._shape("\uffff")  # never a character: the font's empty box

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """Return the font in one size."""
        if size not in self._sizes:
            self._sizes[size] = ImageFont.truetype(self.path, size)
        return self._sizes[size]

    def covers(self, char: str) -> bool:
        """Tell whether the font draws a character as something of its own."""
        shape = self._shape(char)
        return shape != self._missing and (char.isspace() or any(shape[1]))

    def _shape(self, char: str) -> tuple[tuple[int, int], bytes]:
        mask: Any = self._probe.getmask(char)
        return mask.size, bytes(mask)


def face_for(char: str, bold: bool = False) -> Face | None:
    """Return the first font that draws a character, `GEMS_FONT` before all others.

    Raises:
        ConfigError: `GEMS_FONT` is no font.
    """
    return _face_for(char, bold, chosen_font())


def chosen_font() -> str:
    """Return the font file that the user wants first, if any."""
    return os.environ.get("GEMS_FONT", "")


def plain_face() -> Face:
    """Return the shipped font of plain Latin letters."""
    return _shipped(False, "")[0]


@lru_cache(maxsize=1 << 16)
def _face_for(char: str, bold: bool, custom: str) -> Face | None:
    if unicodedata.category(char) == "Cs":  # half a character: no font, and no encoding, has it
        return None
    faces = chain(_shipped(bold, custom), _system())
    return next((face for face in faces if face.covers(char)), None)


@lru_cache(maxsize=8)
def _shipped(bold: bool, custom: str) -> tuple[Face, ...]:
    names = (["latin-600"] if bold else []) + _SANS.split()
    faces = tuple(_open(_SHIPPED / f"noto-sans-{name}.woff") for name in names)
    return (_custom(custom), *faces) if custom else faces


def _custom(path: str) -> Face:
    try:
        return _open(Path(path).expanduser().resolve(strict=True))
    except (OSError, RuntimeError) as error:
        msg = f"GEMS_FONT={path} is no font file ({error}): name a .ttf, .otf or .ttc, or unset it."
        raise ConfigError(msg) from error


def _system() -> Iterator[Face]:
    for name in SYSTEM:
        if path := _installed().get(name):
            try:
                yield _open(path)
            except OSError:  # a font this FreeType cannot read draws nothing
                continue


@lru_cache(maxsize=128)
def _open(path: Path) -> Face:
    return Face(path)


@lru_cache(maxsize=1)
def _installed() -> dict[str, Path]:
    """Return every file in the system's font folders by name."""
    if sys.platform == "win32":
        roots = [r"%WINDIR%\Fonts", r"%LOCALAPPDATA%\Microsoft\Windows\Fonts"]
    elif sys.platform == "darwin":
        roots = ["/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"]
    else:
        shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        roots = [f"{root}/fonts" for root in shared.split(":")] + [
            "~/.local/share/fonts",
            "~/.fonts",
        ]
    trees = (os.walk(os.path.expandvars(os.path.expanduser(root))) for root in roots)
    return {name: Path(folder, name) for folder, _, names in chain(*trees) for name in names}
