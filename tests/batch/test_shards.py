"""A batch in parts: the own part first, then what others leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gems_graph.batch.shards import Shard, shard_in
from gems_graph.errors import UsageError
from tests.conftest import Gems


def test_every_part_comes_first_once_and_nothing_is_left_out() -> None:
    parts = [Shard("a", k, 3).ordered(range(10)) for k in range(3)]
    assert parts[0] == [0, 3, 6, 9, 8, 7, 5, 4, 2, 1]
    assert sorted(n for k, part in enumerate(parts) for n in part[: len(range(k, 10, 3))]) == [
        *range(10)
    ]
    assert all(sorted(part) == [*range(10)] for part in parts)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_part_that_is_none_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="1/4"):
        shard_in(text, "a")


def test_machines_with_folders_of_their_own_share_trajectories(gems: Gems, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("a red fish\na blue house\n", encoding="utf-8")
    call = ("run", "--prompts", "p.txt", "--set", "strategy=original", "--quiet")
    first = gems(*call, "--out", "one/pictures", "--shard", "1/2")
    second = gems(*call, "--out", "two/pictures", "--shard", "2/2")
    assert (first.code, second.code) == (3, 3)
    kept = [
        sorted((line["id"], line["thread"]) for line in map(json.loads, file.open()))
        for file in sorted(tmp_path.glob("*/pictures/summary.jsonl"))
    ]
    assert len(kept[0]) == 2
    assert kept[0] == kept[1]
    assert len(gems("history", "--json").json) == 2


def test_a_part_goes_with_many_prompts(gems: Gems) -> None:
    done = gems("run", "a red fish", "--shard", "1/2")
    assert (done.code, "--shard goes with --prompts FILE" in done.err) == (2, True)
