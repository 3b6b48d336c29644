"""Notation of tensor shapes in this package, after google-deepmind/recurrentgemma.

| letter | meaning                                   | 2B   | 9B    | starter |
|--------|-------------------------------------------|------|-------|---------|
| b      | batch                                     |      |       |         |
| t      | tokens of this call                       |      |       |         |
| s      | keys attended to: past window and t       |      |       |         |
| d      | model width                               | 2560 | 4096  | 576     |
| m      | width of the gated MLP                    | 7680 | 12288 | 1536    |
| e      | width of the recurrent block (lru_width)  | 2560 | 4096  | 864     |
| h      | query heads, and gate blocks of the RG-LRU | 10  | 16    | 9       |
| g      | key/value heads                           | 1    | 1     | 3       |
| k      | width of one head                         | 256  | 256   | 64      |
| w      | slots of the attention window             | 2049 | 2049  | 2048    |
| c      | taps of the temporal convolution          | 4    | 4     | 4       |
| v      | vocabulary                                | 256000 | 256000 | 49152 |

The aliases carry no check; they name what a tensor holds.
"""

from __future__ import annotations

from typing import TypeAlias

from torch import Tensor

TokenIds: TypeAlias = Tensor
"""(b, t) int64."""
Hidden: TypeAlias = Tensor
"""(b, t, d)."""
Expanded: TypeAlias = Tensor
"""(b, t, e)."""
Logits: TypeAlias = Tensor
"""(b, t, v) float32."""
RNNState: TypeAlias = Tensor
"""(b, e), always float32."""
ConvTail: TypeAlias = Tensor
"""(b, c - 1, e): the last inputs of the temporal convolution, oldest first."""
Heads: TypeAlias = Tensor
"""(b, h or g, t, k)."""
