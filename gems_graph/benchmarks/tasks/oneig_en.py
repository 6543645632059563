"""OneIG-Bench, English."""

from __future__ import annotations

from gems_graph.benchmarks.oneig import OneIg, commands


class OneIgEn(OneIg):
    """1,120 prompts in five classes."""

    name, title = "oneig_en", "OneIG-EN"
    column, table = "OneIG-EN", "7_oneig_en"
    files, official = ("OneIG-Bench.csv",), commands("EN", "anime human object")
    column_of_prompts, suffix, longest = "prompt_en", "", 100


TASK = OneIgEn()
