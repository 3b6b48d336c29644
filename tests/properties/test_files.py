"""Files that a user or another program may have written anyhow: settings, a model's small files, conversations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import UserError
from app.core.settings import RANGES, Settings, load_settings, save_settings
from app.inference.json_file import read_json_object
from app.inference.manifest import check_files, read_manifest
from app.inference.tokenizers.added_tokens import added_tokens
from app.services.transcripts import FORMAT, conversation_text, to_json
from app.storage.database import Database
from tests.properties.profile import examples
from tests.properties.texts import hostile
from tests.services.desk import Desk

DEEP = ("[" * 950 + "]" * 950, "[" * 100_000, '{"a":' * 950 + "1" + "}" * 950, '{"a":' * 100_000)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | hostile,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile, inner, max_size=4),
    max_leaves=12,
)
json_texts = json_values.map(json.dumps) | st.sampled_from(DEEP) | st.just("9" * 5000)
any_bytes = st.binary(max_size=80) | json_texts.map(str.encode) | hostile.map(lambda t: t.encode("utf-8", "replace"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files lie."""
    return tmp_path_factory.mktemp("files")


_toml_values = st.sampled_from((
    "1", "-1", "0.5", "1e999", "nan", "inf", "true", '"x"', '""', "'auto'", "[1]", "{a = 1}", "2020-01-01",
    "9" * 5000,
    "0xffffffffffffffffff", "1_0", '"""a\nb"""', '"\\u0000"', '"\\ud800"', "[" * 2000, "{a={" * 200, "1" + "0" * 400,
    "",
))  # fmt: skip
_names = st.sampled_from(
    [field.name for field in fields(Settings)] + ["x", "a.b", "a." * 500 + "b", '"q r"', "[t]", "#"]
)
_toml = st.lists(st.tuples(_names, _toml_values), max_size=5).map(
    lambda lines: "\n".join(f"{name} = {value}" for name, value in lines)
)


def _one_sentence(error: UserError) -> None:
    assert error.message and "\n" not in error.message and len(error.message) < 800


@examples(200)
@given(content=_toml.map(str.encode) | any_bytes, change=st.sampled_from(sorted(RANGES)), number=st.floats())
def test_settings(folder: Path, content: bytes, change: str, number: float) -> None:
    """Settings within their ranges, or one sentence; a change is kept whole or the file stays as it was."""
    path = folder / "settings.toml"
    path.write_bytes(content)
    for action in (lambda: load_settings(path), lambda: save_settings(path, {change: number})):
        try:
            settings = action()
        except UserError as error:
            _one_sentence(error)
        else:
            assert all(low <= getattr(settings, name) <= high for name, (low, high) in RANGES.items())
            assert load_settings(path) == settings


@examples(200)
@given(content=any_bytes, name=hostile)
def test_small_files_of_a_model(folder: Path, content: bytes, name: str) -> None:
    """Its JSON files, its record, the added tokens of its tokenizer: an object of ours, or one sentence."""
    for file, read in (
        ("config.json", read_json_object),
        ("griffin-desk.json", lambda path: read_manifest(path.parent)),
    ):
        (folder / file).write_bytes(content)
        try:
            read(folder / file)
        except UserError as error:
            _one_sentence(error)
    added_tokens(b'{"added_tokens": ' + content)
    record = {"source": "x", "files": {name: {"nbytes": 3, "sha256": "x"}}}
    (folder / "griffin-desk.json").write_text(json.dumps(record))
    try:
        manifest = read_manifest(folder)
    except UserError as error:
        _one_sentence(error)
    else:
        assert manifest is not None and all("\n" not in problem for problem in check_files(folder, manifest))


def _conversation() -> dict[str, Any]:
    turns = [
        {"parent": parent, "role": role, "text": "x", "details": {}, "created_at": 5.0}
        for parent, role in ((None, "user"), (0, "assistant"), (1, "user"), (0, "assistant"))
    ]
    value = {"format": FORMAT, "version": 1, "title": "T", "model": "m", "created_at": 5.0, "document": None}
    return value | {"tip": 2, "turns": turns}


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in _places(item, (*path, key)))]


@st.composite
def conversations(draw: st.DrawFn) -> str:
    """An exported conversation with a few values changed, or anything."""
    if draw(st.integers(0, 4)) == 0:
        return draw(json_texts | hostile)
    value = _conversation()
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(_places(value)[1:]))
        target: Any = value
        for key in place[:-1]:
            target = target[key]
        if draw(st.integers(0, 4)) or not isinstance(target, dict):
            target[place[-1]] = draw(json_values | st.just("\x00raw"))
        else:
            del target[place[-1]]
    return json.dumps(value).replace('"\\u0000raw"', draw(st.sampled_from((*DEEP, "NaN", "1e999", "9" * 5000))))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A library."""
    folder = tmp_path_factory.mktemp("desk")
    with Database.open(folder / "library.sqlite") as database:
        yield Desk(folder, database)


@examples(150, share=0.4)
@given(conversations())
def test_conversations(desk: Desk, text: str) -> None:
    """Refused in one sentence, or in the library: shown, listed, searched, exported both ways and imported again."""
    try:
        tree = desk.importer.take(text)
    except UserError as error:
        _one_sentence(error)
        return
    exported = conversation_text(desk.talks, desk.library, tree.conversation.id, "json")
    exported.encode("utf-8")
    again = desk.importer.take(exported)
    assert to_json(again)["turns"] == to_json(tree)["turns"]
    conversation_text(desk.talks, desk.library, tree.conversation.id, "markdown").encode("utf-8")
    desk.talks.overview()
    desk.talks.search(tree.conversation.title)
    for kept in (tree, again):
        desk.talks.delete(kept.conversation.id)
