"""DeepMind's `.pt` files: every tensor in its place to the bit, the config from the shapes, and no code ever run."""

import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import RecurrentGemmaConfig

from app.core.errors import CheckpointError, ResourceError
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.names import Layout
from app.inference.checkpoints.registry import Checkpoint, open_checkpoint
from app.inference.config import config_from_json
from app.inference.griffin import Griffin
from app.inference.loading import load_model
from app.inference.weight_format import WeightFormat
from tests.checkpoints import (
    KINDS,
    TRAITS,
    deepmind_tensors,
    random_tensors,
    raw_config,
    write_checkpoint,
    write_deepmind,
)

RAW = raw_config("recurrentgemma")
GATE = "blocks.1.mlp_block.ffw_up.w"


def _built(checkpoint: Checkpoint) -> Griffin:
    return build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_tensors_come_back_to_the_bit(kind: str, dtype: torch.dtype, tmp_path: Path) -> None:
    """Under our names, in our shapes, contiguous, and with shapes and types told before any number is read."""
    raw = raw_config(kind)
    tensors = {name: tensor.to(dtype) for name, tensor in random_tensors(raw).items()}
    source = open_checkpoint(write_deepmind(tmp_path / "2b.pt", tensors, raw)).source
    assert sorted(source.names()) == sorted(tensors)
    for name, tensor in tensors.items():
        assert source.shape(name) == tuple(tensor.shape)
        assert source.dtype(name) == {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}[dtype]
        found = source.tensor(name)
        assert found.is_contiguous()
        assert torch.equal(found, tensor)


def test_matrices_that_were_saved_as_views(tmp_path: Path) -> None:
    """DeepMind's conversion from Flax transposes without copying, and torch saves what it is given."""
    tensors = random_tensors(RAW)
    foreign = {
        name: tensor.t().contiguous().t() if tensor.dim() == 2 else tensor
        for name, tensor in deepmind_tensors(tensors).items()
    }
    torch.save(foreign, tmp_path / "2b.pt")
    (tmp_path / "config.json").write_text(json.dumps(TRAITS))
    source = open_checkpoint(tmp_path / "2b.pt").source
    for name, tensor in tensors.items():
        assert source.tensor(name).is_contiguous()
        assert torch.equal(source.tensor(name), tensor)


@pytest.mark.parametrize("kind", KINDS)
def test_logits_equal_those_of_the_other_layout(kind: str, tmp_path: Path) -> None:
    """To the bit, over several windows, by DeepMind's window rule."""
    raw = raw_config(kind, attention_window_keys=9)
    tensors = random_tensors(raw)
    ours = _built(open_checkpoint(write_checkpoint(tmp_path / "folder", raw, tensors)))
    theirs = _built(open_checkpoint(write_deepmind(tmp_path / "2b.pt", tensors, raw_config(kind))))
    ids = torch.randint(0, 97, (1, 33), generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        assert torch.equal(ours.forward(ids, ours.fresh_state()), theirs.forward(ids, theirs.fresh_state()))


@pytest.mark.parametrize("kind", ["recurrentgemma", "griffin", "hawk"])
def test_config_comes_from_the_shapes(kind: str, tmp_path: Path) -> None:
    """All but the three traits that no tensor shows; transformers takes the made up config.json too."""
    raw = raw_config(kind, attention_window_keys=9)
    traits = {key: raw.get(key, value) for key, value in TRAITS.items()}
    checkpoint = open_checkpoint(write_deepmind(tmp_path / "2b.pt", random_tensors(raw), traits))
    assert checkpoint.config == config_from_json(raw)
    assert (checkpoint.layout, checkpoint.folder, checkpoint.name) == (Layout.DEEPMIND, tmp_path, "2b")
    assert checkpoint.files == (tmp_path / "config.json", tmp_path / "2b.pt")
    made = RecurrentGemmaConfig(**checkpoint.config_json)
    assert (made.bos_token_id, made.eos_token_id, made.pad_token_id) == (2, 1, 0)
    assert (made.intermediate_size, made.num_key_value_heads) == (128, raw["num_key_value_heads"])
    assert config_from_json(json.loads(made.to_json_string())) == checkpoint.config


def test_folder_of_the_file_is_as_good(tmp_path: Path) -> None:
    """As published: one `.pt` and tokenizer.model; two of them are not guessed between."""
    path = write_deepmind(tmp_path / "2b-it.pt", random_tensors(RAW), TRAITS)
    (tmp_path / "tokenizer.model").write_bytes(b"")
    assert open_checkpoint(tmp_path).files == open_checkpoint(path).files
    assert open_checkpoint(tmp_path).name == "2b-it"
    write_deepmind(tmp_path / "9b.pt", random_tensors(RAW))
    with pytest.raises(CheckpointError, match=r"holds several models \(2b-it\.pt, 9b\.pt\): give one of the files"):
        open_checkpoint(tmp_path)


def test_unpublished_size_asks_for_what_no_tensor_shows(tmp_path: Path) -> None:
    """A guess would give a model that is slightly wrong without a word."""
    path = write_deepmind(tmp_path / "own.pt", random_tensors(RAW))
    with pytest.raises(CheckpointError, match="attention_window_size, logits_soft_cap, scale_embeddings are in none"):
        open_checkpoint(path)
    (tmp_path / "config.json").write_text(json.dumps({"attention_window_size": 8, "logits_soft_cap": 0}))
    with pytest.raises(CheckpointError, match=r"\(width 32, 3 layers\), and scale_embeddings are in none"):
        open_checkpoint(path)


def test_config_beside_the_file_wins(tmp_path: Path) -> None:
    """Also where it names its own window rule; where it disagrees with the tensors it is refused."""
    path = write_deepmind(tmp_path / "own.pt", random_tensors(RAW), TRAITS | {"attention_window_keys": 8})
    assert open_checkpoint(path).config.window_keys == 8
    (tmp_path / "config.json").write_text(json.dumps(TRAITS | {"num_hidden_layers": 38}))
    with pytest.raises(CheckpointError, match=r"config\.json: num_hidden_layers is 38, expected 3"):
        open_checkpoint(path)


@pytest.mark.parametrize("given", ["2b-it.pt", "."])
def test_engine_runs_the_file_as_it_is(given: str, gemma_like_folder: Path, tmp_path: Path) -> None:
    """With tokenizer.model beside it, as published, and the same logits as from the folder in the other layout."""
    raw = raw_config("recurrentgemma", vocab_size=512, attention_window_keys=9)
    tensors = random_tensors(raw)
    write_deepmind(tmp_path / "torch" / "2b-it.pt", tensors, TRAITS)
    write_checkpoint(tmp_path / "folder", raw, tensors)
    for folder in ("torch", "folder"):
        shutil.copy(gemma_like_folder / "tokenizer.model", tmp_path / folder)
    ids = torch.arange(3, 40)[None]
    found = []
    for path in (tmp_path / "torch" / given, tmp_path / "folder"):
        loaded = load_model(path, name=None, device="cpu", weight_format="float32", cache_dir=None)
        with torch.inference_mode():
            found.append(loaded.model.forward(ids, loaded.model.fresh_state()))
    assert torch.equal(found[0], found[1])


class _Code:
    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self._path,)


@pytest.mark.parametrize("inside", ["alone", "among tensors"])
@pytest.mark.parametrize("as_zip", [True, False])
def test_code_is_never_run(inside: str, as_zip: bool, tmp_path: Path) -> None:
    """A pickle may call any function: this one would leave a file behind."""
    mark = tmp_path / "was run"
    bad = _Code(mark)
    content = bad if inside == "alone" else {**deepmind_tensors(random_tensors(RAW)), "blocks.0.extra": bad}
    path = tmp_path / "2b.pt"
    torch.save(content, path, _use_new_zipfile_serialization=as_zip)
    with pytest.raises(
        CheckpointError, match="code in a model's file is never run" if as_zip else "not a file of torch"
    ):
        open_checkpoint(path)
    assert not mark.exists()


def _script(path: Path) -> None:
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), path)


def _compressed(path: Path) -> None:
    torch.save(deepmind_tensors(random_tensors(RAW)), path)
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def _other_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")


def _huge_table(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("2b/data.pkl", bytes((1 << 20) + 1))


def _table(pickled: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("2b/data.pkl", pickled)
            archive.writestr("2b/version", "3\n")

    return write


_GIBIBYTES = b"\x80\x02}X\x01\x00\x00\x00ac__builtin__\nbytearray\n\x8a\x05\x00\x00\x00\x00\x10\x85Rs."
"""{"a": bytearray(64 GiB)}, which torch's reader would make."""
_DOUBLED = (
    b"\x80\x02}q\x00K\x01\x85q\x01" + b"".join(b"h%ch%c\x86q%c" % (n, n, n + 1) for n in range(1, 60)) + b"K\x01s."
)
"""A dict whose key is a pair of twice the same pair of ..., 60 levels deep: its hash would take years."""


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_bytes(b""), "not a file of torch's in today's form"),
        (lambda path: path.write_bytes(bytes(1000)), "not a file of torch's in today's form"),
        (lambda path: path.write_bytes(pickle.dumps({"a": 1})), "not a file of torch's in today's form"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(500)), "damaged or cut short"),
        (_other_zip, "damaged or cut short"),
        (_compressed, "is a compressed archive"),
        (_huge_table, "its table of tensors has 1,048,577 bytes"),
        (_table(_GIBIBYTES), "holds more than tensors"),
        (_table(_DOUBLED), "holds more than tensors"),
        (_table(b"\x80\x02}X\xff\xff\xff\x7fa."), "damaged or cut short"),
        (_table(b"\x80\x02" + b"]" * 1000), "damaged or cut short"),
        (lambda path: torch.save([torch.zeros(2)], path), "holds a list, expected a dict of tensors"),
        (lambda path: torch.save({"model": {"a": torch.zeros(2)}}, path), "holds a dict under 'model'"),
        (lambda path: torch.save({3: torch.zeros(2)}, path), "holds a Tensor under 3"),
        (lambda path: torch.save({}, path), "holds nothing and such"),
        (lambda path: torch.save({"a": torch.zeros(2).to_sparse()}, path), "holds more than tensors"),
        (lambda path: torch.save({"a": torch.zeros(1).expand(1 << 40)}, path), "no plain tensor"),
        (lambda path: torch.save({"a": torch.zeros(1 << 40, device="meta")}, path), "holds more than tensors"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_such_file(write: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    """Each in one sentence that names the file."""
    path = tmp_path / "2b.pt"
    write(path)
    with pytest.raises(CheckpointError, match=message) as caught:
        open_checkpoint(path)
    assert caught.value.message.startswith(str(path)) and "\n" not in caught.value.message


@pytest.mark.filterwarnings("ignore")
def test_torch_script_is_refused(tmp_path: Path) -> None:
    """It is a program."""
    _script(tmp_path / "2b.pt")
    with pytest.raises(CheckpointError, match=r"2b\.pt"):
        open_checkpoint(tmp_path / "2b.pt")


def test_weights_of_another_architecture(tmp_path: Path) -> None:
    """A llama's file, and one that has more than a Griffin has."""
    llama = {"tok_embeddings.weight": torch.zeros(4, 4), "layers.0.attention.wq.weight": torch.zeros(4, 4)}
    torch.save(llama, tmp_path / "llama.pt")
    with pytest.raises(
        CheckpointError, match=r"holds layers\.0\.attention\.wq\.weight, tok_embeddings\.weight and such"
    ):
        open_checkpoint(tmp_path / "llama.pt")
    torch.save(deepmind_tensors(random_tensors(RAW)) | llama, tmp_path / "both.pt")
    with pytest.raises(CheckpointError, match=r"'layers\.0\.attention\.wq\.weight', which has no place in a Griffin"):
        open_checkpoint(tmp_path / "both.pt")


Foreign = dict[str, Tensor]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop(GATE), f"{GATE} is missing, expected shape"),
        (lambda t: t.pop("embedder.input_embedding"), "embedder.input_embedding is missing"),
        (lambda t: t.pop("blocks.0.recurrent_block.conv_1d.w"), "blocks.0.recurrent_block.conv_1d.w is missing"),
        (lambda t: t.update({GATE: t[GATE][:1].clone()}), rf"{GATE} has shape \(1, 32, 64\), expected \(2, any, any\)"),
        (lambda t: t.update({GATE: t[GATE][0].clone()}), rf"{GATE} has shape \(32, 64\), expected \(2, any, any\)"),
        (lambda t: t.update({GATE: t[GATE].transpose(1, 2).contiguous()}), rf"{GATE} has shape"),
        (
            lambda t: t.update({"blocks.0.mlp_block.ffw_up.b": torch.zeros(2, 64)}),
            r"blocks.0.mlp_block.ffw_up.b has shape \(2, 64\), expected \(2, 1, 1, any\)",
        ),
        (lambda t: t.update({GATE: t[GATE].long()}), f"{GATE} holds int64 numbers, expected one of BF16, F16, F32"),
        (
            lambda t: t.update({"blocks.2.recurrent_block.linear_x.weight": torch.zeros(32, 32)}),
            "block 2 has both a recurrence and attention",
        ),
        (
            lambda t: [t.pop(name) for name in list(t) if name.startswith("blocks.1.")],
            "the files have 3 blocks, but none with the number 1",
        ),
        (
            lambda t: [t.pop(name) for name in list(t) if name.startswith("blocks.2.attention_block")],
            "block 2 has neither a recurrence nor attention",
        ),
    ],
)
def test_damaged_models_are_named(change: Callable[[Foreign], object], message: str, tmp_path: Path) -> None:
    """The tensor as the file calls it, found and expected."""
    tensors = deepmind_tensors(random_tensors(RAW))
    change(tensors)
    torch.save(tensors, tmp_path / "2b.pt")
    (tmp_path / "config.json").write_text(json.dumps(TRAITS))
    with pytest.raises(CheckpointError, match=message) as caught:
        open_checkpoint(tmp_path / "2b.pt")
    assert "\n" not in caught.value.message and len(caught.value.message) < 300


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_anywhere_is_refused_or_harmless(data: st.DataObject, tmp_path: Path) -> None:
    """Cut short or with wrong bytes: one clear error, or a model whose shapes are whole."""
    path = tmp_path / "2b.pt"
    write_deepmind(path, random_tensors(RAW), TRAITS)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            # The table of tensors stands in front, the archive's own at the end.
            at = data.draw(st.one_of(st.integers(0, 12_000), st.integers(len(content) - 6_000, len(content) - 1)))
            content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        checkpoint = open_checkpoint(path)
    except CheckpointError as error:
        assert "\n" not in error.message
        return
    for name in checkpoint.source.names():
        assert tuple(checkpoint.source.tensor(name).shape) == checkpoint.source.shape(name)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("unable to mmap 9 bytes: Cannot allocate memory (12)")])
def test_a_lack_of_memory_is_no_damage(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file may be sound: getting it again would not help."""
    path = write_deepmind(tmp_path / "2b.pt", random_tensors(RAW), TRAITS)

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("app.inference.checkpoints.deepmind.torch.load", refuse)
    with pytest.raises(ResourceError, match=r"not enough memory for .*2b\.pt") as caught:
        open_checkpoint(path)
    assert caught.value.code == "out-of-memory"
