"""A Hugging Face folder brought into the models' folder: whole, recorded, or not there at all."""

import os
from collections import namedtuple
from pathlib import Path

import pytest

from app.core.errors import CheckpointError, ResourceError, UserError
from app.inference.checkpoints import importing
from app.inference.checkpoints.importing import Imported, import_folder
from app.inference.checkpoints.names import EMBEDDING, HEAD
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.weight_files import INDEX_FILE
from app.inference.fingerprint import fingerprint
from app.inference.manifest import MANIFEST, FileRecord, Manifest, check_files, read_manifest, write_manifest
from tests.checkpoints import TRAITS, random_tensors, raw_config, write_checkpoint, write_deepmind

RAW = raw_config("recurrentgemma")
TENSORS = random_tensors(RAW)
TAKEN = ["tokenizer.model", "tokenizer_config.json", "chat_template.jinja", "LICENSE", "NOTICE.txt", "README.md"]
LEFT = ["pytorch_model.bin", "original.pt", "model.gguf", ".gitattributes", "training_args.bin", "notes.txt", "run.py"]


def _quiet(done: int, total: int) -> None:
    assert 0 < done <= total


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A model's folder in shards, with what repositories hold besides."""
    folder = write_checkpoint(tmp_path / "source" / "recurrentgemma-2b", RAW, TENSORS, shards=2)
    for name in [*TAKEN, *LEFT]:
        (folder / name).write_text(f"content of {name}")
    (folder / "runs").mkdir()
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The models' folder, on the same disk."""
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def _import(source: Path, models: Path, *, link: bool = True) -> Imported:
    return import_folder(source, models / "mine", link=link, on_progress=_quiet)


@pytest.mark.parametrize("link", [True, False])
def test_what_is_taken(link: bool, source: Path, models: Path) -> None:
    """Config, weights, tokenizer, template and papers, no more; the weights linked where asked for, the rest copied."""
    imported = _import(source, models, link=link)
    weights = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    names = sorted(path.name for path in (models / "mine").iterdir())
    assert names == sorted([*TAKEN, *weights, "config.json", INDEX_FILE, MANIFEST])
    for name in weights:
        assert (source / name).samefile(models / "mine" / name) is link
    assert not (source / "tokenizer.model").samefile(models / "mine" / "tokenizer.model")
    assert (imported.is_linked, imported.notes) == (link, ())
    assert imported.nbytes == sum((models / "mine" / name).stat().st_size for name in names if name != MANIFEST)
    first, second = (open_checkpoint(path).files for path in (source, imported.folder))
    assert fingerprint(first, "float32") == fingerprint(second, "float32")


def test_record(source: Path, models: Path) -> None:
    """Every file with its length and hash, and where it came from."""
    _import(source, models)
    manifest = read_manifest(models / "mine")
    assert manifest is not None
    assert manifest.source == f"imported from {source}"
    assert set(manifest.files) == {path.name for path in (models / "mine").iterdir()} - {MANIFEST}
    assert check_files(models / "mine", manifest) == []


def test_record_of_the_source_goes_along(source: Path, models: Path) -> None:
    """A model that was downloaded before stays what it was; a file that is no longer what it was is refused."""
    _import(source, models)
    files = read_manifest(models / "mine").files  # type: ignore[union-attr]
    write_manifest(source, Manifest("google/x at 1234", files, "google/x", "1234", instruction_tuned=True))
    import_folder(source, models / "again", link=False, on_progress=_quiet)
    assert read_manifest(models / "again") == Manifest("google/x at 1234", files, "google/x", "1234", True)
    broken = dict(files) | {"README.md": FileRecord(files["README.md"].nbytes, "0" * 64)}
    write_manifest(source, Manifest("google/x", broken))
    with pytest.raises(CheckpointError, match=r"README\.md is damaged: .* expected .* get the file again"):
        import_folder(source, models / "third", link=False, on_progress=_quiet)
    assert sorted(path.name for path in models.iterdir()) == ["again", "mine"]


def test_snapshot_of_hugging_faces_cache(source: Path, models: Path, tmp_path: Path) -> None:
    """Links become files, and the record names the repository and the commit."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = tmp_path / "models--google--recurrentgemma-2b" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    for file in source.iterdir():
        (snapshot / file.name).symlink_to(file)
    import_folder(snapshot, models / "mine", link=True, on_progress=_quiet)
    assert not any(path.is_symlink() for path in (models / "mine").iterdir())
    manifest = read_manifest(models / "mine")
    assert manifest is not None
    assert (manifest.repository, manifest.revision) == ("google/recurrentgemma-2b", commit)
    assert manifest.source == "google/recurrentgemma-2b at 0123456789ab"


def test_one_file_of_another_name(models: Path, tmp_path: Path) -> None:
    """It gets the name under which it is found, and no index of its neighbours."""
    folder = write_checkpoint(tmp_path / "source", RAW, TENSORS, shards=2)
    write_checkpoint(folder, RAW, TENSORS)
    (folder / "model.safetensors").rename(folder / "tuned.safetensors")
    import_folder(folder / "tuned.safetensors", models / "mine", link=True, on_progress=_quiet)
    assert sorted(path.name for path in (models / "mine").iterdir()) == [
        "config.json",
        MANIFEST,
        "model.safetensors",
    ]
    assert open_checkpoint(models / "mine").config.width == 32


def test_disk_without_hard_links(source: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights are copied; a half made set of links does not stay."""
    calls: list[str] = []

    def one_link(path: Path, target: Path) -> None:
        calls.append(target.name)
        if len(calls) > 1:
            raise OSError(18, "Invalid cross-device link")
        target.symlink_to(path)

    monkeypatch.setattr(os, "link", one_link)
    imported = _import(source, models)
    assert len(calls) == 2 and not imported.is_linked
    assert not any(path.is_symlink() for path in (models / "mine").iterdir())


def test_progress_is_of_all_bytes(source: Path, models: Path) -> None:
    """It grows, and ends at the whole."""
    seen: list[tuple[int, int]] = []
    imported = import_folder(source, models / "mine", link=True, on_progress=lambda *at: seen.append(at))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {imported.nbytes}
    assert seen[-1] == (imported.nbytes, imported.nbytes)


@pytest.mark.parametrize("link", [True, False])
def test_interruption_leaves_nothing(link: bool, source: Path, models: Path) -> None:
    """Whatever ends it; what a killed one left is in nobody's way."""

    def stop(done: int, total: int) -> None:
        if 2 * done > total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_folder(source, models / "mine", link=link, on_progress=stop)
    assert list(models.iterdir()) == []
    (models / ".mine.partial").mkdir()
    (models / ".mine.partial" / "model-00001-of-00002.safetensors").write_text("half")
    _import(source, models, link=link)
    assert [path.name for path in models.iterdir()] == ["mine"]
    assert (source / "model-00001-of-00002.safetensors").stat().st_size > 4


def _refuse_link(source: Path, target: Path) -> None:
    raise OSError(18, "Invalid cross-device link")


def test_no_room(source: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is copied; links need room for the small files only."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(importing.shutil, "disk_usage", lambda _: usage(10**9, 10**9, 20_000))
    with pytest.raises(ResourceError, match=r"the model needs 0 MiB and 0 MiB are free in .*models") as caught:
        _import(source, models, link=False)
    assert caught.value.code == "disk-full" and "or link the files" in caught.value.message
    assert list(models.iterdir()) == []
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", _refuse_link)
        with pytest.raises(ResourceError, match=r"free some space$"):
            _import(source, models, link=True)
    assert _import(source, models, link=True).is_linked


def test_disk_that_fills_up(source: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program took the room in the meantime."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResourceError, match=r"the disk is full\): free some space$") as caught:
        _import(source, models, link=False)
    assert caught.value.code == "disk-full"
    assert list(models.iterdir()) == []


def test_folder_that_cannot_be_written(source: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step that helps is named."""

    def refuse(_: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ResourceError, match=r"\(Read-only file system\): make .*models writable, or choose"):
        _import(source, models)


def test_head_of_its_own_is_told(models: Path, tmp_path: Path) -> None:
    """It is taken along, and not used."""
    head = TENSORS[EMBEDDING] + 1
    folder = write_checkpoint(tmp_path / "source", RAW, TENSORS | {HEAD: head})
    imported = import_folder(folder, models / "mine", link=False, on_progress=_quiet)
    assert [note.partition(":")[0] for note in imported.notes] == [f"{HEAD} differs from {EMBEDDING}"]


def test_what_cannot_be(source: Path, models: Path, tmp_path: Path) -> None:
    """A name that is taken, a folder that is not there, another layout, and no model."""
    (models / "mine").mkdir()
    with pytest.raises(UserError, match="exists already: give another name"):
        _import(source, models)
    with pytest.raises(UserError, match="is not a folder: make it first"):
        import_folder(source, tmp_path / "nowhere" / "mine", link=True, on_progress=_quiet)
    torch_file = write_deepmind(tmp_path / "torch" / "2b.pt", TENSORS, TRAITS)
    with pytest.raises(UserError, match="has the deepmind layout, not Hugging Face's: convert it instead"):
        import_folder(torch_file, models / "other", link=True, on_progress=_quiet)
    with pytest.raises(CheckpointError, match=r"holds no config\.json"):
        import_folder(models / "mine", models / "other", link=True, on_progress=_quiet)
    assert [path.name for path in models.iterdir()] == ["mine"]
