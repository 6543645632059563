"""LongText-Bench, Chinese."""

from __future__ import annotations

from gems_graph.benchmarks.longtext import LongText


class LongTextZh(LongText):
    """Characters, as they stand."""

    name, title, column = "longtext_zh", "LongText-Bench ZH", "LongText-ZH"
    files, language = ("text_prompts_zh.jsonl",), "zh"
    official = (
        "torchrun textbench/evaluate_text_reward.py --sample_dir {pictures} --output_dir OUT "
        "--mode zh",
        "cat OUT/results_chunk*.jsonl > {results}",
        "python textbench/summary_scores.py {results} --mode zh",
    )


TASK = LongTextZh()
