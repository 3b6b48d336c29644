"""Griffin as its paper writes it, one token and one float64 number at a time: slow, plain, independent of app/.

Sources: arXiv:2402.19427 sections 2.1 to 2.4; google-deepmind/recurrentgemma for what the paper leaves open
(multiplier 1 on the first token, embedding factor in bfloat16, rotary pairing).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def logits(raw: dict[str, Any], weights: dict[str, Array], ids: list[int], window_keys: int) -> Array:
    """Scores after every token, (t, v)."""
    d, heads, layers = raw["hidden_size"], raw["num_attention_heads"], raw["num_hidden_layers"]
    pattern = raw.get("block_types") or raw["_block_types"]
    x = weights["model.embed_tokens.weight"][ids]
    if raw.get("scale_embeddings", True):
        x = x * _round_to_bfloat16(np.sqrt(d))
    eps = raw.get("rms_norm_eps", 1e-6)
    for layer in range(layers):
        w = {
            name.split(".", 3)[3]: value for name, value in weights.items() if name.startswith(f"model.layers.{layer}.")
        }
        normed = _norm(x, w["temporal_pre_norm.weight"], eps)
        mix = _recurrent if pattern[layer % len(pattern)] == "recurrent" else _attention
        x = x + mix(raw, w, normed, heads, window_keys)
        x = x + _mlp(raw, w, _norm(x, w["channel_pre_norm.weight"], eps))
    scores = _norm(x, weights["model.final_norm.weight"], eps) @ weights["model.embed_tokens.weight"].T
    cap = raw.get("logits_soft_cap", 30.0)
    return np.tanh(scores / cap) * cap if cap else scores


def _round_to_bfloat16(value: float) -> float:
    bits = int(np.float32(value).view(np.uint32))
    bits += 0x7FFF + ((bits >> 16) & 1)
    return float(np.uint32(bits & 0xFFFF0000).view(np.float32))


def _norm(x: Array, scale: Array, eps: float) -> Array:
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * (1 + scale)


def _act(raw: dict[str, Any], x: Array) -> Array:
    if raw.get("hidden_activation") == "silu":
        return x * _sigmoid(x)
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _mlp(raw: dict[str, Any], w: dict[str, Array], x: Array) -> Array:
    gate = _act(raw, x @ w["mlp_block.gate_proj.weight"].T + w["mlp_block.gate_proj.bias"])
    up = x @ w["mlp_block.up_proj.weight"].T + w["mlp_block.up_proj.bias"]
    return (gate * up) @ w["mlp_block.down_proj.weight"].T + w["mlp_block.down_proj.bias"]


def _recurrent(raw: dict[str, Any], w: dict[str, Array], n: Array, heads: int, window_keys: int) -> Array:
    p = "temporal_block."
    y = _act(raw, n @ w[p + "linear_y.weight"].T + w[p + "linear_y.bias"])
    u = n @ w[p + "linear_x.weight"].T + w[p + "linear_x.bias"]
    taps = w[p + "conv_1d.weight"][:, 0, :]
    width = taps.shape[1]
    softplus = np.log1p(np.exp(w[p + "rg_lru.recurrent_param"]))
    h = np.zeros(u.shape[1])
    out = np.zeros_like(u)
    for t in range(len(u)):
        c = w[p + "conv_1d.bias"].copy()
        for s in range(min(width, t + 1)):
            c += taps[:, width - 1 - s] * u[t - s]
        blocks = c.reshape(heads, -1)
        r, i = (
            _sigmoid(
                np.einsum("hi,hij->hj", blocks, w[f"{p}rg_lru.{gate}_weight"]) + w[f"{p}rg_lru.{gate}_bias"]
            ).reshape(-1)
            for gate in ("recurrent_gate", "input_gate")
        )
        a = np.exp(-8 * r * softplus)
        h = (i * c) if t == 0 else a * h + np.sqrt(1 - a**2) * (i * c)
        out[t] = h
    return (out * y) @ w[p + "linear_out.weight"].T + w[p + "linear_out.bias"]


def _attention(raw: dict[str, Any], w: dict[str, Array], n: Array, heads: int, window_keys: int) -> Array:
    p = "temporal_block."
    width = raw["hidden_size"] // heads
    groups = raw["num_key_value_heads"]
    q = (n @ w[p + "q_proj.weight"].T).reshape(len(n), heads, width)
    k = (n @ w[p + "k_proj.weight"].T).reshape(len(n), groups, width)
    v = (n @ w[p + "v_proj.weight"].T).reshape(len(n), groups, width)
    out = np.zeros((len(n), heads, width))
    for t in range(len(n)):
        first = max(0, t - window_keys + 1)
        for head in range(heads):
            g = head // (heads // groups)
            query = _rotate(raw, q[t, head], t)
            scores = np.array([query @ _rotate(raw, k[s, g], s) for s in range(first, t + 1)]) / np.sqrt(width)
            weight = np.exp(scores - scores.max())
            out[t, head] = (weight / weight.sum()) @ v[first : t + 1, g]
    return out.reshape(len(n), -1) @ w[p + "o_proj.weight"].T + w[p + "o_proj.bias"]


def _rotate(raw: dict[str, Any], x: Array, position: int) -> Array:
    dim = int(len(x) * raw.get("partial_rotary_factor", 0.5))
    half = dim // 2
    out = x.copy()
    for j in range(half):
        angle = position * raw.get("rope_theta", 10_000.0) ** (-2 * j / dim)
        out[j] = x[j] * np.cos(angle) - x[j + half] * np.sin(angle)
        out[j + half] = x[j + half] * np.cos(angle) + x[j] * np.sin(angle)
    return out
