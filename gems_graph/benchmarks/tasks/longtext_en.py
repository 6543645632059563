"""LongText-Bench, English."""

from __future__ import annotations

from gems_graph.benchmarks.longtext import LongText, commands


class LongTextEn(LongText):
    """Words, in lower case."""

    name, title, column = "longtext_en", "LongText-Bench EN", "LongText-EN"
    files, language, official = ("text_prompts.jsonl",), "en", commands("en")


TASK = LongTextEn()
