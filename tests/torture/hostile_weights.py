"""Safetensors files whose headers lie, shards and indexes that do, and numbers that are none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tests.torture.hostile_model_case import (
    WEIGHTS,
    Case,
    either,
    harmless,
    in_shards,
    refused,
    with_bytes,
    with_header,
    with_headers_entry,
    with_json,
    with_tensors,
)

GATE = "model.layers.0.mlp_block.gate_proj.weight"
NORM = "model.final_norm.weight"
LAST = "model.layers.2.temporal_block.o_proj.bias"
INDEX = "model.safetensors.index.json"
SHARDS = [f"model-0000{n}-of-00003.safetensors" for n in (1, 2, 3)]
_EVIL_NAME = "model.layers.0.\x1b[31m\nred"


def weights() -> list[Case]:
    """Of one file."""
    return [*_headers(), *_entries(), *_tensors()]


def _headers() -> list[Case]:
    one = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    files = {
        "nothing": b"",
        "seven bytes": b"1234567",
        "a header longer than the file": with_header(b"{}", length=10**6),
        "a header of 2**60 bytes": with_header(b"{}", length=2**60),
        "a header of 2**63 bytes": with_header(b"{}", length=2**63),
        "a header of 2**64 - 1 bytes": with_header(b"{}", length=2**64 - 1),
        "a header of 100 MB in a small file": with_header(b"{}", length=100_000_000),
        "a header of no bytes": with_header(b""),
        "a header that is no JSON": with_header(b"abcd"),
        "a header that is a list": with_header(b"[1, 2]"),
        "a header that is no UTF-8": with_header(b'{"\xff\xfe": 1}'),
        "100,000 brackets": with_header(b"[" * 100_000),
        "100,000 objects in each other": with_header(b'{"a":' * 100_000),
        "metadata of numbers": with_header({"__metadata__": {"format": 5}, "a": one}, b"12345678"),
        "a pickle": b"\x80\x04\x95" + bytes(500),
        "tensors of no bytes at all": with_header({}),
        "zeros": bytes(5000),
        "another model's tensor": with_header({"a": one}, b"12345678"),
        "150,000 tensors": with_header(
            ("{" + ",".join(f'"{n}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for n in range(150_000)) + "}")
            .encode()
        ),
    }  # fmt: skip
    cases = [
        refused(f"a file of {name}", with_bytes(WEIGHTS, content), WEIGHTS, "model.embed_tokens.weight",
                cli=name in ("a header of 2**60 bytes", "a pickle"))
        for name, content in files.items()
    ]  # fmt: skip
    return [
        *cases,
        refused("a header of 100,000,001 bytes that is there", _sparse(100_000_001), WEIGHTS),
        refused("a header of 90 MB of nothing", _sparse(90_000_000), WEIGHTS),
        refused("half a file", with_bytes(WEIGHTS, lambda content: content[: len(content) // 2]), WEIGHTS),
        refused("a file without its last byte", with_bytes(WEIGHTS, lambda content: content[:-1]), WEIGHTS),
        refused("a file with one byte more", with_bytes(WEIGHTS, lambda content: content + b"x"), WEIGHTS),
        either("a tensor twice in the header", with_bytes(WEIGHTS, _twice), WEIGHTS, NORM),
    ]


def _sparse(length: int) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        with (folder / WEIGHTS).open("wb") as stream:
            stream.write(length.to_bytes(8, "little"))
            stream.truncate(length + 100)

    return change


def _twice(content: bytes) -> bytes:
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length].rstrip()
    entry = json.dumps({NORM: json.loads(header)[NORM]})[1:]
    return with_header(header[:-1] + b"," + entry.encode(), content[8 + length :])


def _entries() -> list[Case]:
    changes: dict[str, dict[str, Any]] = {
        "offsets beyond the file": {"data_offsets": [0, 2**40]},
        "offsets of 2**63": {"data_offsets": [2**63, 2**63 + 128]},
        "offsets backwards": {"data_offsets": [128, 0]},
        "negative offsets": {"data_offsets": [-128, 0]},
        "offsets that are fractions": {"data_offsets": [0.5, 128.5]},
        "one offset": {"data_offsets": [0]},
        "no offsets": {"data_offsets": None},
        "offsets of another tensor": {"data_offsets": [0, 128]},
        "a type that there is not": {"dtype": "F33"},
        "a type of twice the size": {"dtype": "F64"},
        "a type of half the size": {"dtype": "F16"},
        "numbers of a type that no model has": {"dtype": "I32"},
        "a type in words": {"dtype": "float32"},
        "a type that is a number": {"dtype": 5},
        "a larger shape": {"shape": [64]},
        "a shape of [2**40, 2**40]": {"shape": [2**40, 2**40]},
        "a shape whose product wraps around": {"shape": [2**62, 4, 8]},
        "a shape with a nought": {"shape": [0, 2**62]},
        "a negative shape": {"shape": [-32]},
        "a shape of fractions": {"shape": [32.0]},
        "a shape in a shape": {"shape": [[32]]},
        "no shape": {"shape": None},
        "70 dimensions": {"shape": [1] * 69 + [32]},
        "100,000 dimensions": {"shape": [1] * 99_999 + [32]},
        "two dimensions for one": {"shape": [32, 1]},
    }
    cases = [
        refused(f"a tensor with {name}", with_headers_entry(NORM, **change), WEIGHTS, NORM, cli="2**40, 2" in name)
        for name, change in changes.items()
    ]
    nothing = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    return [
        *cases,
        refused("a layer's tensor of an evil name", with_headers_entry(_EVIL_NAME, **nothing), "model.layers.0."),
        refused("a layer's tensor of a long name", with_headers_entry(f"model.layers.{'x' * 10**6}", **nothing),
                "model.layers."),
        refused("a tensor of no layer and an evil name", with_headers_entry("\x1b[31m\nred", **nothing), WEIGHTS),
        harmless("a tensor of no layer", with_headers_entry("red", **nothing)),
        refused("a layer of the number 99999", with_headers_entry("model.layers.99999.x", **nothing), "model.layers."),
    ]  # fmt: skip


def _tensors() -> list[Case]:
    def filled(name: str, value: float, dtype: torch.dtype = torch.float32) -> Callable[[Path], object]:
        return with_tensors(lambda tensors: tensors.update({name: torch.full_like(tensors[name], value, dtype=dtype)}))

    def swapped(tensors: dict[str, Any]) -> None:
        tensors[GATE] = tensors[GATE].t()

    def coded(scale: torch.Tensor | None) -> Callable[[Path], object]:
        def change(tensors: dict[str, Any]) -> None:
            tensors[GATE] = torch.ones(tensors[GATE].shape, dtype=torch.int8)
            if scale is not None:
                tensors[GATE + "_scale"] = scale

        return with_tensors(change)

    return [
        *(refused(f"{name} of {value}", filled(name, value), name, cli=value != value and name == GATE)
          for name in (GATE, NORM, LAST, "model.embed_tokens.weight", "model.layers.0.temporal_block.conv_1d.weight",
                       "model.layers.0.temporal_block.rg_lru.recurrent_param")
          for value in (float("nan"), float("inf"))),
        refused("one NaN", with_tensors(lambda tensors: tensors[GATE].view(-1)[777].fill_(float("nan"))), GATE),
        either("all weights as large as can be", with_tensors(
            lambda tensors: tensors.update({name: torch.full_like(t, 3e38) for name, t in tensors.items()})),
            "its weights"),
        harmless("all weights nought", with_tensors(lambda tensors: [t.zero_() for t in tensors.values()])),
        refused("a matrix turned around", with_tensors(swapped), GATE),
        refused("a tensor that is missing", with_tensors(lambda tensors: tensors.pop(LAST)), LAST),
        refused("a number too many", with_tensors(lambda t: t.update({LAST: torch.zeros(33)})), LAST),
        refused("a tensor of truth values", filled(NORM, 1.0, torch.bool), NORM),
        refused("a tensor of 64-bit numbers", filled(NORM, 1.0, torch.int64), NORM),
        refused("int8 without a scale", coded(None), GATE),
        refused("int8 with a scale of NaN", coded(torch.full((64,), float("nan"))), GATE + "_scale"),
        refused("int8 with a scale too short", coded(torch.ones(3)), GATE + "_scale"),
        refused("int8 with a scale of whole numbers", coded(torch.ones(64, dtype=torch.int32)), GATE + "_scale"),
        refused("a whole layer that is missing", with_tensors(
            lambda tensors: [tensors.pop(name) for name in list(tensors) if ".layers.1." in name]),
            "model.layers.1.", "config.json"),
    ]  # fmt: skip


def shards() -> list[Case]:
    """Of several files and their index."""

    def shard(change: Callable[[Path], object]) -> Callable[[Path], object]:
        return in_shards(lambda folder: change(folder / SHARDS[1]))

    def named(file: object) -> Callable[[Path], object]:
        def change(folder: Path) -> None:
            index = json.loads((folder / INDEX).read_text())
            index["weight_map"][GATE] = file
            (folder / INDEX).write_text(json.dumps(index))

        return in_shards(change)

    def index(content: bytes) -> Callable[[Path], object]:
        return in_shards(with_bytes(INDEX, content))

    outside = ["../secret.safetensors", "/etc/passwd", "/dev/zero", "..", "", ".", "a/b.safetensors", "x.safetensors/",
               "nul\0.safetensors", "evil.bin", "x\n\x1b[31m.safetensors", 5, None, ["a"], {"a": 1},
               "x" * 300 + ".safetensors"]  # fmt: skip
    return [
        harmless("sound shards", in_shards(lambda folder: None)),
        refused("a shard cut short", shard(lambda path: path.write_bytes(path.read_bytes()[:-9])), SHARDS[1], cli=True),
        refused("an empty shard", shard(lambda path: path.write_bytes(b"")), SHARDS[1]),
        refused("a missing shard", shard(Path.unlink), SHARDS[1], cli=True),
        refused("a shard that is a folder", shard(lambda path: (path.unlink(), path.mkdir())), SHARDS[1]),
        refused("a shard that is a pipe", shard(lambda path: (path.unlink(), os.mkfifo(path))), SHARDS[1], cli=True),
        refused("a shard that leads to itself", shard(lambda path: (path.unlink(), path.symlink_to(path))), SHARDS[1]),
        refused("a shard that leads nowhere", shard(lambda path: (path.unlink(), path.symlink_to("x"))), SHARDS[1]),
        refused("a shard that leads to a device",
                shard(lambda path: (path.unlink(), path.symlink_to("/dev/zero"))), SHARDS[1]),
        refused("a shard that leads to a file of another kind",
                shard(lambda path: (path.unlink(), path.symlink_to("/etc/passwd"))), SHARDS[1]),
        harmless("a shard that leads to the same file elsewhere, as in Hugging Face's cache", shard(_moved)),
        refused("a shard with the tensors of another", in_shards(
            lambda folder: (folder / SHARDS[1]).write_bytes((folder / SHARDS[0]).read_bytes())), *SHARDS[:2]),
        *(refused(f"an index that names {file!r:.40}", named(file), INDEX, "x" * 20, cli=file == outside[0])
          for file in outside),
        refused("an index of one file that is there", in_shards(with_json(INDEX, {"weight_map": {GATE: SHARDS[0]}})),
                "model."),
        refused("an index of 100,000 files", in_shards(with_json(
            INDEX, {"weight_map": {str(n): f"{n}.safetensors" for n in range(10**5)}})), ".safetensors"),
        refused("no index and one of 9,999 shards", in_shards(lambda folder: (
            (folder / INDEX).unlink(), (folder / SHARDS[0]).rename(folder / "model-00001-of-09999.safetensors"),
            (folder / SHARDS[1]).unlink(), (folder / SHARDS[2]).unlink())), "model-00002-of-09999.safetensors"),
        *(refused(f"an index of {name}", index(content), INDEX) for name, content in {
            "nothing": b"", "no JSON": b"{", "a list": b"[]", "no map": b"{}", "an empty map": b'{"weight_map": {}}',
            "a map that is a list": b'{"weight_map": [1]}', "no UTF-8": b"\xff\xfe{}",
            "100,000 brackets": b"[" * 100_000, "17 MiB": b" " * (17 << 20),
            "16 MiB of objects": b'{"weight_map": [' + b"{}," * 5_000_000 + b"1]}",
        }.items()),
        harmless("an index that has tensors in the wrong files", in_shards(with_json(
            INDEX, {"weight_map": {GATE: SHARDS[2], NORM: SHARDS[0], "nothing of it": SHARDS[1]}}))),
    ]  # fmt: skip


def _moved(path: Path) -> None:
    blobs = path.parent.parent / "blobs"
    blobs.mkdir(exist_ok=True)
    moved = blobs / path.parent.name
    path.rename(moved)
    path.symlink_to(moved)
