"""The one-folder program and the package made of it, built and used: no Python, no checkout, no search path."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

pytest.importorskip("PyInstaller", reason="the extra `bundle` is not installed")
pytest.importorskip("PySide6", reason="the window is part of the folder")
from PyInstaller.archive.readers import CArchiveReader

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "packaging"), str(ROOT / "packaging" / "bundle")]
import bundle  # noqa: E402
import contents  # noqa: E402
import deb  # noqa: E402
import virtual_screen  # noqa: E402

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the recipe for other systems was not run yet")
SAMPLE = ROOT / "resources" / "sample" / "forests-and-waters.pdf"
LIMIT_S = 600.0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder, built once (two minutes and more), in a place of its own; it goes at the end, being a gigabyte.

    GRIFFIN_DESK_BUNDLE names one that is there already.
    """
    if there := os.environ.get("GRIFFIN_DESK_BUNDLE"):
        yield Path(there).resolve()
        return
    if shutil.which("objdump") is None:
        pytest.skip("not installed: binutils, by which PyInstaller sees what a library needs")
    work, out = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("bare")
    try:
        try:
            folder = bundle.build(out, work)
        except bundle.BundleError as error:
            if "shared library" in str(error):
                pytest.skip("this Python was built without its shared library, which PyInstaller needs")
            raise
        yield folder
    finally:
        shutil.rmtree(out)
        shutil.rmtree(work)


def bare(home: Path, **more: str) -> dict[str, str]:
    """An environment with a home and nothing else: no search path, nothing of Python's."""
    home.mkdir(mode=0o700, exist_ok=True)
    return {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "PATH": "/nonexistent", "LANG": "C.UTF-8", **more}


def own_files(process: psutil.Popen, place: Path) -> set[str]:
    """Files of this checkout or this Python that a process or one of its children has mapped, beside the folder's."""
    python = {str(ROOT), sys.prefix, sys.base_prefix} - {"/usr"}
    mapped = set()
    for one in [process, *process.children(recursive=True)]:
        try:
            mapped |= {entry.path for entry in one.memory_maps()}
        except psutil.NoSuchProcess:
            continue
    return {path for path in mapped if path.startswith(tuple(python)) and not path.startswith(str(place))}


def test_command_summarises_the_sample(place: Path, tmp_path: Path) -> None:
    """With nothing but the folder, `summarize` reads every page and each line of the summary names its page."""
    sample = shutil.copy(SAMPLE, tmp_path)
    command = [str(place / "griffin-desk"), "summarize", sample]
    done = subprocess.run(
        command, cwd=tmp_path, env=bare(tmp_path / "home"), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "34 of 34 pages gave text and were read." in done.stdout
    summary = done.stdout.partition("## Summary")[2].partition("## Notes")[0]
    assert summary.count("\n- ") >= 5
    assert summary.count("[p. ") == summary.count("\n- ")


def test_doctor_is_content(place: Path, tmp_path: Path) -> None:
    """Compiled passes, the worker and the installation are as sound as in a checkout."""
    done = subprocess.run(
        [str(place / "griffin-desk"), "doctor"],
        env=bare(tmp_path / "home"), capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "all is well" in done.stdout
    assert "passes between products: compiled by numba" in done.stdout
    assert str(ROOT) not in done.stdout.replace(str(place), "")


@contextmanager
def window(place: Path, tmp_path: Path, document: Path) -> Iterator[tuple[psutil.Popen, virtual_screen.Screen]]:
    """The window with a document, on a screen of its own."""
    if missing := virtual_screen.missing_programs():
        pytest.skip(f"not installed: {', '.join(missing)}")
    with virtual_screen.virtual_screen(1200, 800) as screen:
        around = bare(tmp_path / "home", DISPLAY=screen.environment["DISPLAY"])
        command = [str(place / "griffin-desk"), "window", str(document)]
        said = tmp_path / "said.txt"
        with said.open("wb") as stream:
            process = psutil.Popen(command, cwd=tmp_path, env=around, stderr=stream)
        try:
            wait(lambda: bool(screen.windows()), process, "no window was shown")
            screen.place(screen.windows()[0], 1200, 800)
            yield process, screen
        finally:
            process.terminate()
            process.wait(timeout=LIMIT_S)
            # Qt's own remarks on a window that is being closed do not count.
            told = [
                line for line in said.read_text(encoding="utf-8").splitlines() if not line.startswith("QBackingStore")
            ]
            assert told == []


def wait(reached: Callable[[], bool], process: psutil.Popen, otherwise: str) -> None:
    """Look again and again."""
    end = time.monotonic() + LIMIT_S
    while not reached():
        assert process.poll() is None, f"it ended with code {process.returncode}"
        assert time.monotonic() < end, otherwise
        time.sleep(0.2)


def test_window_summarises_the_sample(place: Path, tmp_path: Path) -> None:
    """On a screen, one key summarises the document that it was opened with; nothing of Python is mapped from here."""
    sample = Path(shutil.copy(SAMPLE, tmp_path))
    library = tmp_path / "home" / ".local" / "share" / "griffin-desk" / "library.sqlite"

    def count(table: str) -> int:
        try:
            with closing(sqlite3.connect(f"{library.as_uri()}?mode=ro", uri=True, timeout=30)) as database:
                return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # there is no library yet, or no table in it

    with window(place, tmp_path, sample) as (process, screen):
        wait(lambda: count("readings") >= 1, process, "the document was not opened")
        asked: list[float] = []

        def begun() -> bool:
            # It is in the library before the window shows it, and until then the key means nothing.
            if not asked or time.monotonic() - asked[-1] > 10:
                screen.key("ctrl+Return")
                asked.append(time.monotonic())
            return count("summary_parts") >= 1

        wait(begun, process, "no part was written")
        assert own_files(process, place) == set()
        wait(lambda: count("summaries WHERE state = 'finished'") == 1, process, "the summary was not finished")
    log = (library.parent / "logs" / "griffin-desk.log").read_text(encoding="utf-8")
    assert [line for line in log.splitlines() if " ERROR " in line or " WARNING " in line] == []


def test_only_what_is_used_is_inside(place: Path) -> None:
    """Of Qt the parts of Essentials that are used; no library under the GPL; no tests, no other package."""
    names = {path.name for path in place.rglob("*")}
    qt = {name.removeprefix("libQt6").partition(".")[0] for name in names if name.startswith("libQt6")}
    assert {"Core", "Gui", "Widgets", "Svg", "Network", "XcbQpa"} <= qt
    assert not {"Qml", "Quick", "WebEngineCore", "Charts", "Multimedia", "Designer"} & qt
    assert not [name for name in names if name.startswith(("libreadline", "libgdbm", "libgtk"))]
    program = CArchiveReader(str(place / "griffin-desk"))
    archive = next(name for name in program.toc if name.lower().endswith(".pyz"))
    modules = {name.partition(".")[0] for name in program.open_embedded_archive(archive).toc}
    assert {"app", "torch", "PySide6", "onnxruntime"} <= modules | names
    assert not set(contents.left_out(contents.distributions())) & (modules | names)


def test_licences_are_inside(place: Path) -> None:
    """The program's licence, the list of all, and Qt's."""
    papers = place / "licences"
    assert (papers / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (papers / "dependencies.md").is_file()
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in (papers / "texts" / "LGPL-3.0.txt").read_text(encoding="utf-8")
    assert (papers / "torch").is_dir()


def test_package_for_debian(place: Path, tmp_path: Path) -> None:
    """It holds the program, the command and what a desktop shows it by, and names what it needs of the system."""
    if missing := [package for program, package in deb.PROGRAMS.items() if shutil.which(program) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    package = deb.build(place, tmp_path / "package", level=1)
    fields = subprocess.run(["dpkg-deb", "--field", package], capture_output=True, text=True, check=True).stdout
    assert "Package: griffin-desk\n" in fields
    assert f"Version: {deb.version()}\n" in fields
    depends = fields.partition("Depends: ")[2].partition("\n")[0]
    assert {"libc6", "libgl1", "libegl1"} <= {need.split()[0] for need in depends.split(", ")}
    root = tmp_path / "root"
    subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    assert (root / "usr" / "bin" / "griffin-desk").readlink() == Path("/opt/griffin-desk/griffin-desk")
    share = root / "usr" / "share"
    for path in ("applications/{}.desktop", "metainfo/{}.metainfo.xml", "icons/hicolor/48x48/apps/{}.png"):
        assert (share / path.format("io.github.griffin_desk.GriffinDesk")).is_file()
    done = subprocess.run(
        [root / "opt" / "griffin-desk" / "griffin-desk", "--version"],
        env=bare(tmp_path / "home"), capture_output=True, text=True, timeout=LIMIT_S, check=True,
    )  # fmt: skip
    assert done.stdout == f"griffin-desk {deb.version()}\n"
    shutil.rmtree(root)  # a gigabyte
    package.unlink()


def test_without_the_folder_no_package_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence says how to make the folder first."""
    if shutil.which("dpkg-shlibdeps") is None:
        pytest.skip("not installed: dpkg-dev")
    assert deb.main(["--folder", str(tmp_path / "none"), "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.strip().endswith("make it with `python packaging/bundle.py`")
