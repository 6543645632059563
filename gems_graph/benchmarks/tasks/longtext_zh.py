"""LongText-Bench, Chinese."""

from __future__ import annotations

from gems_graph.benchmarks.longtext import LongText, commands


class LongTextZh(LongText):
    """Characters, as they stand."""

    name, title, column = "longtext_zh", "LongText-Bench ZH", "LongText-ZH"
    files, language, official = ("text_prompts_zh.jsonl",), "zh", commands("zh")


TASK = LongTextZh()
