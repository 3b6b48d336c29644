from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import StorageError
from app.core.paths import DATA_DIR_VARIABLE, DataPaths, cache_dir, data_paths, resources_dir


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
