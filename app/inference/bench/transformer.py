"""The transformer beside ours: transformers' Gemma of random weights, its KV cache on.

Needs the optional package transformers; imported only when a comparison is asked for.
"""

from __future__ import annotations

import inspect
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from app.core.errors import UserError
from app.inference.bench.limits import matrix_kind
from app.inference.bench.memory import shortage
from app.inference.bench.subject import Facts
from app.inference.bench.timing import seconds_of
from app.inference.devices import has_fast_bfloat16, memory_errors
from app.inference.free_memory import require_memory


@dataclass(frozen=True, slots=True)
class TransformerShape:
    """A Gemma's sizes, in elements; a tied head."""

    name: str
    vocab_size: int
    width: int
    mlp_width: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int

    @property
    def parameters(self) -> int:
        """Weights in all."""
        attention = 2 * self.width * self.head_dim * (self.heads + self.kv_heads)
        layer = attention + 3 * self.width * self.mlp_width + 2 * self.width
        return self.layers * layer + self.vocab_size * self.width + self.width

    def cache_bytes(self, length: int, itemsize: int) -> int:
        """Of the keys and values of `length` tokens in all layers."""
        return 2 * self.layers * self.kv_heads * self.head_dim * length * itemsize


GEMMA_2B = TransformerShape("Gemma-2B shape", 256_000, 2048, 16_384, 18, 8, 1, 256)
"""The model that RecurrentGemma's report (arXiv:2404.07839) compares with (google/gemma_pytorch, config.py)."""


def transformer_dtype(shape: TransformerShape, device: torch.device) -> torch.dtype:
    """bfloat16 where the device multiplies it quickly or float32 does not fit, else float32."""
    if device.type != "cpu" or has_fast_bfloat16(device) or shortage(4 * shape.parameters, device):
        return torch.bfloat16
    return torch.float32


class TransformerSubject:
    """GemmaForCausalLM with a DynamicCache, transformers' default; see Subject.

    A prompt is read in one forward pass, with the scores of its last token only.
    """

    def __init__(self, shape: TransformerShape, device: torch.device, dtype: torch.dtype) -> None:
        """Raises UserError where transformers is missing, ResourceError where memory is too small."""
        self._shape, self._device, self._dtype = shape, device, dtype
        try:
            import transformers
        except ImportError as error:
            raise UserError(
                "the comparison needs the package transformers: pip install 'griffin-desk[bench]'", code="bench-extra"
            ) from error
        require_memory(shape.parameters * dtype.itemsize, device, f"{shape.name} in {_name(dtype)}")
        with memory_errors(shape.name):
            self._model: Any = _random_gemma(transformers, shape, device, dtype)
        self._new_cache = transformers.DynamicCache
        # The argument's name changed in transformers 5.
        known = inspect.signature(type(self._model).forward).parameters
        self._cache_argument = "cache" if "cache" in known else "past_key_values"
        self._cache: Any = None
        form = _name(dtype)
        shapes = Counter(
            (module.out_features, module.in_features)
            for name, module in self._model.named_modules()
            if isinstance(module, nn.Linear) and not name.endswith("lm_head")
        )
        self._facts = Facts(
            name=shape.name,
            kind="transformer",
            parameters=shape.parameters,
            weight_format=form,
            weights_bytes=sum({p.data_ptr(): p.nbytes for p in self._model.parameters()}.values()),
            operations_per_token=2 * sum(count * rows * columns for (rows, columns), count in shapes.items()),
            matrix_kind=matrix_kind(form, device),
            matrix_shapes=shapes,
            notes=(f"transformers {transformers.__version__}, sdpa attention, DynamicCache, random weights",),
        )

    @property
    def facts(self) -> Facts:
        """See Subject."""
        return self._facts

    def state_bytes(self, length: int) -> int:
        """See Subject: keys and values of every token."""
        return self._shape.cache_bytes(length, self._dtype.itemsize)

    def bytes_read(self, length: int) -> int:
        """See Subject."""
        return self._facts.weights_bytes + self.state_bytes(length)

    def need_bytes(self, length: int, new_tokens: int, sequences: int = 1) -> int:
        """See Subject: the cache, one layer of it twice while it grows, keys repeated per head, the mask, one MLP."""
        shape, size, total = self._shape, self._dtype.itemsize, length + new_tokens
        cache = shape.cache_bytes(total, size)
        growing = 2 * cache // shape.layers
        repeated = 2 * total * shape.heads * shape.head_dim * size if new_tokens > 1 else 0
        mask = new_tokens * total * (1 + size) if length and new_tokens > 1 else 0
        passing = new_tokens * (3 * shape.mlp_width + 6 * shape.width) * size
        return sequences * (cache + growing + repeated + mask + passing + 8 * shape.vocab_size)

    def start(self, length: int, sequences: int = 1) -> None:
        """See Subject."""
        self.stop()
        shape = (sequences, self._shape.kv_heads, length, self._shape.head_dim)
        generator = torch.Generator(self._device).manual_seed(0)
        self._cache = self._new_cache(config=self._model.config)
        if length == 0:
            return
        with memory_errors(f"a KV cache of {length} tokens"), torch.inference_mode():
            for layer in range(self._shape.layers):
                keys, values = (
                    torch.empty(shape, dtype=self._dtype, device=self._device).uniform_(-1.0, 1.0, generator=generator)
                    for _ in range(2)
                )
                self._cache.update(keys, values, layer)

    def read(self, tokens: int) -> float:
        """See Subject."""
        ids = torch.randint(0, self._shape.vocab_size, (1, tokens), device=self._device)
        with memory_errors("reading"), torch.inference_mode():
            return seconds_of(lambda: self._forward(ids), self._device)

    def write(self, tokens: int) -> float:
        """See Subject; greedy, each token on the host before the next, as in `generate`."""
        with memory_errors("writing"), torch.inference_mode():
            return seconds_of(lambda: write_greedily(self._forward, tokens, self._device), self._device)

    def stop(self) -> None:
        """See Subject."""
        self._cache = None

    def _forward(self, ids: Tensor) -> Tensor:
        out = self._model(ids, use_cache=True, logits_to_keep=1, **{self._cache_argument: self._cache})
        logits: Tensor = out.logits
        return logits


def write_greedily(forward: Callable[[Tensor], Tensor], tokens: int, device: torch.device) -> None:
    """Choose so many tokens, each on the host before the next; forward: ids (1, 1) to logits (1, 1, v)."""
    ids = torch.ones((1, 1), dtype=torch.int64, device=device)
    for _ in range(tokens):
        token = int(forward(ids)[0, -1].argmax())
        ids = torch.full((1, 1), token, device=device)


def _random_gemma(transformers: Any, shape: TransformerShape, device: torch.device, dtype: torch.dtype) -> nn.Module:
    def config(layers: int, vocab_size: int, mlp_width: int) -> Any:
        return transformers.GemmaConfig(
            hidden_size=shape.width,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            head_dim=shape.head_dim,
            num_hidden_layers=layers,
            vocab_size=vocab_size,
            intermediate_size=mlp_width,
            attn_implementation="sdpa",
        )

    whole = config(shape.layers, shape.vocab_size, shape.mlp_width)
    return random_module(transformers.GemmaForCausalLM, whole, config(1, 8, 8), device, dtype)


def random_module(kind: Any, config: Any, small: Any, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """A model of transformers with weights uniform around 0, made in place: its own start would take minutes.

    kind: the class. small: a config of the same widths and heads with few layers and tokens; the buffers (rotary
    frequencies, the embedding's scale), which follow from those widths and are alike in all layers, are taken from a
    model of it.
    """
    with torch.device("meta"):
        model: nn.Module = kind(config).to(dtype).eval()
    model.to_empty(device=device)
    model.tie_weights()  # type: ignore[operator]
    buffers = {_in_any_layer(name): buffer for name, buffer in kind(small).named_buffers()}
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            buffer.copy_(buffers[_in_any_layer(name)])
        for parameter in model.parameters():
            bound = math.sqrt(3.0 / parameter.shape[-1]) if parameter.dim() > 1 else 0.1
            parameter.uniform_(-bound, bound)
    return model


def _in_any_layer(name: str) -> str:
    return re.sub(r"\.\d+\.", ".*.", name)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
