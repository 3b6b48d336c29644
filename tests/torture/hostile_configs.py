"""A config.json and a record of files, griffin-desk.json, that ask for anything."""

from __future__ import annotations

import json
from typing import Any

from tests.torture.hostile_model_case import RAW, Case, either, harmless, refused, with_bytes, with_json

CONFIG, MANIFEST = "config.json", "griffin-desk.json"
_SIZES = (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "lru_width",
)  # fmt: skip
_MISFIT: tuple[Any, ...] = (-1, 0, 2**24, 2**40, 10**400, 1.5, float("nan"), float("inf"), "97", True, [3], {"a": 1})


def configs() -> list[Case]:
    """Both files."""
    return [*_sizes(), *_others(), *_whole_files(), *_manifests()]


def _sizes() -> list[Case]:
    cases = [
        refused(f"{name} of {value!r:.20}", with_json(CONFIG, RAW | {name: value}), CONFIG, "config:", "model.",
                cli=(name, value) in (("vocab_size", 2**24), ("num_hidden_layers", 2**40)))
        for name in _SIZES for value in _MISFIT
    ]  # fmt: skip
    return [*cases, *(refused(f"no {name}", with_json(CONFIG, {k: v for k, v in RAW.items() if k != name}), CONFIG,
                              "config:") for name in _SIZES if name != "lru_width")]  # fmt: skip


def _others() -> list[Case]:
    bad: dict[str, list[Any]] = {
        "model_type": [None, "llama", ["recurrent_gemma"], "x" * 100_000, 5, "a\nb\x1b[31m"],
        "num_hidden_layers": [10_000, 10_001],
        "num_key_value_heads": [3, 2, -1, 2**30],
        "conv1d_width": [1, 2**23, -4],
        "attention_window_size": [0, 2**40, "x"],
        "attention_window_keys": [5, 2**30],
        "block_types": ["recurrent", [1], [None], {"a": 1}, ["recurrent", "evil\n\x1b[31m"], ["attention"] * 20_000,
                        ["attention"], [[["recurrent"]]]],
        "hidden_activation": ["relu", 5, ["silu"], "x" * 10_000],
        "logits_soft_cap": [-1, float("nan"), float("inf"), "30", 1e300],
        "rms_norm_eps": [-1, float("nan"), "x"],
        "rope_theta": [0, float("nan"), 0.5, 1e300],
        "partial_rotary_factor": [2, -1, float("nan"), 0.2],
        "rope_parameters": [5, {"rope_type": "yarn"}, {"rope_theta": "x"}],
        "rope_scaling": [5, {"type": "linear"}, {"type": {"a": []}}],
        "tie_word_embeddings": [False, 0, "no"],
        "attention_bias": [True, 1],
        "scale_embeddings": ["yes"],
    }  # fmt: skip
    cases = [
        refused(f"{name} of {value!r:.30}", with_json(CONFIG, RAW | {name: value}), CONFIG, "config:", "model.layers.")
        for name, values in bad.items() for value in values
    ]  # fmt: skip
    return [
        *cases,
        *(
            either(f"a first token {n}", with_json(CONFIG, RAW | {"bos_token_id": n}), CONFIG)
            for n in (-5, 5000, 2**70)
        ),
        either("a window of 65,536 tokens", with_json(CONFIG, RAW | {"attention_window_size": 65_536}), CONFIG),
        either("a cap that is nearly nought", with_json(CONFIG, RAW | {"logits_soft_cap": 1e-300}), CONFIG),
        either("no eps", with_json(CONFIG, RAW | {"rms_norm_eps": 0}), CONFIG),
        either("an eps of 1e12", with_json(CONFIG, RAW | {"rms_norm_eps": 1e12}), CONFIG),
        either("100,000 ends", with_json(CONFIG, RAW | {"eos_token_id": list(range(100_000))}), CONFIG),
        either("ends that no token has", with_json(CONFIG, RAW | {"eos_token_id": [-1, 2**80, "x", 1.5]}), CONFIG),
        either("keys by the thousand", with_json(CONFIG, RAW | {str(n): n for n in range(100_000)}), CONFIG),
    ]


def _whole_files() -> list[Case]:
    whole = json.dumps(RAW)
    files = {
        "nothing": b"",
        "no JSON": b"{",
        "a list": b"[]",
        "a number": b"5",
        "no UTF-8": b'{"model_type": "\xff"}',
        "UTF-16": whole.encode("utf-16"),
        "a mark of the byte order first": b"\xef\xbb\xbf" + whole.encode(),
        "100,000 brackets": b"[" * 100_000,
        "objects in each other": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        "a number of 5,000 digits": whole.replace("1024", "9" * 5000).encode(),
        "1e999": whole.replace("1024", "1e999").encode(),
        "17 MiB": whole.encode() + b" " * (17 << 20),
        "16 MiB of objects": b'{"a": [' + b"{}," * 5_000_000 + b"1]}",
        "half of it": whole[: len(whole) // 2].encode(),
        "a pickle": b"\x80\x04\x95" + bytes(90),
    }
    return [
        *(refused(f"a config of {name}", with_bytes(CONFIG, content), CONFIG, cli=name == "no JSON")
          for name, content in files.items()),
        harmless("a key twice", with_bytes(CONFIG, (whole[:-1] + ', "vocab_size": 1024}').encode())),
        refused("a key twice, once wrong", with_bytes(CONFIG, (whole[:-1] + ', "vocab_size": 5}').encode()), CONFIG),
    ]  # fmt: skip


def _manifests() -> list[Case]:
    def record(name: str, nbytes: Any = 5, sha256: Any = "0" * 64) -> dict[str, Any]:
        return {"source": "x", "files": {name: {"nbytes": nbytes, "sha256": sha256}}}

    contents: dict[str, Any] = {
        "a list": [1],
        "nothing in it": {},
        "files that are a list": {"source": "x", "files": [1]},
        "files that are words": {"source": "x", "files": {"a": "b"}},
        "a file outside": record("../secret"),
        "a file by its whole path": record("/etc/passwd"),
        "a file of an evil name": record("a\n\x1b[31mb"),
        "no bytes of a number": record(CONFIG, float("inf")),
        "bytes in words": record(CONFIG, "many"),
    }
    # They are looked at when a model is verified; what they say of its turns when it is loaded.
    return [
        *(refused(f"a record of {name}", with_json(MANIFEST, content), MANIFEST, cli=name == "a file outside")
          for name, content in contents.items()),
        refused("a record that is no JSON", with_bytes(MANIFEST, b"{"), MANIFEST),
        refused("a record of brackets", with_bytes(MANIFEST, b"[" * 100_000), MANIFEST),
        harmless("a record of another file", with_json(MANIFEST, record(CONFIG)), cli=True),
        harmless("a record of a file that is not there", with_json(MANIFEST, record("gone", -(10**30)))),
        harmless("a record of a long and evil origin", with_json(
            MANIFEST, record(CONFIG) | {"source": "\x1b[31m\n" + "x" * 10**6, "instruction_tuned": "yes"})),
    ]  # fmt: skip
