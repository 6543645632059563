"""OneIG-Bench, Chinese."""

from __future__ import annotations

from gems_graph.benchmarks.oneig import MODEL, OneIg

_SAME = f"--mode ZH --model_names {MODEL} --image_grid 2,2"
_ALIGNED = "--class_items anime human object multilingualism"
_SCORE = "python -m scripts.{0}.{0}_score --image_dirname {{pictures}}{1} "


class OneIgZh(OneIg):
    """1,320 prompts in six classes."""

    name, title = "oneig_zh", "OneIG-ZH"
    column, table = "OneIG-ZH", "8_oneig_zh"
    files = ("OneIG-Bench-ZH.csv",)
    language, column_of_prompts, suffix, longest = "ZH", "prompt_cn", "_zh", 50
    official = (
        f"{_SCORE.format('alignment', '')}{_SAME} {_ALIGNED}",
        f"{_SCORE.format('text', '/text')}{_SAME}",
        f"{_SCORE.format('reasoning', '/reasoning')}{_SAME}",
        f"{_SCORE.format('style', '/anime')}{_SAME}",
        f"{_SCORE.format('diversity', '')}{_SAME} {_ALIGNED} text reasoning",
    )


TASK = OneIgZh()
