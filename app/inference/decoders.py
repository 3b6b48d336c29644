"""Which decoder writes on a device."""

from __future__ import annotations

import torch

from app.inference.cuda.graphs import GraphDecoder
from app.inference.decoding import Decoder, PlainDecoder
from app.inference.griffin import Griffin
from app.inference.kernels import KernelChoice


def choose_decoder(model: Griffin, kernels: KernelChoice | None, batch_size: int) -> tuple[Decoder, str | None]:
    """The decoder for groups of up to `batch_size` sequences, and why it is not the device's best (None where it is).

    On a CUDA device the step of one sequence is captured at once: a graph that cannot be made shows now.
    """
    if model.device.type != "cuda":
        return PlainDecoder(model, kernels), None
    try:
        with torch.inference_mode():
            return GraphDecoder(model, batch_size), None
    except RuntimeError as error:
        reason = (str(error).splitlines() or [""])[0]
        return PlainDecoder(model, kernels), f"answers are written without CUDA graphs, which is slower: {reason}"
