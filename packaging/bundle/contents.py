"""What goes into the one-folder program: the packages that it needs, the parts of them that it uses, their licences."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROGRAM = "griffin-desk"
EXTRAS = ("ui", "dense")
"""Who has a finished program cannot add these later: search by meaning belongs in it."""
GPL_MODULES = ("readline", "dbm.gnu", "_gdbm")
"""Python's own, whose libraries are under the GPL; the program does without."""
NOT_TAKEN = ("pip",)
"""sqlite-utils asks for it, to install plugins of its own command."""
UNUSED_MODULES = ("tkinter", "pip")
"""What packages import where it is there, and the program never asks them for."""

UNUSED = (
    # torch's own tests and compilers
    *("torch/test/*", "torch/bin/[!t]*", "torch/bin/t[!o]*", "torch/include/*", "torch/share/*", "torch/lib/*.a"),
    # tests of others, and numba's threads by a library that is not here
    *("numba/tests/*", "llvmlite/tests/*", "numpy/*/tests/*", "numba/np/ufunc/tbbpool*"),
    # Qt: screens without a window system, Wayland by OpenGL (widgets are drawn in memory), GTK's looks, networks (the
    # window speaks to its own second start only)
    "PySide6/Qt/plugins/wayland-graphics-integration-client/*",
    *(f"PySide6/Qt/plugins/{folder}/*" for folder in ("egldeviceintegrations", "generic", "networkinformation", "tls")),
    *(
        f"PySide6/Qt/plugins/*/libq{name}.so"
        for name in ("eglfs", "gtk3", "linuxfb", "minimalegl", "vkkhrdisplay", "vnc")
    ),
    "PySide6/Qt/lib/libQt6EglF*",
    *("PySide6/Qt/translations/qt_help_*", "PySide6/Qt/translations/qtdeclarative_*"),
    *(
        "PySide6/Qt/translations/assistant_*",
        "PySide6/Qt/translations/designer_*",
        "PySide6/Qt/translations/linguist_*",
    ),
)
"""Patterns of paths inside the folder that are left out."""
SYSTEM_FOLDERS = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")
LICENCE_NAMES = re.compile(r"(?i)(licen[cs]e|copying|notice|authors|copyright)")
CODE = (".py", ".pyc", ".pyi", ".h", ".so")

Entry = tuple[str, str, str]
"""PyInstaller's: path inside the folder, file it comes from, kind."""


def distributions(name: str = PROGRAM, extras: Iterable[str] = EXTRAS) -> list[str]:
    """A package and all that it brings here, by the metadata of what is installed; names in canonical form."""
    found: dict[str, set[str]] = {}
    waiting = [(canonicalize_name(name), frozenset(extras))]
    while waiting:
        current, wanted = waiting.pop()
        try:
            requirements = metadata.requires(current) or []
        except metadata.PackageNotFoundError:
            continue  # one for another system or Python
        known = found.setdefault(current, set())
        if known >= {"", *wanted}:
            continue
        known |= {"", *wanted}
        for requirement in map(Requirement, requirements):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *wanted}):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return sorted(found.keys() - set(NOT_TAKEN))


def left_out(wanted: Iterable[str]) -> list[str]:
    """Top-level modules of what is installed here beside the wanted packages: tools, tests, other extras.

    So the folder holds the same, whatever the environment that it is made in holds.
    """
    names = set(wanted)
    return sorted(
        module
        for module, owners in metadata.packages_distributions().items()
        if not names & {canonicalize_name(owner) for owner in owners}
    )


def used(entries: Iterable[Entry]) -> list[Entry]:
    """Without the parts of packages that the program never touches."""
    return [entry for entry in entries if not any(fnmatch(entry[0].replace("\\", "/"), unused) for unused in UNUSED)]


def needed(entries: Sequence[Entry], imports: Callable[[str], Iterable[str]]) -> list[Entry]:
    """Without the system's libraries that only files asked for which are left out.

    Args:
        imports: a library's path -> names of the libraries that it asks the loader for.
    """
    kept = list(entries)
    cache: dict[str, frozenset[str]] = {}

    def asked_for(entry: Entry) -> frozenset[str]:
        if entry[1] not in cache:
            cache[entry[1]] = frozenset(imports(entry[1])) if entry[2] in ("BINARY", "EXTENSION") else frozenset()
        return cache[entry[1]]

    while True:
        asked = frozenset[str]().union(*(asked_for(entry) for entry in kept))
        fewer = [entry for entry in kept if not _is_systems(entry) or entry[0] in asked]
        if len(fewer) == len(kept):
            return kept
        kept = fewer


def systems_libraries(entries: Iterable[Entry]) -> list[str]:
    """Paths of those libraries that are copied from the system and not out of a package."""
    return [entry[1] for entry in entries if _is_systems(entry)]


def _is_systems(entry: Entry) -> bool:
    return entry[2] == "BINARY" and "/" not in entry[0] and entry[1].startswith(SYSTEM_FOLDERS)


# Licences


def keep_licences(folder: Path, wanted: Iterable[str], libraries: Iterable[str]) -> list[str]:
    """Copy the licence texts of packages and of the system's libraries into a folder; returns those without one.

    libraries: paths as systems_libraries gives them. Their texts are found where Debian's packages put them.
    """
    without = [name for name in wanted if not _keep_package(folder / name, name)]
    if not _keep_python(folder / "python"):
        without.append("python")
    for package, path in _debian_packages(libraries).items():
        if path.is_file():
            target = folder / "system" / package / "copyright"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        else:
            without.append(package)
    return without


def _keep_python(folder: Path) -> bool:
    base = Path(sys.base_prefix)  # on Windows the text lies there, elsewhere beside the standard library
    places = (base, base / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}")
    texts = [text for place in places for text in place.glob("LICENSE*") if text.is_file()]
    folder.mkdir(parents=True, exist_ok=True)
    for text in texts:
        shutil.copyfile(text, folder / text.name)
    return bool(texts)


def _keep_package(folder: Path, name: str) -> bool:
    # Below `licenses/` of the metadata any name may stand: BSD-3-Clause.txt.
    files = [file for file in metadata.files(name) or () if LICENCE_NAMES.search(str(file)) and file.suffix not in CODE]
    for file in files:
        if (path := Path(str(file.locate()))).is_file():
            target = folder / "-".join(file.parts[1:] if len(file.parts) > 1 else file.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return folder.is_dir()


def _debian_packages(libraries: Iterable[str]) -> Mapping[str, Path]:
    """Debian's package of each of the system's libraries -> its statement of licences; nothing on other systems."""
    found: dict[str, Path] = {}
    if shutil.which("dpkg-query") is None:
        return found
    for library in libraries:
        package = next(_owners(library), None)
        if package is not None:
            found[package] = Path("/usr/share/doc") / package / "copyright"
    return found


def _owners(library: str) -> Iterator[str]:
    # A file below /lib may be known to dpkg by that name or as /usr/lib, and by its own name or that of a link to it.
    paths = dict.fromkeys((library, str(Path(library).resolve())))
    for path in [*paths, *(other.removeprefix("/usr") for other in paths)]:
        done = subprocess.run(["dpkg-query", "--search", path], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            yield done.stdout.partition(":")[0]
