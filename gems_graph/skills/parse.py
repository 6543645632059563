"""Read a skill file, in either of its formats."""

from __future__ import annotations

from gems_graph.skills import front_matter, headings
from gems_graph.skills.parsed import BrokenSkillError, Parsed


def parse(data: bytes, folder: str) -> Parsed:
    """Read a skill file: Agent Skills front matter, or the headings of the authors' code.

    Args:
        data: the whole file, with any line ends, with or without a byte order mark.
        folder: name of the folder it lies in, which by the standard is the skill's name, and
            takes the place of a title that cannot be one.

    Raises:
        BrokenSkillError: it is no skill.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BrokenSkillError(line, "it is not UTF-8 text", "save it as UTF-8") from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = next((k for k, line in enumerate(lines) if line.strip()), 0)
    if lines[start].rstrip() == front_matter.FENCE:
        return front_matter.parse(lines, start, folder)
    return headings.parse(lines, folder)
