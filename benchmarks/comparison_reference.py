"""transformers' RecurrentGemma as a subject of the benchmark: any Griffin's shape, the weights of a source.

It is driven as `generate` drives it: a prompt in one forward pass with a DynamicCache, then token by token. Its
recurrent states live in its modules, the attention windows in the cache.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import RecurrentGemmaForCausalLM
from transformers.models.recurrent_gemma.modeling_recurrent_gemma import RecurrentGemmaRotaryEmbedding

from app.core.errors import ResourceError
from app.inference.bench.cost import matrix_shapes, operations_per_token
from app.inference.bench.limits import matrix_kind
from app.inference.bench.subject import Facts
from app.inference.bench.timing import seconds_of
from app.inference.bench.transformer import random_module, write_greedily
from app.inference.checkpoints.names import HEAD, SCALE_SUFFIX
from app.inference.checkpoints.source import TensorSource
from app.inference.config import BlockType, GriffinConfig
from app.inference.devices import memory_errors
from app.inference.free_memory import require_memory
from benchmarks.reference import reference_configs, reference_weights

NAME = "transformers' RecurrentGemma"
KIND = "reference"


class RecurrentGemmaSubject:
    """One sequence of RecurrentGemmaForCausalLM; see Subject. It cannot read on from a state: reads begin at 0."""

    def __init__(self, config: GriffinConfig, source: TensorSource, device: torch.device, dtype: torch.dtype) -> None:
        """Raises ResourceError where memory is too small. int8 weights of the source are widened."""
        self._config, self._device, self._dtype = config, device, dtype
        self.model = reference_model(config, source, device, dtype)
        known = inspect.signature(RecurrentGemmaForCausalLM.forward).parameters
        # The argument's name changed within transformers 5.
        self._cache_argument = "cache" if "cache" in known else "past_key_values"
        self._cache: Any = None
        self._recurrent = [
            layer.temporal_block
            for layer, kind in zip(self.model.model.layers, config.block_types, strict=True)
            if kind is BlockType.RECURRENT
        ]
        parameters = dict(self.model.named_parameters())
        form = str(dtype).removeprefix("torch.")
        self._facts = Facts(
            name=NAME,
            kind=KIND,
            parameters=sum(parameter.numel() for parameter in parameters.values()),
            weight_format=form,
            weights_bytes=sum(parameter.nbytes for parameter in parameters.values()),
            operations_per_token=operations_per_token(config),
            matrix_kind=matrix_kind(form, device),
            matrix_shapes=matrix_shapes(config),
            notes=(f"transformers {transformers.__version__}, sdpa attention, DynamicCache, random weights",),
        )

    @property
    def facts(self) -> Facts:
        """See Subject."""
        return self._facts

    def state_bytes(self, length: int) -> int:
        """See Subject: recurrences in float32, inputs of the convolution, windows of one key less than a query sees."""
        config, size = self._config, self._dtype.itemsize
        recurrent = len(self._recurrent) * config.lru_width * (4 + (config.conv_width - 1) * size)
        slots = min(length, config.window_tokens - 1)
        layers = len(config.block_types) - len(self._recurrent)
        return recurrent + layers * 2 * slots * config.num_kv_heads * config.head_dim * size

    def bytes_read(self, length: int) -> int:
        """See Subject."""
        return self._facts.weights_bytes + self.state_bytes(length)

    def need_bytes(self, length: int, new_tokens: int, sequences: int = 1) -> int:
        """See Subject: a mask of every token by every other, made twice and once more as numbers; one layer's work."""
        config, size = self._config, self._dtype.itemsize
        mask = new_tokens * new_tokens * (2 + size) if new_tokens > config.window_tokens else 0
        passing = new_tokens * (3 * config.mlp_width + 12 * config.lru_width + 6 * config.width) * size
        return self.state_bytes(length + new_tokens) + mask + passing + 8 * config.vocab_size

    def start(self, length: int, sequences: int = 1) -> None:
        """See Subject."""
        assert sequences == 1
        self.stop()
        self._cache = transformers.DynamicCache(config=self.model.config)
        if length:
            with memory_errors(f"a state of {length} tokens"), torch.inference_mode():
                self._fill(length)

    def read(self, tokens: int) -> float:
        """See Subject; from nothing only."""
        ids = torch.randint(0, self._config.vocab_size, (1, tokens), device=self._device)
        try:
            with memory_errors("reading in one pass"):
                return seconds_of(lambda: self.feed(ids), self._device)
        except RuntimeError as error:  # a kernel that cannot take so long a prompt is a result too
            raise ResourceError(f"transformers: {str(error).partition(chr(10))[0]}") from error

    def write(self, tokens: int) -> float:
        """See Subject; greedy, each token on the host before the next, as in `generate`."""
        with memory_errors("writing"):
            return seconds_of(lambda: write_greedily(self.feed, tokens, self._device), self._device)

    def stop(self) -> None:
        """See Subject."""
        self._cache = None
        for block in self._recurrent:
            block.conv1d_state = block.rg_lru.recurrent_states = None

    @torch.inference_mode()
    def feed(self, ids: Tensor, *, keep: int = 1) -> Tensor:
        """Logits (1, keep, v) of the last tokens; `keep` 0 gives all. ids: (1, t), all of a prompt or one token."""
        cache = {self._cache_argument: self._cache}
        logits: Tensor = self.model(ids, use_cache=True, logits_to_keep=keep, **cache).logits
        return logits

    def _fill(self, length: int) -> None:
        """Random states as after `length` tokens."""
        config = self._config
        generator = torch.Generator(self._device).manual_seed(0)

        def uniform(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
            return torch.empty(shape, dtype=dtype, device=self._device).uniform_(-1.0, 1.0, generator=generator)

        for block in self._recurrent:
            block.conv1d_state = uniform((1, config.lru_width, config.conv_width - 1), self._dtype)
            block.rg_lru.recurrent_states = uniform((1, config.lru_width), torch.float32)
        window = (1, config.num_kv_heads, min(length, config.window_tokens - 1), config.head_dim)
        for index, kind in enumerate(config.block_types):
            if kind is BlockType.ATTENTION:
                self._cache.update(uniform(window, self._dtype), uniform(window, self._dtype), index)
                # What the layer takes for the position of the next token.
                self._cache.layers[index].cumulative_length = length


def reference_model(config: GriffinConfig, source: TensorSource, device: torch.device, dtype: torch.dtype) -> Any:
    """RecurrentGemmaForCausalLM with a source's weights, each rounded to dtype. ResourceError: memory is too small."""
    need = sum(tensor_elements(source)) * dtype.itemsize
    require_memory(need, device, f"{NAME} in {str(dtype).removeprefix('torch.')}")
    whole, small = reference_configs(config)
    with memory_errors(NAME):
        model: Any = random_module(RecurrentGemmaForCausalLM, whole, small, device, dtype)
        places = dict(model.named_parameters())
        with torch.no_grad():
            for name, tensor in reference_weights(source):
                places.pop(name).copy_(tensor)
            for module in model.modules():
                if isinstance(module, RecurrentGemmaRotaryEmbedding):
                    # float32 whatever the weights are, as in a model that transformers loads itself.
                    module.inv_freq = module.compute_default_rope_parameters(whole)[0].to(device)
    assert not set(places) - {HEAD}, f"no weights for {sorted(places)}"
    return model


def tensor_elements(source: TensorSource) -> Iterator[int]:
    """Elements of each weight."""
    for name in source.names():
        if not name.endswith(SCALE_SUFFIX):
            yield torch.Size(source.shape(name)).numel()
