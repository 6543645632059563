"""What was sent: bytes of pictures beside those of everything, also in records without them."""

from __future__ import annotations

from typing import Any

from gems_graph.calls.ledger import add, no_usage, total
from gems_graph.report.page import spent

OLD: Any = {name: value for name, value in no_usage().items() if name != "image_bytes"}


def test_a_record_of_an_older_release_is_added_to() -> None:
    now = {"verifier": {**no_usage(), "bytes": 900, "image_bytes": 800}}
    summed = add({"verifier": {**OLD, "bytes": 70}, "planner": OLD}, now)  # type: ignore[arg-type]
    assert (summed["verifier"]["bytes"], summed["verifier"]["image_bytes"]) == (970, 800)
    assert total(summed)["image_bytes"] == 800


def test_what_was_sent_is_told_with_the_pictures_in_it() -> None:
    told = [*spent({"verifier": {**no_usage(), "bytes": 2_500_000, "image_bytes": 2_300_000}})]
    assert "2.5 MB sent (2.3 MB of it pictures)" in told[0]
    assert "2.5 MB sent (2.3 MB of it pictures)" in told[-1]  # in all
    [line, _] = spent({"verifier": {**OLD, "bytes": 1500}})
    assert "1.5 kB sent," in line
