"""OneIG-Bench, Chinese."""

from __future__ import annotations

from gems_graph.benchmarks.oneig import OneIg, commands


class OneIgZh(OneIg):
    """1,320 prompts in six classes."""

    name, title = "oneig_zh", "OneIG-ZH"
    column, table = "OneIG-ZH", "8_oneig_zh"
    files, official = ("OneIG-Bench-ZH.csv",), commands("ZH", "anime human object multilingualism")
    column_of_prompts, suffix, longest = "prompt_cn", "_zh", 50


TASK = OneIgZh()
