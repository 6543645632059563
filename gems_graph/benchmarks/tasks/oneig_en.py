"""OneIG-Bench, English."""

from __future__ import annotations

from gems_graph.benchmarks.oneig import MODEL, OneIg

_SAME = f"--mode EN --model_names {MODEL} --image_grid 2,2"
_ALIGNED = "--class_items anime human object"
_SCORE = "python -m scripts.{0}.{0}_score --image_dirname {{pictures}}{1} "


class OneIgEn(OneIg):
    """1,120 prompts in five classes."""

    name, title = "oneig_en", "OneIG-EN"
    column, table = "OneIG-EN", "7_oneig_en"
    files = ("OneIG-Bench.csv",)
    language, column_of_prompts, suffix, longest = "EN", "prompt_en", "", 100
    official = (
        f"{_SCORE.format('alignment', '')}{_SAME} {_ALIGNED}",
        f"{_SCORE.format('text', '/text')}{_SAME}",
        f"{_SCORE.format('reasoning', '/reasoning')}{_SAME}",
        f"{_SCORE.format('style', '/anime')}{_SAME}",
        f"{_SCORE.format('diversity', '')}{_SAME} {_ALIGNED} text reasoning",
    )


TASK = OneIgEn()
