"""How much of a prompt a pipeline's encoder reads; the rest is cut off without a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gems_graph.generators.diffusion.form import CallForm

_NO_LIMIT = 100_000  # tokenizers without a limit name a number beyond any prompt


def note_on_length(pipeline: Any, form: CallForm, named: Mapping[str, Any]) -> str:
    """Return a sentence with both counts if the prompt is longer than is read; else nothing.

    Args:
        pipeline: has tokenizers.
        form: of its call.
        named: the arguments of the call.
    """
    tokenizer = _tokenizer(pipeline, last=form.takes("max_sequence_length"))
    if tokenizer is None:
        return ""
    limit = named.get("max_sequence_length") or form.default("max_sequence_length")
    limit = limit or getattr(tokenizer, "model_max_length", None) or _NO_LIMIT
    if limit >= _NO_LIMIT:
        return ""
    count = _count(pipeline, tokenizer, named["prompt"])
    if count <= limit:
        return ""
    return f"The prompt has {count} tokens, of which the encoder reads the first {limit}."


def _tokenizer(pipeline: Any, *, last: bool) -> Any:
    """Return the tokenizer whose encoder reads most: the last, where several share the work."""
    found = [getattr(pipeline, n, None) for n in ("tokenizer", "tokenizer_2", "tokenizer_3")]
    found = [tokenizer for tokenizer in found if callable(tokenizer)]
    return found[-1 if last else 0] if found else None


def _count(pipeline: Any, tokenizer: Any, prompt: str) -> int:
    """Return the tokens of a prompt, with those of the chat around it where they count as well."""
    around = getattr(tokenizer, "chat_template", None)
    if around and not hasattr(pipeline, "prompt_template_encode"):  # whose limit leaves them out
        messages = [{"role": "user", "content": prompt}]
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return len(tokenizer(prompt, verbose=False)["input_ids"])  # the warning is ours to give
