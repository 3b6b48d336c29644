"""A ModelState as header, recurrent part and window pages, and back: safetensors and plain bytes, never pickle."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from app.inference.generator import SavedState, StatePage
from app.inference.griffin import Griffin
from app.inference.kernels import KernelChoice
from app.inference.state import PAGE_TOKENS, ModelState, PageDigest, RecurrentState, fresh_state
from app.inference.state_header import Guards, StateHeader, damaged, sha256, verified
from app.inference.token_history import TokenHistory
from app.inference.window_pages import WindowCopy, copy_window, fill_window, page_nbytes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Page:
    """Tokens [start, end) of the window. digest: shared with the sequences that hold the page, if it is complete."""

    start: int
    end: int
    digest: PageDigest
    is_copied: bool


@dataclass(frozen=True, slots=True)
class FrozenState:
    """Copies of what a state was at one moment; the state may go on. `pack` makes of it what can be stored."""

    position: int
    history: TokenHistory | None
    guards: Guards
    made_with: Mapping[str, str]
    window_start: int
    recurrent: Mapping[str, Tensor]
    window: WindowCopy
    pages: tuple[_Page, ...]
    known: frozenset[str]

    def pack(self) -> SavedState:
        """Hash what was copied, in any thread; the digests are remembered in the state it came from and its forks."""
        recurrent = safetensors.torch.save(dict(self.recurrent))
        pages = tuple(self._packed(page) for page in self.pages)
        header = StateHeader(
            position=self.position,
            history=self.history,
            guards=self.guards,
            window_start=self.window_start,
            made_with=self.made_with,
            recurrent_digest=sha256(recurrent),
            pages=tuple((page.start, page.end, page.digest) for page in pages),
        )
        return SavedState(header.text(), self.position, header.token_hash, recurrent, pages)

    def _packed(self, page: _Page) -> StatePage:
        if not page.is_copied:
            return StatePage(page.start, page.end, page.digest.value, None)
        data = self.window.page((page.start, page.end))
        digest = page.digest.value = page.digest.value or sha256(data)
        return StatePage(page.start, page.end, digest, None if digest in self.known else data)


def guards_of(model: Griffin, fingerprint: str, tokenizer_hash: str) -> Guards:
    """The guards of a loaded model."""
    return Guards(fingerprint, tokenizer_hash, str(model.dtype), model.config.window_keys)


def made_with(model: Griffin, kernels: KernelChoice | None, chunk_tokens: int) -> dict[str, str]:
    """What has to be the same for two runs to agree bit for bit, in short words."""
    if model.device.type == "cuda":
        device = torch.cuda.get_device_name(model.device)
    else:
        device = f"{model.device.type} {torch.backends.cpu.get_cpu_capability()}"
    products = [] if kernels is None else sorted(kernels.chosen.items())
    return {
        "chunk_tokens": str(chunk_tokens),
        "device": device,
        "kernels": ", ".join([type(model.ops).__name__, *(f"{tokens} {name}" for tokens, name in products)]),
        "threads": str(torch.get_num_threads()),
        "torch": torch.__version__,
    }


def freeze_state(
    state: ModelState, guards: Guards, made_with: Mapping[str, str], known: Collection[str] = ()
) -> FrozenState:
    """Copy what a state is now, of the window only pages whose digests are not in `known`.

    The first page is the whole one that the window begins in where that is known, or else what is left of it.
    """
    digests = state.complete_pages()
    known = frozenset(known) - {""}
    window_start = max(0, state.position - guards.window_keys)
    pages: list[_Page] = []
    for start in range(window_start // PAGE_TOKENS * PAGE_TOKENS, state.position, PAGE_TOKENS):
        digest = digests.get(start // PAGE_TOKENS, PageDigest())
        is_known = digest.value in known
        end = min(start + PAGE_TOKENS, state.position)
        if start < window_start and not is_known:
            start, digest = window_start, PageDigest()
        pages.append(_Page(start, end, digest, is_copied=not is_known))
    return FrozenState(
        position=state.position,
        history=state.history if state.history.count == state.position else None,
        guards=guards,
        made_with=made_with,
        window_start=window_start,
        recurrent=_recurrent_copy(state),
        window=copy_window(state, [(page.start, page.end) for page in pages if page.is_copied]),
        pages=tuple(pages),
        known=known,
    )


def load_state(
    saved: SavedState, model: Griffin, guards: Guards, made_with: Mapping[str, str] | None = None
) -> ModelState:
    """A saved state on the model's device; CheckpointError says why it cannot be used, see TextGenerator.load_state.

    made_with: what this model runs with; what is other than for the saved state is logged.
    """
    header = verified(saved, guards, PAGE_TOKENS, lambda tokens: page_nbytes(model.config, model.dtype, tokens))
    _log_differences(header.made_with, made_with)
    state = fresh_state(model.config, dtype=model.dtype)
    state.position, state.history = header.position, header.history or TokenHistory()
    try:
        _fill_recurrent(state, safetensors.torch.load(saved.recurrent), vocab_size=model.config.vocab_size)
    # RuntimeError and TypeError: what torch makes of a container whose sizes and types do not go together.
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise damaged(f"{error!s:.120}") from error
    for page in saved.pages:
        assert page.data is not None
        fill_window(state, (page.start, page.end), page.data, header.window_start)
    state.pages = {
        page.start // PAGE_TOKENS: PageDigest(page.digest)
        for page in saved.pages
        if page.end - page.start == PAGE_TOKENS
    }
    return state.to(model.device)


def _recurrent_copy(state: ModelState) -> dict[str, Tensor]:
    """What is not in pages, as copies on the CPU, off the device in one piece per type."""
    named: dict[str, Tensor] = {} if state.logits is None else {"logits": state.logits}
    for index, layer in enumerate(state.layers):
        if isinstance(layer, RecurrentState):
            named |= {f"{index}.h": layer.h, f"{index}.conv_tail": layer.conv_tail}
    copies: dict[str, Tensor] = {}
    for dtype in {tensor.dtype for tensor in named.values()}:
        group = {name: tensor for name, tensor in named.items() if tensor.dtype == dtype}
        flat = torch.cat([tensor.reshape(-1) for tensor in group.values()]).cpu()
        parts = torch.split(flat, [tensor.numel() for tensor in group.values()])
        copies |= {name: part.view(group[name].shape) for name, part in zip(group, parts, strict=True)}
    return copies


def _fill_recurrent(state: ModelState, tensors: dict[str, Tensor], *, vocab_size: int) -> None:
    """Fill a fresh state with the tensors; ValueError or KeyError when they do not make it up."""
    for index, layer in enumerate(state.layers):
        if isinstance(layer, RecurrentState):
            _fill(layer.h, tensors.pop(f"{index}.h"))
            _fill(layer.conv_tail, tensors.pop(f"{index}.conv_tail"))
    if (logits := tensors.pop("logits", None)) is not None:
        state.logits = torch.empty((1, vocab_size))
        _fill(state.logits, logits)
    if tensors:
        raise ValueError(f"it holds {min(tensors):.40}, which is no part of a state")


def _fill(target: Tensor, source: Tensor) -> None:
    if target.shape != source.shape or target.dtype != source.dtype:
        raise ValueError(f"{source.dtype} {tuple(source.shape)}, expected {target.dtype} {tuple(target.shape)}")
    target.copy_(source)


def _log_differences(found: Mapping[str, str], expected: Mapping[str, str] | None) -> None:
    if expected is None:
        return
    differences = [
        f"{name} {found.get(name, 'unknown'):.80}, here {expected.get(name, 'unknown'):.80}"
        for name in sorted(found.keys() | expected.keys())
        if found.get(name) != expected.get(name)
    ]
    if differences:
        log.info("not bit for bit: the saved state was made with %s", "; ".join(differences))
