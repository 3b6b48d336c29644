"""The list of hashes of what comes with the program as data."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """packaging/resource_hashes.py as a module."""
    spec = importlib.util.spec_from_file_location("resource_hashes", ROOT / "packaging" / "resource_hashes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_starter_model_is_the_one_that_was_listed(script: ModuleType) -> None:
    """Weights, tokenizers and sample are what the list says, each file of their folders once."""
    listed = script.read_list(script.LIST.read_text(encoding="utf-8"))
    assert list(script.faults(script.hashes(ROOT), listed)) == []
    assert sum(name.endswith(".safetensors") for name in listed) == 2


def test_what_was_tampered_with_is_named(script: ModuleType, tmp_path: Path) -> None:
    """A changed byte, a file too many and a file too few."""
    shutil.copytree(ROOT / "resources" / "sample", tmp_path / "resources" / "sample")
    listed = script.hashes(tmp_path)
    pdf = tmp_path / "resources" / "sample" / "forests-and-waters.pdf"
    whole = pdf.read_bytes()
    pdf.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    (tmp_path / "resources" / "sample" / "README.md").unlink()
    (tmp_path / "resources" / "sample" / "extra.bin").touch()
    assert list(script.faults(script.hashes(tmp_path), listed)) == [
        "resources/sample/README.md is missing",
        "resources/sample/extra.bin is not in resources.sha256",
        "resources/sample/forests-and-waters.pdf is not the file that was listed",
    ]
