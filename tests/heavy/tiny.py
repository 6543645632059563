# ruff: noqa: C408
"""Pipelines of the real classes with tiny random weights: what they draw is noise, and theirs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import diffusers
import tokenizers
import torch
import transformers
from tokenizers import models, pre_tokenizers, trainers
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

_SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
_SIGHT = ["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"]
_CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_WORDS = ["a red fish left of a blue house", "three green stars above it", "user\nassistant\n"]
_ALPHABET = pre_tokenizers.ByteLevel.alphabet()


def tokenizer(specials: list[str] = _SPECIALS) -> Any:
    """Return byte-level BPE over all bytes, which knows a chat as the real ones do."""
    bpe = tokenizers.Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=512, special_tokens=specials, show_progress=False, initial_alphabet=_ALPHABET
    )
    bpe.train_from_iterator(_WORDS, trainer)
    learned = json.loads(bpe.to_str())["model"]
    return transformers.Qwen2Tokenizer(
        vocab=learned["vocab"],
        merges=[tuple(pair) for pair in learned["merges"]],
        additional_special_tokens=specials[1:3] + specials[5:],
        chat_template=_CHAT,
        padding_side="right",
        model_max_length=1024,
    )


def qwen3(words: Any, **more: Any) -> Any:
    """Return the configuration of a tiny Qwen3."""
    return transformers.Qwen3Config(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=3,
        num_attention_heads=2, num_key_value_heads=1, head_dim=16, max_position_embeddings=1024,
        pad_token_id=words.pad_token_id, eos_token_id=words.eos_token_id, bos_token_id=None,
        **more,
    )  # fmt: skip


def z_image() -> Any:
    """Return a tiny Z-Image; sizes in multiples of 16."""
    torch.manual_seed(0)
    words = tokenizer()
    transformer = diffusers.ZImageTransformer2DModel(  # dim / n_heads is the sum of axes_dims
        all_patch_size=(2,), all_f_patch_size=(1,), in_channels=4, dim=32, n_layers=2,
        n_refiner_layers=1, n_heads=2, n_kv_heads=2, cap_feat_dim=32, axes_dims=[4, 6, 6],
        axes_lens=[1024, 128, 128],
    )  # fmt: skip
    vae = diffusers.AutoencoderKL(
        latent_channels=4, down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, block_out_channels=(8, 8, 16, 16),
        layers_per_block=1, norm_num_groups=4, use_quant_conv=False, use_post_quant_conv=False,
        mid_block_add_attention=False, scaling_factor=0.3611, shift_factor=0.1159,
    )  # fmt: skip
    return diffusers.ZImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae.eval(),
        text_encoder=transformers.Qwen3Model(qwen3(words)).eval(),
        tokenizer=words,
        transformer=transformer.eval(),
    )


def qwen_parts() -> dict[str, Any]:
    """Return the parts of a tiny Qwen-Image; sizes in multiples of 16."""
    torch.manual_seed(0)
    words = tokenizer([*_SPECIALS, *_SIGHT])
    ids = {word: words.convert_tokens_to_ids(word) for word in (*_SPECIALS, *_SIGHT)}
    config = transformers.Qwen2_5_VLConfig(
        text_config=dict(
            vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=2048,
            rope_parameters=dict(  # the sections sum to half the width of a head
                rope_type="default", mrope_section=[2, 3, 3], rope_theta=1e6
            ),
            bos_token_id=None, eos_token_id=ids["<|im_end|>"], pad_token_id=words.pad_token_id,
        ),
        vision_config=dict(
            depth=1, hidden_size=16, intermediate_size=32, num_heads=2, patch_size=14,
            out_hidden_size=32, fullatt_block_indexes=[0], window_size=112,
        ),
        image_token_id=ids[_SIGHT[0]], video_token_id=ids[_SIGHT[1]],
        vision_start_token_id=ids[_SIGHT[2]], vision_end_token_id=ids[_SIGHT[3]],
        tie_word_embeddings=True,
    )  # fmt: skip
    transformer = diffusers.QwenImageTransformer2DModel(  # in_channels: 2 x 2 latents of the VAE
        patch_size=2, in_channels=16, out_channels=4, num_layers=2, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=32, axes_dims_rope=(4, 6, 6),
    )  # fmt: skip
    vae = diffusers.AutoencoderKLQwenImage(
        base_dim=8, z_dim=4, dim_mult=[1, 2, 2, 2], num_res_blocks=1,
        temperal_downsample=[False, True, True], latents_mean=[0.0] * 4, latents_std=[1.0] * 4,
    )  # fmt: skip
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, base_shift=0.5, max_shift=0.9, base_image_seq_len=256,
        max_image_seq_len=8192, shift_terminal=0.02, time_shift_type="exponential",
    )  # fmt: skip
    return {
        "scheduler": scheduler,
        "vae": vae.eval(),
        "text_encoder": transformers.Qwen2_5_VLForConditionalGeneration(config).eval(),
        "tokenizer": words,
        "transformer": transformer.eval(),
    }


def qwen_image() -> Any:
    """Return a tiny Qwen-Image."""
    return diffusers.QwenImagePipeline(**qwen_parts())


class Processor:
    """Qwen2-VL's processor without its part for films, which needs torchvision."""

    def __init__(self, words: Any) -> None:
        self.words = words
        self.eyes = Qwen2VLImageProcessorPil(patch_size=14, merge_size=2, temporal_patch_size=2)

    def __call__(self, text: list[str], images: Any, padding: bool, return_tensors: str) -> Any:
        seen = self.eyes(images=[images], return_tensors=return_tensors)
        patches = int(seen["image_grid_thw"][0].prod()) // 4
        texts = [each.replace(_SIGHT[0], _SIGHT[0] * patches) for each in text]
        read = self.words(texts, padding=padding, return_tensors=return_tensors)
        return transformers.BatchFeature({**read, **seen})


def qwen_image_edit() -> Any:
    """Return a tiny Qwen-Image-Edit, which draws nothing without a picture."""
    parts = qwen_parts()
    return diffusers.QwenImageEditPipeline(**parts, processor=Processor(parts["tokenizer"]))


def flux_klein() -> Any:
    """Return a tiny FLUX.2 klein, which draws and edits; sizes in multiples of 16."""
    torch.manual_seed(0)
    words = tokenizer()
    transformer = diffusers.Flux2Transformer2DModel(
        in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=96, timestep_guidance_channels=16,
        axes_dims_rope=(4, 4, 4, 4), guidance_embeds=False,
    )  # fmt: skip
    vae = diffusers.AutoencoderKLFlux2(
        block_out_channels=(8, 8, 16, 16), layers_per_block=1, latent_channels=4,
        norm_num_groups=4, mid_block_add_attention=False,
    )  # fmt: skip
    encoder = transformers.Qwen3ForCausalLM(qwen3(words)).eval()
    return diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae.eval(),
        text_encoder=encoder,
        tokenizer=words,
        transformer=transformer.eval(),
    )


def saved(build: Any, folder: Path) -> str:
    """Save a pipeline, and return the folder to load it from."""
    build().save_pretrained(folder)
    return str(folder)
