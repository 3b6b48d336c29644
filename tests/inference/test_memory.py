"""The estimate of a model's memory against the tensors of models that were built."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest
import torch
from torch import Tensor

from app.core.errors import ResourceError
from app.inference import free_memory, loading
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import Checkpoint, open_checkpoint
from app.inference.config import config_from_json
from app.inference.kernels import TOKEN_CLASSES, KernelChoice
from app.inference.loading import check_room
from app.inference.memory import RUNTIME_BYTES, MemoryNeed, estimate_memory
from app.inference.weight_format import WeightFormat
from tests.checkpoints import KINDS, int8_tensors, random_tensors, raw_config, write_checkpoint

CPU = torch.device("cpu")
MIB = 2**20
FORMATS = [WeightFormat(name) for name in ("float32", "bfloat16", "float16", "int8")]
KERNELS = KernelChoice(dict.fromkeys(TOKEN_CLASSES, "float_mm"), {})


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _tensors(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _tensors(getattr(value, field.name))


@pytest.fixture(scope="module", params=KINDS)
def on_disk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checkpoint]:
    """One model of each kind, stored in three formats."""
    raw = raw_config(request.param, vocab_size=500, hidden_size=64, intermediate_size=512)
    folder, tensors = tmp_path_factory.mktemp("models"), random_tensors(raw)
    stored = {
        "float32": tensors,
        "bfloat16": {name: tensor.bfloat16() for name, tensor in tensors.items()},
        "int8": int8_tensors(tensors),
    }
    return {name: open_checkpoint(write_checkpoint(folder / name, raw, content)) for name, content in stored.items()}


def _need(checkpoint: Checkpoint, form: WeightFormat, device: str) -> MemoryNeed:
    return estimate_memory(
        checkpoint.config, form, chunk_tokens=512, stored=checkpoint.stored, mapped=device == "cpu", device=device
    )


@pytest.mark.parametrize("stored", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("form", FORMATS)
def test_weights_are_those_that_a_model_holds(form: WeightFormat, stored: str, on_disk: dict[str, Checkpoint]) -> None:
    """In every format, from every format: all bytes, and the bytes that lie in the file's own pages; and the state."""
    checkpoint = on_disk[stored]
    need = _need(checkpoint, form, "cpu")
    source = checkpoint.source
    # A source that hands out the same tensor each time: a weight held in place is then known by its address.
    kept = {name: source.tensor(name) for name in source.names()}
    source.tensor = kept.__getitem__  # type: ignore[method-assign]
    model = build_griffin(checkpoint.config, source, form, CPU, KERNELS)
    held = {tensor.data_ptr(): tensor for tensor in _tensors(model)}
    # Products without a bias add one of zeros in int8, of which the estimate knows nothing.
    weights = sum(tensor.nbytes for tensor in held.values() if tensor.dim() > 1 or bool(tensor.any()))
    files = {tensor.data_ptr() for tensor in kept.values()}
    in_place = sum(tensor.nbytes for tensor in held.values() if tensor.data_ptr() in files)
    assert need.weights_bytes == weights
    assert need.mapped_bytes == in_place
    assert need.state_bytes == model.fresh_state().nbytes


def test_other_devices_hold_copies(on_disk: dict[str, Checkpoint]) -> None:
    """Nothing is mapped on a GPU; the need is otherwise the same."""
    on_cpu, on_gpu = (_need(on_disk["bfloat16"], WeightFormat.BFLOAT16, device) for device in ("cpu", "cuda"))
    assert on_cpu.mapped_bytes > on_gpu.mapped_bytes == 0
    assert on_cpu.total == on_gpu.total == on_gpu.unmapped


@pytest.mark.parametrize(
    ("form", "gigabytes"), [("float32", 10.73), ("bfloat16", 5.41), ("float16", 5.41), ("int8", 2.76)]
)
def test_recurrentgemma_2b(form: str, gigabytes: float) -> None:
    """2.683 billion parameters (engine facts 1.5), of which 23.6 million in the gates are float32 always."""
    raw = {
        "model_type": "recurrent_gemma",
        "vocab_size": 256_000,
        "hidden_size": 2560,
        "intermediate_size": 15_360,
        "num_hidden_layers": 26,
        "num_attention_heads": 10,
        "num_key_value_heads": 1,
        "attention_window_size": 2048,
        "conv1d_width": 4,
        "block_types": ["recurrent", "recurrent", "attention"],
    }
    config = config_from_json(raw)
    need = estimate_memory(config, WeightFormat(form), chunk_tokens=512)
    # 4 bytes a parameter; 2 and 2 more for the gates'; 1 and 3 more for the gates', 4 a row for the scales.
    assert need.weights_bytes / 1e9 == pytest.approx(gigabytes, abs=0.01)
    assert (need.mapped_bytes, need.converted_bytes) == (0, 0)
    # The state is what engine facts 2 says, and one slot more in each of the 8 windows.
    slot = 8 * 2 * 256
    assert need.state_bytes == {2: 17_238_016 + 2 * slot, 4: 34_291_712 + 4 * slot}[WeightFormat(form).activation_bytes]


def test_larger_chunks_take_more(on_disk: dict[str, Checkpoint]) -> None:
    """In proportion, beyond what does not depend on them."""
    config = on_disk["float32"].config
    small, large = (
        estimate_memory(config, WeightFormat.FLOAT32, chunk_tokens=n).working_bytes - RUNTIME_BYTES for n in (512, 4096)
    )
    assert 4 * small < large


NEED = MemoryNeed(
    weights_bytes=900 * MIB, mapped_bytes=700 * MIB, converted_bytes=0, state_bytes=50 * MIB, working_bytes=50 * MIB
)


@pytest.mark.parametrize(("free", "said"), [(1000, ""), (999, "will be read from the disk again"), (300, "again")])
def test_mapped_weights_may_lack_room(free: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system drops and rereads them: slow, told, and no error."""
    for module in (free_memory, loading):
        monkeypatch.setattr(module, "free_bytes", lambda device: free * MIB)
    note = check_room(NEED, CPU)
    assert (note is None) if not said else (note is not None and said in note)


def test_what_cannot_be_mapped_must_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte less than weights of its own, state and working memory is an error."""
    monkeypatch.setattr(free_memory, "free_bytes", lambda device: 300 * MIB - 1)
    with pytest.raises(ResourceError, match="needs 300 MiB, 300 MiB are free"):
        check_room(NEED, CPU)
