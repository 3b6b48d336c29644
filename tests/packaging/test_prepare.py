"""The set-up script's decisions: which system packages, which torch, and when there is nothing to do."""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def prepare() -> Iterator[ModuleType]:
    """packaging/setup/prepare.py as a module, which finds its neighbours as a script does."""
    spec = importlib.util.spec_from_file_location("prepare", ROOT / "packaging" / "setup" / "prepare.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "packaging" / "setup"))
        spec.loader.exec_module(module)
        yield module


def report(*names: str) -> dict[str, Any]:
    """The part of pip's installation report that counts here."""
    return {"install": [{"metadata": {"name": name}} for name in names]}


class Pip:
    """Stands in for pip's dry run: answers by the last argument that it knows, and remembers what it was asked."""

    def __init__(self, **answers: dict[str, Any] | None) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    def __call__(self, arguments: Sequence[str]) -> dict[str, Any] | None:
        self.asked.append(list(arguments))
        if "--no-index" in arguments:
            return self.answers.get("installed", report("torch"))
        place = "cpu_index" if "--index-url" in arguments else "usual"
        return self.answers.get(place)


def test_torch_in_the_range_stays(prepare: ModuleType) -> None:
    """An environment whose torch meets the requirement is not asked to change it."""
    pip = Pip(installed=report())
    assert prepare.torch_arguments("torch>=2.6,<2.14", True, pip) is None
    assert len(pip.asked) == 1


def test_with_a_gpu_the_usual_build(prepare: ModuleType) -> None:
    """With a GPU, and on macOS, the project's own range decides."""
    assert prepare.torch_arguments("torch>=2.6,<2.14", False, Pip()) == ["torch>=2.6,<2.14"]


def test_without_a_gpu_the_first_build_that_is_free_of_cuda(prepare: ModuleType) -> None:
    """The configured place wins when it has a CPU build; a plan with CUDA packages sends pip to PyTorch's CPU index."""
    light, heavy = report("torch", "sympy"), report("torch", "nvidia-cublas-cu12", "triton")
    assert prepare.torch_arguments("torch>=2.6,<2.14", True, Pip(usual=light)) == ["torch==2.13.0"]
    chosen = prepare.torch_arguments("torch>=2.6,<2.14", True, Pip(usual=heavy, cpu_index=light))
    assert chosen[:3] == ["torch==2.13.0", "--index-url", "https://download.pytorch.org/whl/cpu"]


def test_without_any_cpu_build_the_usual_one(prepare: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A large download is better than none, and is announced."""
    pip = Pip(usual=report("torch", "nvidia_cudnn_cu12"), cpu_index=None)
    assert prepare.torch_arguments("torch>=2.6,<2.14", True, pip) == ["torch>=2.6,<2.14"]
    assert "larger by some gigabytes" in capsys.readouterr().out
    assert [arguments[0] for arguments in pip.asked[1:]] == ["torch==2.13.0", "torch==2.13.0", "torch>=2.6,<2.14"]


def test_gpu_packages(prepare: ModuleType) -> None:
    """Names are compared as pip normalises them; tritonclient's cousin numpy is none."""
    assert prepare.gpu_packages(report("numpy", "NVIDIA_nccl_cu12", "triton", "cuda-bindings")) == [
        "nvidia-nccl-cu12",
        "triton",
        "cuda-bindings",
    ]


def test_missing_system_packages(prepare: ModuleType, tmp_path: Path) -> None:
    """A library that loads is not asked for; without any font file a font is."""
    libraries = {"libc.so.6": "libc6", "libno-such-library.so.9": "libno9"}
    assert prepare.missing_system_packages(libraries, [tmp_path]) == ["libno9", "fonts-dejavu-core"]
    (tmp_path / "truetype").mkdir()
    (tmp_path / "truetype" / "Some.ttf").touch()
    assert prepare.missing_system_packages(libraries, [tmp_path / "absent", tmp_path]) == ["libno9"]


def test_stamp(prepare: ModuleType) -> None:
    """A change of dependencies asks for an install, one of a linter's settings does not; dev covers a plain run."""
    pyproject: dict[str, Any] = {"project": {"dependencies": ["a"]}, "build-system": {}, "tool": {"ruff": 1}}
    dev = prepare.wanted_stamp(pyproject, ["dev"])
    assert prepare.is_current(dev, prepare.wanted_stamp(pyproject | {"tool": {}}, []))
    assert not prepare.is_current(prepare.wanted_stamp(pyproject, []), dev)
    assert not prepare.is_current(dev, prepare.wanted_stamp(pyproject | {"project": {"dependencies": ["b"]}}, ["dev"]))
    assert not prepare.is_current({}, dev)
    assert not prepare.is_current(dev | {"lock": "of another day"}, dev)


def test_the_window_beside_the_tests(prepare: ModuleType) -> None:
    """What was installed for the tests stays noted when the window is, so that neither asks for the other's again."""
    pyproject: dict[str, Any] = {"project": {}, "build-system": {}}
    dev = prepare.wanted_stamp(pyproject, ["dev", "interpreter"])
    both = prepare.wanted_stamp(pyproject, prepare.with_earlier(dev, ["ui"]))
    assert not prepare.is_current(dev, prepare.wanted_stamp(pyproject, ["ui"]))
    assert prepare.is_current(both, dev) and prepare.is_current(both, prepare.wanted_stamp(pyproject, ["ui"]))
    assert prepare.with_earlier({}, ["ui"]) == ["ui"]


def test_a_moved_checkout_gets_a_new_environment(
    prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scripts of a virtual environment name its place, so one that was made elsewhere does not count."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    monkeypatch.setattr(prepare, "PYTHON", python)
    monkeypatch.setattr(prepare, "STAMP", tmp_path / "stamp.json")
    assert prepare.venv_works()
    (tmp_path / "stamp.json").write_text('{"root": "/somewhere/else"}')
    assert not prepare.venv_works()


def test_the_window_needs_libraries_that_tests_without_it_do_not(
    prepare: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qt's libraries are looked for unless the environment is one without Qt, programs of tests where they are run."""
    asked: list[tuple[bool, bool]] = []
    monkeypatch.setattr(
        prepare,
        "prepare_system",
        lambda libraries, programs: asked.append(("libEGL.so.1" in libraries, "Xvfb" in programs)),
    )
    monkeypatch.setattr(prepare, "prepare_venv", lambda: None)
    monkeypatch.setattr(prepare, "prepare_packages", lambda extras, unlocked: None)
    for extra in ("dev", "ui", "headless"):
        monkeypatch.setattr(prepare.sys, "argv", ["prepare.py", "--extra", extra])
        assert prepare.main() == 0
    assert asked == [(True, True), (True, False), (False, False)]


def test_programs_of_tests_are_asked_for_by_their_packages(
    prepare: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is not there is installed, or named in the line to run; one that is there is not."""
    monkeypatch.setattr(prepare.sys, "platform", "linux")
    monkeypatch.setattr(prepare, "venv_works", lambda: True)
    monkeypatch.setattr(prepare, "missing_system_packages", lambda libraries, fonts: [])
    monkeypatch.setattr(prepare, "apt_install", lambda packages: False)
    prepare.prepare_system({}, {"sh": "dash", "no-such-program": "its-package"})
    assert capsys.readouterr().out.splitlines()[-1].endswith("apt-get install -y its-package")


def test_an_environment_of_another_name() -> None:
    """GRIFFIN_DESK_VENV names the folder; without it it is .venv."""
    code = "import prepare; print(prepare.VENV.relative_to(prepare.ROOT), prepare.STAMP.parent.name)"
    for name, environment in ((".venv", {}), (".venv-headless", {"GRIFFIN_DESK_VENV": ".venv-headless"})):
        around = {key: value for key, value in os.environ.items() if key != "GRIFFIN_DESK_VENV"}
        command = [sys.executable, "-c", code]
        setup = ROOT / "packaging" / "setup"
        shown = subprocess.run(command, cwd=setup, env=around | environment, capture_output=True, text=True, check=True)
        assert shown.stdout == f"{name} {name}\n"


def test_python_without_venv_and_without_rights(
    prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian's Python without its venv package: one line for all that is missing, exit code 2, nothing half-made."""
    monkeypatch.setattr(prepare, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(prepare, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(prepare, "apt_install", lambda packages: False)
    monkeypatch.setattr(prepare.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(prepare.sys, "platform", "linux")
    monkeypatch.setattr(prepare, "missing_system_packages", lambda libraries, fonts: ["libegl1"])
    monkeypatch.setattr(prepare.sys, "argv", ["prepare.py"])
    assert prepare.main() == 2
    last_line = capsys.readouterr().err.splitlines()[-1]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert last_line == f"sudo apt-get update && sudo apt-get install -y python{version}-venv libegl1"
    assert not (tmp_path / ".venv").exists()


def find_python(folder: Path) -> subprocess.CompletedProcess[str]:
    """Source find-python.sh with a PATH of only that folder and the system's basic tools."""
    (folder / "uname").write_text("#!/bin/sh\necho Linux\n")
    (folder / "uname").chmod(0o755)
    return subprocess.run(
        ["/bin/sh", "-euc", '. "$0"; echo "$PYTHON"', str(ROOT / "packaging" / "setup" / "find-python.sh")],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_python(folder: Path, name: str, version: tuple[int, int] | None) -> None:
    """A command that answers as a Python of that version would, or fails as a version manager's empty shim does."""
    body = "exit 127" if version is None else f"exit {int(not (3, 11) <= version <= (3, 14))}"
    if version is not None and (3, 11) <= version <= (3, 14):
        body = f"echo /opt/{name}"
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def test_find_python_skips_what_does_not_run(tmp_path: Path) -> None:
    """A shim that fails and a Python that is too old are passed over."""
    fake_python(tmp_path, "python3.11", None)
    fake_python(tmp_path, "python3", (3, 9))
    fake_python(tmp_path, "python3.12", (3, 12))
    result = find_python(tmp_path)
    assert (result.returncode, result.stdout) == (0, "/opt/python3.12\n")


def test_find_python_says_what_to_install(tmp_path: Path) -> None:
    """Without a fitting Python: one line to run, exit code 2."""
    fake_python(tmp_path, "python3", (3, 9))
    result = find_python(tmp_path)
    assert result.returncode == 2
    assert "sudo apt-get install -y python3 python3-venv" in result.stderr


def test_the_kernels_interpreter_comes_with_the_tests_alone(prepare: ModuleType) -> None:
    """Not on a machine with a GPU, whose torch has a Triton of its own, and not for the program."""
    assert prepare.all_extras(["dev"], gpu=False) == ["dev", "interpreter"]
    assert prepare.all_extras(["headless"], gpu=False) == ["headless", "interpreter"]
    assert prepare.all_extras(["dev"], gpu=True) == ["dev"]
    assert prepare.all_extras([], gpu=False) == []


def test_every_group_of_a_lock_is_one_of_the_project(prepare: ModuleType) -> None:
    """What is asked for is installed from the smallest lock that has it; a group in none is named by its absence."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set().union(*prepare.LOCKED_GROUPS.values()) == set(project["optional-dependencies"]) - {"cuda"}
    chosen = [prepare.lock_for(extras) for extras in ([], ["ui"], ["dense"], ["ui", "dense"], ["ui", "dev"])]
    assert chosen == ["program", "window", "program", "window", "tests"]
    assert [prepare.lock_for(["headless", *more]) for more in ([], ["ui"], ["dev"])] == ["headless", "tests", "tests"]
    assert [prepare.lock_for(["bundle", *more]) for more in ([], ["ui"], ["orbax"])] == ["bundle", "bundle", "tests"]
    for asked, lock in (("dev", "tests"), ("headless", "headless")):
        files = [[Path(part).name for part in call if part.endswith(".txt")] for call in prepare.lock_calls([asked])]
        assert files == [[f"{lock}.txt"], ["built.txt"]]
    asked_for: tuple[list[str], ...] = ([], ["ui"], ["dev"], ["headless"])
    assert all("--require-hashes" in call for extras in asked_for for call in prepare.lock_calls(extras))


@pytest.fixture
def shelf(prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a package that a real pip installs from, and nowhere else, into another folder beside it."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    with zipfile.ZipFile(folder / "leaf-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("leaf.py", "GREEN = True\n")
        wheel.writestr("leaf-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: leaf\nVersion: 1.0\n")
        wheel.writestr("leaf-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("leaf-1.0.dist-info/RECORD", "")
    monkeypatch.setattr(prepare, "PIP", (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"))
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "TARGET": str(tmp_path / "installed")}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


def locked_leaf(shelf: Path, digest: str, version: str = "1.0") -> list[list[str]]:
    """pip's arguments for a lock of that package alone."""
    (shelf / "lock.txt").write_text(f"leaf=={version} --hash=sha256:{digest}\n", encoding="utf-8")
    return [["--require-hashes", "--no-deps", "--requirement", str(shelf / "lock.txt")]]


def test_what_is_locked_is_installed(prepare: ModuleType, shelf: Path) -> None:
    """The file that the lock means goes in."""
    digest = hashlib.sha256((shelf / "leaf-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    assert prepare.install_locked(locked_leaf(shelf, digest))
    assert (shelf.parent / "installed" / "leaf.py").is_file()


def test_another_file_is_never_installed(prepare: ModuleType, shelf: Path) -> None:
    """A file with another hash ends the set-up; it does not send pip to what is not locked."""
    with pytest.raises(prepare.SetupError, match="not the one that was locked"):
        prepare.install_locked(locked_leaf(shelf, "0" * 64))
    assert not (shelf.parent / "installed").exists()


def test_a_version_that_is_not_to_be_had(prepare: ModuleType, shelf: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Where the locked version is missing, a line says that pyproject.toml decides."""
    assert not prepare.install_locked(locked_leaf(shelf, "0" * 64, version="2.0"))
    assert "taking what pyproject.toml allows" in capfd.readouterr().out
