"""Files in which code may lie: pickles of every sort, Flax's and Orbax's, and modules beside a model."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from tests.checkpoints import TRAITS, deepmind_tensors, write_deepmind, write_orbax
from tests.torture.hostile_model_case import MARK, RAW, WEIGHTS, Case, all_of, harmless, refused, with_bytes, without

_PT = "2b.pt"
_CODE = "import pathlib\npathlib.Path(__file__).with_name('was-run').touch()\n"


class Touch:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self._path),)


def pickles() -> list[Case]:
    """Each would leave a file behind if it were run."""
    only = without(WEIGHTS)
    return [
        refused("pytorch_model.bin alone", all_of(only, _pickled("pytorch_model.bin")), "pytorch_model.bin", cli=True),
        refused("pytorch_model.bin, named", _pickled("pytorch_model.bin"), "pytorch_model.bin",
                target="pytorch_model.bin"),
        refused("a .pkl, named", _pickled("model.pkl"), "model.pkl", target="model.pkl"),
        refused("a .ckpt, named", _pickled("model.ckpt"), "model.ckpt", target="model.ckpt"),
        refused("a pickle called .safetensors", _pickled(WEIGHTS), WEIGHTS),
        *(harmless(f"{name} beside the weights", _pickled(name), cli=name == "pytorch_model.bin")
          for name in ("pytorch_model.bin", "training_args.bin", "optimizer.pt", "tokenizer.pkl", "model.pth")),
        *(refused(f"a .pt of {name}", all_of(only, change), _PT, target=_PT, cli=name == "code among tensors")
          for name, change in _torch_files().items()),
        refused("a .pt of code in a folder without more", all_of(only, _saved(Touch, whole=False)), _PT),
        *_flax(only),
        *_modules(),
    ]  # fmt: skip


def _pickled(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(pickle.dumps({"a": Touch(folder / MARK)}))


def _saved(kind: type, *, whole: bool, as_zip: bool = True) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        bad = kind(folder / MARK)
        tensors = deepmind_tensors(_sound()) if whole else {}
        torch.save({**tensors, "blocks.0.x": bad}, folder / _PT, _use_new_zipfile_serialization=as_zip)

    return change


def _sound() -> dict[str, Any]:
    from tests.checkpoints import random_tensors

    return random_tensors(RAW)


def _torch_files() -> dict[str, Callable[[Path], object]]:
    def table(make: Callable[[str], bytes]) -> Callable[[Path], object]:
        def change(folder: Path) -> None:
            with zipfile.ZipFile(folder / _PT, "w") as archive:
                archive.writestr("2b/data.pkl", make(str(folder / MARK)))
                archive.writestr("2b/version", "3\n")

        return change

    def cut(folder: Path) -> None:
        write_deepmind(folder / _PT, _sound(), TRAITS)
        (folder / _PT).write_bytes((folder / _PT).read_bytes()[:-2000])

    def script(folder: Path) -> None:
        torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), folder / _PT)

    opened = "c__builtin__\nopen\n(V{}\nVw\ntR."
    return {
        "code alone": _saved(Touch, whole=False),
        "code among tensors": _saved(Touch, whole=True),
        "code in the old form": _saved(Touch, whole=True, as_zip=False),
        "a mere pickle": _pickled(_PT),
        "a call by its name": table(lambda mark: ("\x80\x02" + opened.format(mark)).encode("latin-1")),
        "a call in the oldest form": table(lambda mark: opened.format(mark).encode()),
        "a call of INST": table(lambda mark: f"(V{mark}\nVw\ni__builtin__\nopen\n.".encode()),
        "a call by the stack": table(
            lambda mark: b"\x80\x04\x8c\x08builtins\x8c\x04open\x93(V" + mark.encode() + b"\nVw\ntR."
        ),
        "a call of torch's own loader": table(
            lambda mark: b"\x80\x02ctorch.serialization\nload\n(V" + mark.encode() + b"\ntR."
        ),
        "64 GiB": table(lambda _: b"\x80\x02}X\x01\x00\x00\x00ac__builtin__\nbytearray\n\x8a\x05\0\0\0\0\x10\x85Rs."),
        "a persistent id": table(lambda mark: f"P{mark}\n.".encode()),
        "half of one": cut,
        "a TorchScript program": script,
        "nothing": with_bytes(_PT, b""),
        "tensors that repeat one number": lambda folder: torch.save(
            {"embedder.input_embedding": torch.zeros(1).expand(1 << 40)}, folder / _PT
        ),
    }


def _flax(only: Callable[[Path], object]) -> list[Case]:
    def orbax(change: Callable[[Path], object]) -> Callable[[Path], object]:
        def write(folder: Path) -> None:
            tensors = load_file(folder / WEIGHTS)
            (folder / WEIGHTS).unlink()
            write_orbax(folder / "2b", tensors, ocdbt=False)
            change(folder / "2b")

        return write

    def header(**changes: Any) -> Callable[[Path], object]:
        def change(folder: Path) -> None:
            for path in folder.glob("params.embedder.input_embedding/.zarray"):
                path.write_text(json.dumps(json.loads(path.read_text()) | changes))

        return orbax(change)

    def objects(name: str) -> Callable[[Path], object]:
        # An extension of msgpack's in which Flax keeps arrays, here with a pickle in it.
        def change(folder: Path) -> None:
            payload = pickle.dumps(Touch(folder / MARK))
            (folder / name).write_bytes(b"\x81\xa6params\xc7" + bytes([len(payload) & 0xFF]) + b"\x01" + payload)

        return change

    embedder = "params.embedder.input_embedding"
    huge = {"shape": [2**40, 2**20], "chunks": [2**40, 2**20]}
    pickled = [{"id": "pickle", "protocol": 4}]
    return [
        refused("flax_model.msgpack with objects", all_of(only, objects("flax_model.msgpack")), "flax_model.msgpack"),
        refused("a Flax checkpoint, named", objects("checkpoint"), "checkpoint", target="checkpoint"),
        refused("an Orbax folder of a checkpoint with objects", all_of(only, lambda folder: (
            (folder / "2b").mkdir(), objects("2b/checkpoint")(folder))), "config.json", "model.safetensors"),
        refused("an OCDBT store of rubbish", all_of(only, lambda folder: (
            (folder / "2b").mkdir(), (folder / "2b/manifest.ocdbt").write_bytes(b"\x0c\xdb" + bytes(99)))), "2b"),
        refused("an array without numbers", orbax(
            lambda folder: [path.unlink() for path in folder.glob(f"{embedder}/[0-9]*")]), "embedder", "2b"),
        refused("an array of 2**60 numbers", header(**huge), "embedder", "2b", "config.json"),
        refused("an array of objects", header(dtype="|O", filters=pickled), "2b"),
        refused("an array by a filter of pickles", header(filters=pickled), "2b"),
        refused("an array of a compressor that there is not", header(compressor={"id": "evil"}), "2b"),
        refused("an array whose header is none", orbax(
            lambda folder: [path.write_text("{") for path in folder.glob("*/.zarray")]), "2b"),
        refused("an array whose numbers are rubbish", orbax(
            lambda folder: [path.write_bytes(b"\xff" * 99) for path in folder.glob(f"{embedder}/[0-9]*")]), "embedder"),
    ]  # fmt: skip


def _modules() -> list[Case]:
    """Python files that other programs would run."""
    auto = {"auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}}

    def beside(name: str, **changes: Any) -> Callable[[Path], object]:
        def change(folder: Path) -> None:
            for module in ("evil.py", "configuration_recurrent_gemma.py", "modeling_recurrent_gemma.py", "__init__.py"):
                (folder / module).write_text(_CODE)
            path = folder / name
            path.write_text(json.dumps(json.loads(path.read_text()) | changes))

        return change

    return [
        harmless("modules that config.json names", beside("config.json", **auto)),
        harmless(
            "modules that tokenizer_config.json names",
            beside("tokenizer_config.json", tokenizer_class="Evil", auto_map={"AutoTokenizer": ["evil.Fast", None]}),
        ),
    ]
