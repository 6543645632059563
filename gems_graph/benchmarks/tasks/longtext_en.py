"""LongText-Bench, English."""

from __future__ import annotations

from gems_graph.benchmarks.longtext import LongText


class LongTextEn(LongText):
    """Words, in lower case."""

    name, title, column = "longtext_en", "LongText-Bench EN", "LongText-EN"
    files, language = ("text_prompts.jsonl",), "en"
    official = (
        "torchrun textbench/evaluate_text_reward.py --sample_dir {pictures} --output_dir OUT "
        "--mode en",
        "cat OUT/results_chunk*.jsonl > {results}",
        "python textbench/summary_scores.py {results} --mode en",
    )


TASK = LongTextEn()
