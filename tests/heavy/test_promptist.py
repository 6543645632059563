"""Promptist with a tiny GPT-2 made on the spot: loaded from a folder, decoded as published."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gems_graph.errors import ConfigError
from gems_graph.strategies import promptist
from gems_graph.testing import check_strategy

torch = pytest.importorskip("torch", reason="needs torch: make heavy")
transformers = pytest.importorskip("transformers", reason="needs transformers: make heavy")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder with a GPT-2 of two layers and random weights, and a tokenizer of bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    folder = str(tmp_path_factory.mktemp("gpt2"))
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {sign: k for k, sign in enumerate([*alphabet, "<|endoftext|>"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|endoftext|>", bos_token="<|endoftext|>"
    ).save_pretrained(folder)
    torch.manual_seed(3)
    config = transformers.GPT2Config(
        vocab_size=len(vocabulary), n_positions=160, n_embd=32, n_layer=2, n_head=2,
        bos_token_id=256, eos_token_id=256,
    )  # fmt: skip
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def dials(folder: str) -> dict[str, Any]:
    return {"promptist_model": folder, "promptist_tokenizer": folder}


def test_it_decodes_as_published(tiny: str) -> None:
    beams = promptist.rephrasings("a cat", tiny, tiny)
    model = transformers.AutoModelForCausalLM.from_pretrained(tiny)
    words = transformers.AutoTokenizer.from_pretrained(tiny)
    tokens = words("a cat Rephrase:", return_tensors="pt").input_ids
    out = model.generate(
        tokens, do_sample=False, max_new_tokens=75, num_beams=8, num_return_sequences=8,
        length_penalty=-1.0, eos_token_id=256, pad_token_id=256,
    )  # fmt: skip
    published = [text.replace("a cat Rephrase:", "").strip()
                 for text in words.batch_decode(out, skip_special_tokens=True)]  # fmt: skip
    assert beams == published
    assert len(beams) == 8


def test_it_draws_the_first_beam_once_and_asks_no_chat_model(tiny: str, loop: Any) -> None:
    made = loop({}, strategy="promptist", **dials(tiny))
    out = made.run(" a cat ")
    first = next(filter(None, promptist.rephrasings("a cat", tiny, tiny)))
    assert made.painter.calls == [(first, 1)]
    assert set(out["ledger"]) == {"generator"}


def test_a_request_that_is_too_long_is_drawn_as_it_is(tiny: str, loop: Any) -> None:
    made = loop({}, strategy="promptist", **dials(tiny))
    out = made.run("a cat " * 30)
    assert made.painter.calls == [(("a cat " * 30).strip(), 1)]
    assert "nothing to say" in out["notes"][0]


def test_a_model_that_is_not_there_is_named_with_the_remedy(loop: Any, tmp_path: Path) -> None:
    made = loop({}, strategy="promptist", **dials(str(tmp_path)))
    with pytest.raises(ConfigError, match=r"promptist cannot load .* set promptist_model"):
        made.run("a cat")
    assert made.painter.calls == []


def test_it_conforms(tiny: str) -> None:
    asyncio.run(check_strategy("promptist", moments=4, **dials(tiny)))
