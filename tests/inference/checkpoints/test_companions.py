"""What goes with a model's weights, and what does not."""

from pathlib import Path

import pytest

from app.inference.checkpoints.companions import companions, converted_config, copy_companions
from app.inference.weight_format import WeightFormat

TAKEN = ("tokenizer.model", "tokenizer.json", "chat_template.jinja", "LICENSE", "License.md", "NOTICE", "README.md")
LEFT = ("config.json", "model.safetensors", "griffin-desk.json", ".conversion.json", "photo.jpg", "pytorch_model.bin")


def test_by_name(tmp_path: Path) -> None:
    """Tokenizer, template and papers, in any case of letters; neither weights nor what is written anew, nor folders."""
    for name in (*TAKEN, *LEFT):
        (tmp_path / name).write_text("{}")
    (tmp_path / "license-texts").mkdir()
    assert sorted(path.name for path in companions(tmp_path)) == sorted(TAKEN)


def test_a_huge_file_is_something_else(tmp_path: Path) -> None:
    """Whatever it is called."""
    with (tmp_path / "tokenizer.model").open("wb") as stream:
        stream.truncate(100 << 20)
    assert not list(companions(tmp_path))


def test_our_own_card_is_not_the_publishers(tmp_path: Path) -> None:
    """The publisher's is kept under another name, from one conversion to the next; ours is written anew."""
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for folder in (first, second, third):
        folder.mkdir()
    (first / "README.md").write_text("theirs")
    copy_companions(first, second)
    assert (second / "README-original.md").read_text() == "theirs" and not (second / "README.md").exists()
    (second / "README.md").write_text("Converted by Griffin Desk from there.")
    copy_companions(second, third)
    assert [path.name for path in third.iterdir()] == ["README-original.md"]
    assert (third / "README-original.md").read_text() == "theirs"


@pytest.mark.parametrize("form", [WeightFormat.INT8, WeightFormat.INT4])
def test_the_config_tells_how_codes_are_read(form: WeightFormat) -> None:
    """Everything else in it stays, and the source's is not touched."""
    raw = {"model_type": "recurrent_gemma", "torch_dtype": "bfloat16"}
    config = converted_config(raw, form, 64, 123)
    note = config.pop("quantization_config")
    assert config == raw and "w = int8 * scale[row]" in note["scheme"]
    if form is WeightFormat.INT4:
        assert (note["group_size"], note["calibration_tokens"]) == (64, 123)
