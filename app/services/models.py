"""Which models there are, and which one a name or a path means. Looks at files only: nothing is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.core.errors import CheckpointError, UserError
from app.inference.checkpoints.companions import companions
from app.inference.checkpoints.weight_files import FILE_LAYOUTS, SAFETENSORS, is_orbax
from app.inference.config import CONFIG_FILE, BlockType, config_from_json, read_config_json
from app.inference.generator import ModelInfo
from app.inference.manifest import MANIFEST
from app.services.catalogue import published
from app.services.codec import dumps, model_info_loads
from app.services.model_shapes import ModelShape, is_another_layout, read_shape
from app.storage.known_models import KnownModelStore

STARTER_NAME = "starter"
_WEIGHT_SUFFIXES = (SAFETENSORS, *FILE_LAYOUTS)


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model on this machine."""

    name: str
    path: Path
    """A folder; or one file of weights, with what belongs to it beside it."""
    origin: str
    """bundled, data folder or path."""

    @property
    def called(self) -> str:
        """Its file's or folder's name without what says how it is stored."""
        return self.path.name if self.path.is_dir() else self.path.stem

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return self.path if self.path.is_dir() else self.path.parent

    def files(self) -> list[Path]:
        """What the model is made of, in order of name."""
        if not self.path.is_dir():
            # It may lie among anything.
            config = [file for file in (self.folder / CONFIG_FILE,) if file.is_file()]
            return sorted([self.path, *config, *companions(self.folder)])
        files = self.path.rglob("*") if _holds_orbax(self.path) else self.path.iterdir()
        return sorted(file for file in files if file.is_file())

    @property
    def nbytes(self) -> int:
        """Bytes of all files together, or of the one file that it is."""
        files = self.files() if self.path.is_dir() else [self.path]
        return sum(file.stat().st_size for file in files)


class ModelService:
    """The bundled starter model, the folders under `<data folder>/models`, and any path."""

    def __init__(self, *, bundled: Path, models_dir: Path, known: KnownModelStore, now: Callable[[], float]) -> None:
        self._bundled = bundled
        self._models_dir = models_dir
        self._known = known
        self._now = now

    def installed(self) -> list[InstalledModel]:
        """All models that have a name, the bundled one first."""
        return installed_models(self._bundled, self._models_dir)

    def resolve(self, name_or_path: str) -> InstalledModel:
        """The model meant; see `resolve_model`."""
        return resolve_model(name_or_path, self._bundled, self._models_dir)

    def shape_of(self, model: InstalledModel) -> ModelShape | None:
        """What its files are, None where they are not in Hugging Face's layout. CheckpointError where damaged."""
        return read_shape(model.path)

    def last_known(self, model: InstalledModel, *, device: str, weight_format: str) -> ModelInfo | None:
        """What these very files were when they were last loaded with these options; None when that is not known."""
        text = self._known.find(file_signature(model, device=device, weight_format=weight_format))
        try:
            return model_info_loads(text) if text else None
        except (TypeError, ValueError):  # kept by a version of this program that knew other facts of a model
            return None

    def remember(self, model: InstalledModel, info: ModelInfo, *, device: str, weight_format: str) -> None:
        """Keep what the files turned out to be."""
        signature = file_signature(model, device=device, weight_format=weight_format)
        self._known.remember(signature, dumps(asdict(info)), now=self._now())


def installed_models(bundled: Path, models_dir: Path) -> list[InstalledModel]:
    """The bundled model first, then the folders of the user's models in order of name."""
    found = [InstalledModel(STARTER_NAME, bundled, "bundled")] if looks_like_model(bundled) else []
    if models_dir.is_dir():
        found += [
            InstalledModel(folder.name, folder, "data folder")
            for folder in sorted(models_dir.iterdir())
            # Names with a dot in front are those of work that is not finished.
            if not folder.name.startswith(".") and folder.name != STARTER_NAME and looks_like_model(folder)
        ]
    return found


def resolve_model(name_or_path: str, bundled: Path, models_dir: Path) -> InstalledModel:
    """A name wins over a path of the same spelling. UserError: unknown; CheckpointError: no model there."""
    models = installed_models(bundled, models_dir)
    for model in models:
        if model.name == name_or_path:
            return model
    path = Path(name_or_path).expanduser()
    if name_or_path and path.exists():
        path = path.absolute()
        for model in models:
            if model.path == path:
                return model
        if not looks_like_model(path):
            raise CheckpointError(
                f"{path} is no model: expected a folder with config.json and *.safetensors, or DeepMind's .pt file",
                code="not-a-model",
            )
        return InstalledModel(path.name, path, "path")
    if (known := published(name_or_path)) is not None:
        raise UserError(
            f"{known.name} is not on this machine: get it with `griffin-desk models pull {known.repository}`, "
            "or in the window under Models",
            code="model-not-here",
        )
    raise UserError(
        f"unknown model {name_or_path!r}; known are {', '.join(m.name for m in models) or 'none'}, "
        f"or give a path, or put a model's folder into {models_dir}",
        code="unknown-model",
    )


def looks_like_model(path: Path) -> bool:
    """Whether it is worth asking the engine, which says what is missing: weights, or a folder with them,
    a config or the record of its files."""
    try:
        if path.is_file():
            return path.suffix in _WEIGHT_SUFFIXES
        known = any(file.name in (CONFIG_FILE, MANIFEST) or file.suffix in _WEIGHT_SUFFIXES for file in path.iterdir())
        return known or _holds_orbax(path)
    except OSError:  # a folder that may not be looked into must not hide the others
        return False


def _holds_orbax(folder: Path) -> bool:
    """Whether it or a folder in it is a checkpoint of Orbax's; as published, the tokenizer lies beside the numbers."""
    return is_orbax(folder) or any(is_orbax(inner) for inner in folder.iterdir())


def file_signature(model: InstalledModel, *, device: str, weight_format: str) -> str:
    """SHA-256 over the files' names, sizes and times of change, and the options they are loaded with."""
    facts = [device, weight_format, str(model.path)]
    for file in model.files():
        status = file.stat()
        facts.append(f"{file.name} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(facts).encode("utf-8", "surrogateescape")).hexdigest()


def describe_model(model: InstalledModel) -> dict[str, Any]:
    """Name, place, size and, where there is a config.json, the architecture. CheckpointError when that is damaged."""
    facts: dict[str, Any] = {
        "name": model.name,
        "path": str(model.path),
        "origin": model.origin,
        "nbytes": model.nbytes,
    }
    if (model.path / CONFIG_FILE).is_file() and not is_another_layout(model.path):
        config = config_from_json(read_config_json(model.path))
        facts |= {
            "layers": len(config.block_types),
            "recurrent_layers": sum(block is BlockType.RECURRENT for block in config.block_types),
            "attention_layers": sum(block is BlockType.ATTENTION for block in config.block_types),
            "width": config.width,
            "window_tokens": config.window_tokens,
            "vocab_size": config.vocab_size,
        }
    return facts
