"""Promptist (arXiv 2212.09611): a published GPT-2 rewrites the request, which is drawn once.

Model, input and decoding are those of the authors' README (`microsoft/LMOps`, folder promptist):
"Rephrase:" behind the request, eight beams, 75 new tokens at most, length penalty -1, the first
beam. That the first beam which is not empty is taken, else the request, is as HELM's port does it.
Needs the extra: `pip install 'gems-graph[promptist]'`. No chat model is called.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from functools import lru_cache
from typing import Any

from gems_graph.errors import ConfigError
from gems_graph.runtime.module import module
from gems_graph.runtime.toolbox import Toolbox
from gems_graph.state import Attempt, State
from gems_graph.strategies.opening import opening

_CUE = " Rephrase:"
_NEW_TOKENS, _BEAMS = 75, 8
_one_at_a_time = threading.Lock()


@module(part="plan", reads=("prompt",), owes=("attempt",), doing="rephrasing")
async def promptist(state: State, toolbox: Toolbox) -> dict[str, Any]:
    """Rephrase the request; where no beam says anything, it is drawn as it is.

    Raises:
        ConfigError: the model or a package that it needs is not there.
    """
    settings, user_prompt = toolbox.settings, state["prompt"].strip()
    beams = await asyncio.to_thread(
        rephrasings, user_prompt, settings.promptist_model, settings.promptist_tokenizer
    )
    prompt = next(filter(None, beams), "")
    notes = [] if prompt else ["Promptist had nothing to say; the request is drawn as it is."]
    nothing = await toolbox.keep("")
    attempt = Attempt(n=1, prompt=prompt or user_prompt, thought=nothing, origin="planner")
    return {"attempt": attempt, "notes": notes}


def rephrasings(text: str, model: str, tokenizer: str) -> list[str]:
    """Return what each beam makes of a text, the likeliest first; blocking, one call at a time.

    None where the text is longer than the model can take.

    Args:
        text: the request, stripped.
        model: folder or hub id.
        tokenizer: folder or hub id.

    Raises:
        ConfigError: the model or a package that it needs is not there.
    """
    with _one_at_a_time:
        causal_lm, words = _loaded(model, tokenizer)
        tokens = words(text + _CUE, return_tensors="pt").input_ids
        length = tokens.shape[1]
        if length + _NEW_TOKENS > causal_lm.config.max_position_embeddings:
            return []
        end = words.eos_token_id
        beams = causal_lm.generate(
            tokens, attention_mask=tokens.new_ones(tokens.shape), do_sample=False,
            max_new_tokens=_NEW_TOKENS, num_beams=_BEAMS, num_return_sequences=_BEAMS,
            length_penalty=-1.0, eos_token_id=end, pad_token_id=end,
        )  # fmt: skip
        said = words.batch_decode(beams[:, length:], skip_special_tokens=True)
    return [each.strip() for each in said]


@lru_cache(maxsize=1)
def _loaded(model: str, tokenizer: str) -> tuple[Any, Any]:
    """Return the model and its tokenizer, as the authors set it up.

    Raises:
        ConfigError: one of them, or a package that they need, is not there.
    """
    if lacks := STRATEGY.lacks:
        raise ConfigError(lacks)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        causal_lm = AutoModelForCausalLM.from_pretrained(model).eval()
        words = AutoTokenizer.from_pretrained(tokenizer)
    except (OSError, ValueError) as error:
        said = str(error).strip().partition("\n")[0]
        msg = (
            f"promptist cannot load {model!r} with the tokenizer {tokenizer!r} ({said}): set "
            "promptist_model and promptist_tokenizer to a folder or the id of a model on the hub."
        )
        raise ConfigError(msg) from error
    words.pad_token, words.padding_side = words.eos_token, "left"
    return causal_lm, words


STRATEGY = replace(
    opening(promptist, "promptist", "rephrase the request by the published GPT-2, draw once"),
    needs={"torch": "promptist", "transformers": "promptist"},
)
