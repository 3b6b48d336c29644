"""Which files of a repository are fetched, and which repositories hold no model for this program."""

from __future__ import annotations

import pytest

from app.core.errors import UserError
from app.services.hub.needed_files import check_model_type, check_names, needed_files

SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["model.safetensors", "config.json", "README.md"], ["config.json", "README.md", "model.safetensors"]),
        (
            [*SHARDS, "model.safetensors.index.json", "config.json"],
            ["config.json", "model.safetensors.index.json", *SHARDS],
        ),
        # A second copy of the same weights.
        ([*SHARDS, "model.safetensors", "model.safetensors.index.json"], ["model.safetensors"]),
        (["consolidated.safetensors", "model.safetensors", "model.fp16.safetensors"], ["model.safetensors"]),
        (["weights.safetensors"], ["weights.safetensors"]),
        (["model.safetensors", "x/model.safetensors", "original/2b.pt", "2b.pt"], ["model.safetensors"]),
        (
            ["LICENSE", "LICENSE.txt", "NOTICE", "chat_template.jinja", "tokenizer.model", "m.safetensors"],
            ["LICENSE", "LICENSE.txt", "NOTICE", "chat_template.jinja", "tokenizer.model", "m.safetensors"],
        ),
        (
            ["m.safetensors", ".gitattributes", "m.gguf", "m.bin", "m.h5", "m.msgpack", "m.onnx", "run.py", "a.ipynb"],
            ["m.safetensors"],
        ),
    ],
)
def test_files_that_are_fetched(names: list[str], expected: list[str]) -> None:
    """The configuration first, the weights last; one copy of the weights, nothing in another format, no programs."""
    assert needed_files("google/recurrentgemma-2b", names) == expected


def test_deepmind_files_where_there_are_no_safetensors() -> None:
    """Of a repository named after this kind of model."""
    names = ["2b.pt", "README.md", "tokenizer.model"]
    expected = ["README.md", "tokenizer.model", "2b.pt"]
    assert needed_files("google/recurrentgemma-2b-pytorch", names) == expected
    with pytest.raises(UserError, match="names no kind") as raised:
        needed_files("someone/yolo", names)
    assert raised.value.code == "hub-model"


@pytest.mark.parametrize(
    ("names", "held"),
    [
        (["config.json", "pytorch_model.bin"], "weights as .bin"),
        (["a.gguf", "b.gguf"], "weights as .gguf"),
        (["2b-it/_METADATA", "2b-it/checkpoint"], "weights for Flax"),
        (["README.md"], "no weights"),
        ([], "no weights"),
    ],
)
def test_repositories_without_weights_for_this_program(names: list[str], held: str) -> None:
    """What they hold instead, and which repository was perhaps meant."""
    with pytest.raises(UserError, match=held) as raised:
        needed_files("google/recurrentgemma-2b-flax", names)
    assert raised.value.code == "hub-model"
    assert raised.value.message.endswith("did you mean google/recurrentgemma-2b?")


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "..", "a\\..\\x", "c:x", "c:/x", "a\nb", ""])
def test_a_name_outside_of_the_folder(name: str) -> None:
    """One such name is enough to refuse the whole listing, wanted or not."""
    with pytest.raises(UserError, match="outside of the model's folder") as raised:
        check_names("a/b", ["config.json", name])
    assert raised.value.code == "hub-damaged"
    assert "\n" not in raised.value.message


def test_honest_names() -> None:
    """Folders, dots and blanks are no harm."""
    check_names("a/b", ["config.json", ".gitattributes", "a/b..c", "a b.txt", "…/x"])


@pytest.mark.parametrize(("kind", "said"), [("llama", "'llama'"), (None, "names no kind"), (3, "names no kind")])
def test_kinds_of_models(kind: object, said: str) -> None:
    """Only one is read."""
    check_model_type("a/b", "recurrent_gemma")
    with pytest.raises(UserError, match=said):
        check_model_type("a/b", kind)
