"""Names of tensors in the checkpoint layouts that exist. Mapping tables only."""

from __future__ import annotations

from collections.abc import Iterator

from app.inference.config import BlockType, GriffinConfig

# Own names are Hugging Face's (model.layers.i. ...), the layout in which most checkpoints come.
EMBEDDING = "model.embed_tokens.weight"
HEAD = "lm_head.weight"
LAYERS = "model.layers."
FINAL_NORM = "model.final_norm.weight"
TEMPORAL_NORM = "temporal_pre_norm.weight"
CHANNEL_NORM = "channel_pre_norm.weight"
SCALE_SUFFIX = "_scale"
OFFSET_SUFFIX = "_offset"


def block(index: int) -> str:
    """Prefix of one residual block's tensors."""
    return f"{LAYERS}{index}."


def expected_shapes(config: GriffinConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor a complete checkpoint of this config holds, with its shape; scales and the head copy apart."""
    d, e, m, h = config.width, config.lru_width, config.mlp_width, config.num_heads
    yield EMBEDDING, (config.vocab_size, d)
    yield FINAL_NORM, (d,)
    for index, kind in enumerate(config.block_types):
        prefix = block(index)
        yield prefix + TEMPORAL_NORM, (d,)
        yield prefix + CHANNEL_NORM, (d,)
        for stem, (out, into) in {"gate_proj": (m, d), "up_proj": (m, d), "down_proj": (d, m)}.items():
            yield f"{prefix}mlp_block.{stem}.weight", (out, into)
            yield f"{prefix}mlp_block.{stem}.bias", (out,)
        prefix += "temporal_block."
        if kind is BlockType.RECURRENT:
            for stem, (out, into) in {"linear_x": (e, d), "linear_y": (e, d), "linear_out": (d, e)}.items():
                yield f"{prefix}{stem}.weight", (out, into)
                yield f"{prefix}{stem}.bias", (out,)
            yield f"{prefix}conv_1d.weight", (e, 1, config.conv_width)
            yield f"{prefix}conv_1d.bias", (e,)
            yield f"{prefix}rg_lru.recurrent_param", (e,)
            for gate in ("input_gate", "recurrent_gate"):
                yield f"{prefix}rg_lru.{gate}_weight", (h, config.gate_block, config.gate_block)
                yield f"{prefix}rg_lru.{gate}_bias", (h, config.gate_block)
        else:
            kv = config.num_kv_heads * config.head_dim
            for stem, out in {"q_proj": h * config.head_dim, "k_proj": kv, "v_proj": kv}.items():
                yield f"{prefix}{stem}.weight", (out, d)
                if config.attention_bias:
                    yield f"{prefix}{stem}.bias", (out,)
            yield f"{prefix}o_proj.weight", (d, h * config.head_dim)
            yield f"{prefix}o_proj.bias", (d,)
