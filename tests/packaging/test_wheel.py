"""The wheel: the program, the model and the licence, and nothing else."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source archive of the checkout, and the wheel that is built from that archive (about 15 s, mostly zlib)."""
    target = tmp_path_factory.mktemp("dist")
    hatchling = [sys.executable, "-m", "hatchling", "build", "-d", str(target)]
    subprocess.run([*hatchling, "-t", "sdist"], cwd=ROOT, check=True, capture_output=True)
    (target / "source").mkdir()
    # Debian 12's Python 3.11.2 has no extraction filter yet, later ones warn without: tar has neither trouble.
    subprocess.run(["tar", "xzf", str(next(target.glob("*.tar.gz")))], cwd=target / "source", check=True)
    source = next((target / "source").iterdir())
    subprocess.run([*hatchling, "-t", "wheel"], cwd=source, check=True, capture_output=True)
    return target


def test_wheel_holds_the_program_and_the_model(built: Path) -> None:
    """Every file of app/ and of resources/ is there under its name, the model byte for byte, the command too."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        tracked = subprocess.run(
            ["git", "ls-files", "app", "resources"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.split()
        expected = {name.replace("resources/", "app/resources/", 1) for name in tracked}
        assert expected - names == set()
        config = ROOT / "resources" / "starter-model" / "config.json"
        assert wheel.read("app/resources/starter-model/config.json") == config.read_bytes()
        for shard in sorted((ROOT / "resources" / "starter-model").glob("*.safetensors")):
            assert wheel.getinfo(f"app/resources/starter-model/{shard.name}").file_size == shard.stat().st_size
        information = next(name.split("/")[0] for name in names if ".dist-info/" in name)
        commands = wheel.read(f"{information}/entry_points.txt").decode()
        assert "griffin-desk = app.__main__:main" in commands
        assert "griffin-desk-window = app.__main__:window" in commands
        assert {f"{information}/licenses/LICENSE", f"{information}/licenses/NOTICE"} <= names
    assert {name.split("/")[0] for name in names} == {"app", information}


def test_source_archive_is_complete(built: Path) -> None:
    """The source archive holds what its own build and tests need, and no measurements."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"pyproject.toml", "README.md", "LICENSE", "NOTICE", "tests/conftest.py"} <= names
    assert not any(name.startswith(("benchmarks/results", ".ci", ".venv")) for name in names)
