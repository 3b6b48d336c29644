"""The card of a converted model: what Hugging Face's tools read of it, and what it says."""

from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from app.inference.checkpoints.convert import convert_checkpoint
from app.inference.manifest import Manifest, write_manifest
from app.inference.ops import TorchOps
from app.inference.weight_format import WeightFormat
from tests.checkpoints import int8_tensors, random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma", vocab_size=420, attention_window_size=64)
TEXT = "The state of the model has a fixed size, however long the document is. " * 20
PUBLISHED = """---
license: apache-2.0
license_name: "a: name"
language: en
tags:
- license: none
---
# Their model
"""


def _card(source: Path, target: Path, form: WeightFormat | None) -> ModelCard:
    convert_checkpoint(source, target, form, ops=TorchOps(), calibration_text=TEXT)
    return ModelCard.load(target / "README.md")


@pytest.fixture
def model(tmp_path: Path, gemma_like_folder: Path) -> Path:
    """A model that came from Google's repository."""
    folder = write_checkpoint(tmp_path / "model", RAW, random_tensors(RAW))
    (folder / "tokenizer.model").write_bytes((gemma_like_folder / "tokenizer.model").read_bytes())
    write_manifest(folder, Manifest("google", {}, "google/recurrentgemma-2b-it", "123"))
    return folder


def test_what_the_hub_reads(model: Path, tmp_path: Path) -> None:
    """Origin, licence by the model's kind, and that it is quantised."""
    data = _card(model, tmp_path / "new", WeightFormat.INT8).data.to_dict()
    assert data["base_model"] == "google/recurrentgemma-2b-it" and data["base_model_relation"] == "quantized"
    assert (data["license"], data["library_name"], data["pipeline_tag"]) == ("gemma", "griffin-desk", "text-generation")
    assert data["tags"] == ["griffin-desk", "recurrent_gemma", "griffin", "int8"]


def test_floating_point_is_for_transformers_too(model: Path, tmp_path: Path) -> None:
    """And is no quantised model; int8 codes kept as they are remain this program's."""
    for form in (None, WeightFormat.BFLOAT16):
        card = _card(model, tmp_path / str(form), form)
        assert card.data.library_name == "transformers" and "base_model_relation" not in card.data.to_dict()
        assert "from_pretrained" in card.text
    write_checkpoint(model, RAW, int8_tensors(random_tensors(RAW)))
    card = _card(model, tmp_path / "eight", None)
    assert card.data.library_name == "griffin-desk" and "from_pretrained" not in card.text


def test_the_publisher_has_the_word_on_the_licence(model: Path, tmp_path: Path) -> None:
    """The licence of the source's own card, which is kept, through a second conversion too."""
    (model / "README.md").write_text(PUBLISHED)
    card = _card(model, tmp_path / "new", WeightFormat.BFLOAT16)
    data = card.data.to_dict()
    assert (data["license"], data["license_name"], data["language"]) == ("apache-2.0", "a: name", "en")
    assert (tmp_path / "new" / "README-original.md").read_text() == PUBLISHED
    assert "README-original.md" in card.text
    _card(tmp_path / "new", tmp_path / "again", WeightFormat.INT8)
    assert (tmp_path / "again" / "README-original.md").read_text() == PUBLISHED


@pytest.mark.parametrize("front", ["", "---\nlicense: mit\n", "no front", "---\n- a\n---\n"])
def test_a_card_without_front_matter(front: str, model: Path, tmp_path: Path) -> None:
    """Says nothing of a licence, and does no harm."""
    (model / "README.md").write_text(front)
    assert _card(model, tmp_path / "new", None).data.license == "gemma"


def test_of_nothing_known_nothing_is_said(model: Path, tmp_path: Path) -> None:
    """Neither licence nor origin."""
    (model / "griffin-desk.json").unlink()
    data = _card(model, tmp_path / "new", WeightFormat.INT8).data.to_dict()
    assert not {"license", "base_model", "base_model_relation"} & data.keys()


def test_what_was_done(model: Path, tmp_path: Path) -> None:
    """The method with its figures, and the largest errors, by tensor."""
    text = _card(model, tmp_path / "four", WeightFormat.INT4).text
    assert "4-bit groups of 32 weights" in text and "GPTQ" in text
    assert text.count("| int4 |") == 8 and "on the calibration text" in text
    text = _card(model, tmp_path / "eight", WeightFormat.INT8).text
    assert text.count("| int8 |") == 8 and "griffin-desk models import" in text
