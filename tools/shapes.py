"""Write the requests of the benchmark `shapes`: three to ten atoms over the offline world.

    python -m tools.shapes     # writes gems_graph/benchmarks/tasks/shapes.jsonl

They are in the schema of GenEval2's data, the numbers of atoms in turn, so that the first of them
(`--limit`) hold as many of each. An atom is a thing, its colour, its size, its number
where that is more than one, or who is where.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from gems_graph.errors import OutsideWorldError
from gems_graph.mini.grammar import parse_request
from gems_graph.mini.world import COLORS, NUMBER_WORDS, OBJECTS, PLURALS, RELATIONS

FILE = Path(__file__).parents[1] / "gems_graph" / "benchmarks" / "tasks" / "shapes.jsonl"
EACH = 10
_SIZES = ("small", "big")
FORMS = {
    3: ["n"], 4: ["ns", "1 1"], 5: ["n 1", "1 1 r"], 6: ["n n", "n 1 r"], 7: ["n n r", "ns n"],
    8: ["ns n r", "n n 1"], 9: ["n n n", "ns ns r"], 10: ["n n n r", "ns n n"],
}  # fmt: skip
"""By atoms: a group with a number (n), or one thing (1), with a size (s); a relation (r)."""


def main() -> None:
    """Write the file."""
    rng = random.Random(2512)
    records: dict[str, dict[str, object]] = {}
    for atoms, forms in FORMS.items():
        while sum(record["atom_count"] == atoms for record in records.values()) < EACH:
            record = _record(atoms, rng.choice(forms).split(), rng)
            if _has_room(str(record["prompt"])):
                records.setdefault(str(record["prompt"]), record)
    found = [*records.values()]
    in_turn = [record for k in range(EACH) for record in found[k::EACH]]
    lines = [json.dumps(record) + "\n" for record in in_turn]
    FILE.write_text("".join(lines), encoding="utf-8")
    print(f"{FILE}: {len(lines)} requests")


def _has_room(prompt: str) -> bool:
    """Tell whether all of a request fits into one picture."""
    try:
        parse_request(prompt)
    except OutsideWorldError as error:
        if "room" not in str(error):
            raise
        return False
    return True


def _record(atoms: int, form: list[str], rng: random.Random) -> dict[str, object]:
    groups = [part for part in form if part != "r"]
    things, colors = (rng.sample(list(names), len(groups)) for names in (OBJECTS, COLORS))
    asked: list[tuple[str, str, str]] = []
    said, names, first = [], [], ""
    for part, thing, color in zip(groups, things, colors, strict=True):
        count = rng.randint(2, 4) if "n" in part else 1
        size = f"{rng.choice(_SIZES)} " if "s" in part else ""
        noun, be = (PLURALS[thing], "Are") if count > 1 else (thing, "Is")
        one = "an" if f"{size}{color}".startswith("o") else "a"
        said.append(f"{NUMBER_WORDS[count] if count > 1 else one} {size}{color} {noun}")
        names.append(noun)
        first = first or be
        asked.append((f"How many {PLURALS[thing]} are in the image?", NUMBER_WORDS[count], "count"))
        asked.append((f"{be} the {noun} {color}?", "Yes", "attribute"))
        if size:
            asked.append((f"{be} the {noun} {size.strip()}?", "Yes", "attribute"))
        asked.append((f"Are there any {PLURALS[thing]} in the image?", "Yes", "object"))
    joint = " and "
    if "r" in form:
        joint = f" {rng.choice(RELATIONS)} "
        asked.append((f"{first} the {names[0]}{joint}the {names[1]}?", "Yes", "position"))
    prompt = said[0] + "".join((joint if k == 0 else ", and ") + s for k, s in enumerate(said[1:]))
    if "r" not in form:
        prompt = " and ".join(said)
    return {
        "prompt": prompt, "atom_count": atoms,
        "vqa_list": [[question, answer] for question, answer, _ in asked],
        "skills": [skill for _, _, skill in asked],
    }  # fmt: skip


if __name__ == "__main__":
    main()
