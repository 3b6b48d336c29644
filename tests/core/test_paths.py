from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from app.core import paths as paths_module
from app.core.errors import StorageError, UserError
from app.core.paths import (
    DATA_DIR_VARIABLE,
    DataPaths,
    cache_dir,
    chosen_data_folder,
    data_paths,
    resources_dir,
    set_data_folder,
)


@pytest.fixture(autouse=True)
def config_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the choice of a data folder is kept: the test's own."""
    folder = tmp_path / "config" / "griffin-desk"
    monkeypatch.setattr(paths_module, "user_config_path", lambda *_, **__: folder)
    return folder


def test_option_wins_over_environment(tmp_path: Path) -> None:
    """--data-dir is taken before GRIFFIN_DESK_DATA_DIR."""
    paths = data_paths(tmp_path / "option", {DATA_DIR_VARIABLE: str(tmp_path / "env")})
    assert paths.root == tmp_path / "option"


def test_environment_wins_over_platform(tmp_path: Path) -> None:
    """GRIFFIN_DESK_DATA_DIR is taken before the platform's folder."""
    assert data_paths(None, {DATA_DIR_VARIABLE: str(tmp_path)}).library == tmp_path / "library.sqlite"


def test_platform_folder_is_named_after_the_program() -> None:
    """Without option and variable the platform's own data folder is used; an empty variable counts as none."""
    assert data_paths(None, {DATA_DIR_VARIABLE: ""}).root.name == "griffin-desk"


def test_relative_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder is fixed at start, so that a later change of directory does not move it."""
    monkeypatch.chdir(tmp_path)
    assert data_paths(Path("here"), {}).root == tmp_path / "here"


def test_create_makes_every_folder(tmp_path: Path) -> None:
    """create makes models, locks and logs, closed to other users of the machine."""
    paths = DataPaths(tmp_path / "a" / "b")
    paths.create()
    assert sorted(p.name for p in paths.root.iterdir()) == ["locks", "logs", "models"]
    assert paths.root.stat().st_mode & 0o777 == 0o700


def test_file_in_the_way_is_named(tmp_path: Path) -> None:
    """A file where the data folder should be gives one sentence that names it."""
    (tmp_path / "taken").write_text("x")
    with pytest.raises(StorageError, match=r"taken is a file; choose another folder with --data-dir") as caught:
        DataPaths(tmp_path / "taken").create()
    assert caught.value.code == "data-dir"


def test_resources_hold_the_starter_model() -> None:
    """In a checkout the resources folder is the one beside the package."""
    assert (resources_dir() / "starter-model" / "config.json").is_file()


def test_cache_is_shared_by_data_folders(tmp_path: Path) -> None:
    """The variable's folder, made where it is missing, whatever the data folder."""
    environment = {"GRIFFIN_DESK_CACHE_DIR": str(tmp_path / "shared" / "cache")}
    found = {cache_dir(DataPaths(tmp_path / name), environment) for name in ("one", "two")}
    assert found == {tmp_path / "shared" / "cache"}
    assert (tmp_path / "shared" / "cache").is_dir()


def test_cache_that_cannot_be_made_goes_into_the_data_folder(tmp_path: Path) -> None:
    """A file stands in the way of the cache folder: the program still has a place to compile to."""
    (tmp_path / "file").write_text("")
    environment = {"GRIFFIN_DESK_CACHE_DIR": str(tmp_path / "file" / "cache")}
    assert cache_dir(DataPaths(tmp_path / "data"), environment) == tmp_path / "data" / "cache"


def test_a_chosen_folder_is_followed(tmp_path: Path) -> None:
    """What was chosen in the window holds without option and variable, and behind both."""
    set_data_folder(tmp_path / "chosen")
    assert data_paths(None, {}).root == tmp_path / "chosen"
    assert data_paths(None, {DATA_DIR_VARIABLE: str(tmp_path / "env")}).root == tmp_path / "env"
    assert data_paths(tmp_path / "option", {}).root == tmp_path / "option"


def test_a_choice_is_taken_back(tmp_path: Path, config_folder: Path) -> None:
    """None is the platform's own place again, also when nothing was chosen."""
    set_data_folder(tmp_path / "chosen")
    set_data_folder(None)
    set_data_folder(None)
    assert chosen_data_folder() is None
    assert list(config_folder.iterdir()) == []


def test_a_relative_choice_is_fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder means the one of the moment in which it was chosen."""
    monkeypatch.chdir(tmp_path)
    set_data_folder(Path("here"))
    monkeypatch.chdir(tmp_path.parent)
    assert chosen_data_folder() == tmp_path / "here"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names of files are Unicode there")
def test_a_choice_need_not_be_utf8(tmp_path: Path) -> None:
    """A folder whose name is bytes comes back as the same bytes."""
    folder = tmp_path / os.fsdecode(b"d\xe9j\xe0 vu ")
    set_data_folder(folder)
    assert chosen_data_folder() == folder


@pytest.mark.parametrize("content", [b"", b"\n", b"relative/folder\n", b"/a\0b\n", b"/" + b"x" * 5000 + b"\n"])
def test_a_damaged_choice_is_none(config_folder: Path, content: bytes) -> None:
    """An empty, cut or foreign file does not keep the program from starting."""
    config_folder.mkdir(parents=True)
    (config_folder / "data-folder").write_bytes(content)
    assert chosen_data_folder() is None
    assert data_paths(None, {}).root.name == "griffin-desk"


def test_a_choice_that_cannot_be_read_is_none(config_folder: Path) -> None:
    """A folder where the file should be is no choice; choosing says what stands in the way."""
    (config_folder / "data-folder" / "x").mkdir(parents=True)
    assert chosen_data_folder() is None
    with pytest.raises(StorageError, match=r"cannot be kept in .*data-folder \(.*start with --data-dir"):
        set_data_folder(config_folder)


def test_a_choice_of_two_lines_is_refused(tmp_path: Path) -> None:
    """The file holds one line."""
    with pytest.raises(UserError, match="has a line break in it"):
        set_data_folder(tmp_path / "two\nlines")
    assert chosen_data_folder() is None
