"""Names of tensors in the checkpoint layouts that exist. Mapping tables only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

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


class Layout(StrEnum):
    """How a checkpoint's files name, shape and hold its tensors."""

    HUGGINGFACE = "huggingface"
    """safetensors with config.json; also this program's own int8 and int4 files."""
    DEEPMIND = "deepmind"
    """One `.pt` of torch's, as google-deepmind/recurrentgemma publishes it."""
    ORBAX = "orbax"
    """A folder of Flax's parameters, as google-deepmind/recurrentgemma publishes it."""


class Form(StrEnum):
    """How a tensor of ours lies in one of DeepMind's; letters as in shapes.py, m for the MLP's width."""

    SAME = "same"
    DENSE = "dense"
    """A linear map's matrix: (out, in) in torch's files, as here; Flax has the kernel (in, out)."""
    CONVOLUTION = "convolution"
    """(c, e) there, (e, 1, c) here."""
    GATE_WEIGHT = "gate weight"
    """(2, d, m) there, both projections in one; the first is the gate, (m, d) here."""
    UP_WEIGHT = "up weight"
    GATE_BIAS = "gate bias"
    """(2, 1, 1, m) there, (m,) here."""
    UP_BIAS = "up bias"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tensor of ours lies in a foreign layout."""

    name: str
    form: Form


_DEEPMIND_TOP = {
    EMBEDDING: Place("embedder.input_embedding", Form.SAME),
    FINAL_NORM: Place("final_norm.scale", Form.SAME),
}
# Within one block (google-deepmind/recurrentgemma, torch/modules.py; Flax differs in `kernel` for `weight` alone).
_DEEPMIND_BLOCK = {
    TEMPORAL_NORM: Place("temporal_pre_norm.scale", Form.SAME),
    CHANNEL_NORM: Place("channel_pre_norm.scale", Form.SAME),
    "mlp_block.gate_proj.weight": Place("mlp_block.ffw_up.w", Form.GATE_WEIGHT),
    "mlp_block.gate_proj.bias": Place("mlp_block.ffw_up.b", Form.GATE_BIAS),
    "mlp_block.up_proj.weight": Place("mlp_block.ffw_up.w", Form.UP_WEIGHT),
    "mlp_block.up_proj.bias": Place("mlp_block.ffw_up.b", Form.UP_BIAS),
    "mlp_block.down_proj.weight": Place("mlp_block.ffw_down.weight", Form.DENSE),
    "mlp_block.down_proj.bias": Place("mlp_block.ffw_down.bias", Form.SAME),
    "temporal_block.linear_x.weight": Place("recurrent_block.linear_x.weight", Form.DENSE),
    "temporal_block.linear_x.bias": Place("recurrent_block.linear_x.bias", Form.SAME),
    "temporal_block.linear_y.weight": Place("recurrent_block.linear_y.weight", Form.DENSE),
    "temporal_block.linear_y.bias": Place("recurrent_block.linear_y.bias", Form.SAME),
    "temporal_block.linear_out.weight": Place("recurrent_block.linear_out.weight", Form.DENSE),
    "temporal_block.linear_out.bias": Place("recurrent_block.linear_out.bias", Form.SAME),
    "temporal_block.conv_1d.weight": Place("recurrent_block.conv_1d.w", Form.CONVOLUTION),
    "temporal_block.conv_1d.bias": Place("recurrent_block.conv_1d.b", Form.SAME),
    "temporal_block.rg_lru.recurrent_param": Place("recurrent_block.rg_lru.a_param", Form.SAME),
    "temporal_block.rg_lru.input_gate_weight": Place("recurrent_block.rg_lru.input_gate.w", Form.SAME),
    "temporal_block.rg_lru.input_gate_bias": Place("recurrent_block.rg_lru.input_gate.b", Form.SAME),
    "temporal_block.rg_lru.recurrent_gate_weight": Place("recurrent_block.rg_lru.a_gate.w", Form.SAME),
    "temporal_block.rg_lru.recurrent_gate_bias": Place("recurrent_block.rg_lru.a_gate.b", Form.SAME),
    "temporal_block.q_proj.weight": Place("attention_block.proj_q.weight", Form.DENSE),
    "temporal_block.k_proj.weight": Place("attention_block.proj_k.weight", Form.DENSE),
    "temporal_block.v_proj.weight": Place("attention_block.proj_v.weight", Form.DENSE),
    "temporal_block.o_proj.weight": Place("attention_block.proj_final.weight", Form.DENSE),
    "temporal_block.o_proj.bias": Place("attention_block.proj_final.bias", Form.SAME),
}
_OWN_BLOCK = re.compile(rf"{re.escape(LAYERS)}(0|[1-9]\d{{0,4}})\.(.+)")
_DEEPMIND_BLOCK_NAME = re.compile(r"blocks\.(0|[1-9]\d{0,4})\.(.+)")


def deepmind_place(name: str, layout: Layout = Layout.DEEPMIND) -> Place | None:
    """Where one of our tensors lies in DeepMind's files, of torch (DEEPMIND) or Flax (ORBAX); None: nowhere."""
    if found := _OWN_BLOCK.fullmatch(name):
        place = _DEEPMIND_BLOCK.get(found[2])
        return None if place is None else Place(f"blocks.{found[1]}.{_within_block(place, layout)}", place.form)
    return _DEEPMIND_TOP.get(name)


def deepmind_places(present: Iterable[str], layout: Layout) -> dict[str, Place]:
    """Our tensors that files with these names hold, each with its place; names of other models have no place."""
    places: dict[str, Place] = {}
    top_of = {place.name: own for own, place in _DEEPMIND_TOP.items()}
    # One matrix of theirs may be two of ours.
    in_block: dict[str, list[str]] = {}
    for own, place in _DEEPMIND_BLOCK.items():
        in_block.setdefault(_within_block(place, layout), []).append(own)
    for name in present:
        if name in top_of:
            places[top_of[name]] = _DEEPMIND_TOP[top_of[name]]
        elif found := _DEEPMIND_BLOCK_NAME.fullmatch(name):
            for own in in_block.get(found[2], ()):
                places[f"{LAYERS}{found[1]}.{own}"] = Place(name, _DEEPMIND_BLOCK[own].form)
    return places


def _within_block(place: Place, layout: Layout) -> str:
    flax = place.form is Form.DENSE and layout is Layout.ORBAX
    return place.name.removesuffix("weight") + "kernel" if flax else place.name


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
