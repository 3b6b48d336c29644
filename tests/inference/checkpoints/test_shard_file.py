"""safetensors files as they are written in pieces: other readers agree, whatever the tensors and the order."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from app.core.errors import InternalError
from app.inference.checkpoints.shard_file import DTYPES, Entry, ShardFile, aligned

SHAPES = st.lists(st.integers(0, 5), max_size=3).map(tuple)


@st.composite
def tensors(draw: st.DrawFn) -> dict[str, torch.Tensor]:
    """Up to six tensors of any types and shapes, some without elements, some a number alone."""
    kinds = draw(st.lists(st.tuples(st.sampled_from(sorted(DTYPES)), SHAPES), max_size=6))
    generator = torch.Generator().manual_seed(0)
    found = {}
    for number, (dtype, shape) in enumerate(kinds):
        raw = torch.randint(0, 100, shape, generator=generator, dtype=torch.uint8)
        found[f'tensor "{number}" ü'] = raw.to(DTYPES[dtype])
    return found


def _entries(given: dict[str, torch.Tensor]) -> list[Entry]:
    codes = {dtype: code for code, dtype in DTYPES.items()}
    return [Entry(name, codes[tensor.dtype], tuple(tensor.shape)) for name, tensor in given.items()]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), given_tensors=tensors())
def test_safetensors_reads_what_was_written(
    data: st.DataObject, given_tensors: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every tensor to the bit, in whatever order the tensors' rows came; size and hash are the file's."""
    path = tmp_path_factory.mktemp("shard") / "model.safetensors"
    rows = [
        (name, part)
        for name, tensor in given_tensors.items()
        for part in (tensor.split(data.draw(st.integers(1, 3))) if tensor.dim() else [tensor])
    ]
    # Any order of tensors, but each one's rows in theirs.
    order = data.draw(st.permutations([name for name, _ in rows]))
    left = {name: iter([part for of, part in rows if of == name]) for name in given_tensors}
    file = ShardFile(path, _entries(given_tensors))
    for name in order:
        file.write(name, next(left[name]))
    record = file.finish()
    read = load_file(path)
    assert read.keys() == given_tensors.keys()
    for name, tensor in given_tensors.items():
        assert read[name].dtype == tensor.dtype and torch.equal(read[name], tensor)
    content = path.read_bytes()
    assert (record.nbytes, record.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@settings(max_examples=60, deadline=None)
@given(given_tensors=tensors())
def test_every_tensor_begins_where_its_type_may(given_tensors: dict[str, torch.Tensor]) -> None:
    """At a multiple of its elements' size, with the same tensors as were given."""
    entries = _entries(given_tensors)
    order, offset = aligned(entries), 0
    assert sorted(order, key=str) == sorted(entries, key=str)
    for entry in order:
        assert offset % DTYPES[entry.dtype].itemsize == 0
        offset += entry.nbytes


def test_the_order_stays_where_it_may() -> None:
    """Codes before their scales: scales could not be written first without holding the codes back."""
    entries = [Entry("codes", "I8", (3, 4)), Entry("scale", "F32", (3,))]
    assert aligned(entries) == entries
    assert aligned([Entry("codes", "I8", (3, 3)), entries[1]])[0].name == "scale"


def test_the_file_is_the_one_that_safetensors_writes(tmp_path: Path) -> None:
    """To the byte, for tensors in its own order."""
    given = {"a": torch.randn(5, 7), "b": torch.randn(3).bfloat16(), "c": torch.ones(6, dtype=torch.int8)}
    save_file(given, tmp_path / "theirs", metadata={"format": "pt"})
    file = ShardFile(tmp_path / "ours", _entries(given))
    for name, tensor in given.items():
        file.write(name, tensor)
    file.finish()
    theirs, ours = ((tmp_path / name).read_bytes() for name in ("theirs", "ours"))
    size = int.from_bytes(ours[:8], "little")
    assert json.loads(ours[8 : 8 + size]) == json.loads(theirs[8 : 8 + size])
    assert ours[8 + size :] == theirs[8 + int.from_bytes(theirs[:8], "little") :]
    with safe_open(tmp_path / "ours", "pt") as opened:
        assert opened.metadata() == {"format": "pt"}


def test_strides_do_not_matter(tmp_path: Path) -> None:
    """A transposed piece is written as it reads."""
    tensor = torch.arange(12.0).reshape(3, 4).t()
    file = ShardFile(tmp_path / "file", [Entry("a", "F32", (4, 3))])
    file.write("a", tensor)
    file.finish()
    assert torch.equal(load_file(tmp_path / "file")["a"], tensor)


def test_what_does_not_fit_the_header_is_a_bug(tmp_path: Path) -> None:
    """Another type, too much, too little: the file would be of no use."""
    file = ShardFile(tmp_path / "file", [Entry("a", "F32", (4,))])
    for wrong in (torch.zeros(4, dtype=torch.int8), torch.zeros(5)):
        with pytest.raises(InternalError, match="do not fit into what is left of a"):
            file.write("a", wrong)
    file.write("a", torch.zeros(3))
    with pytest.raises(InternalError, match="a was not written whole"):
        file.finish()
    file.close()


def test_a_full_disk_is_told() -> None:
    """By the error of the system, at the latest when the file is closed."""
    path = Path("/dev/full")
    if not path.exists():
        pytest.skip("this system has no disk that is always full")
    file = ShardFile(path, [Entry("a", "F32", (4,))])
    file.write("a", torch.zeros(4))
    with pytest.raises(OSError, match="No space left"):
        file.finish()
    file.close()
