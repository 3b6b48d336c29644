"""Keep the README's tree of files true: `python packaging/readme_tree.py` rewrites it, `--check` only compares.

A Python file's line is the first sentence of its docstring, so the description lives in the file and nowhere else.
Package `__init__.py` files that hold nothing have no line.
"""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- tree: made by packaging/readme_tree.py -->\n```text\n", "```\n<!-- end of tree -->\n"

FOLDERS = {
    "app": "the program; a layer imports only what stands below it: ui, cli > services > tasks, worker, retrieval >"
    " documents, inference, storage > core",
    "app/cli": "the command line",
    "app/core": "errors, settings, paths, log",
    "app/documents": "a file's bytes to a Document and its passages; no Qt, torch or SQL",
    "app/documents/readers": "one file per format",
    "app/inference": "token ids to token ids; no Qt or SQL",
    "app/inference/bench": "speed and memory at many lengths, beside the machine's own limits",
    "app/inference/checkpoints": "weight files to a model",
    "app/inference/quantize": "rounding of weights to int4",
    "app/inference/cuda": "Triton passes for NVIDIA GPUs",
    "app/inference/cuda/kernels": "Triton kernels",
    "app/inference/tokenizers": "text to token ids and back",
    "app/retrieval": "a query to ranked passages",
    "app/services": "what the command line and the window call",
    "app/services/hub": "models from the Hugging Face hub",
    "app/storage": "the SQLite store",
    "app/storage/migrations": "the schema's history",
    "app/tasks": "passages and a text generator to summaries, answers and chat",
    "app/ui": "the window; the only importer of Qt",
    "app/ui/controllers": "what joins views to services: a request down, its results up",
    "app/ui/dialogs": "settings, password, shortcuts, palette",
    "app/ui/models": "lists and searches behind the views",
    "app/ui/views": "the rooms of the window and its sidebar",
    "app/ui/widgets": "the parts that views are made of",
    "app/worker": "the processes for the model and for parsing",
}
"""What each folder under app/ is for."""

OTHERS = {
    "benchmarks/": "what measures speed and quality; results/ holds the figures as JSON",
    "docs/": "how it is built, and how to add to it",
    "packaging/": "set-up, locked versions and their licences, the sample document, this tree",
    "resources/": "starter model, prompts, sample document; part of the wheel",
    "tests/": "mirrors app/",
}


def describe(path: Path) -> str:
    """The first sentence of a Python file's docstring, no more than a line of it; "" where there is none."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.split("\n", 1)[0].split(". ", 1)[0].strip().removesuffix(".")


def source_files(root: Path) -> list[Path]:
    """Every Python file of app/ with something in it."""
    return sorted(
        path
        for path in (root / "app").rglob("*.py")
        if path.name != "__init__.py" or path.read_text(encoding="utf-8").strip()
    )


def tree(root: Path) -> str:
    """The tree as text: folders in order, each followed by its files, one line each."""
    files = source_files(root)
    folders = sorted({parent for path in files for parent in path.parents if parent.is_relative_to(root / "app")})
    lines = []
    for folder in folders:
        name = folder.relative_to(root).as_posix()
        depth = name.count("/")
        lines.append(f"{'  ' * depth}{folder.name + '/':<{28 - 2 * depth}} {FOLDERS.get(name, '')}".rstrip())
        lines += [
            f"{'  ' * (depth + 1)}{path.name:<{26 - 2 * depth}} {describe(path)}".rstrip()
            for path in files
            if path.parent == folder
        ]
    lines += [f"{name:<28} {text}" for name, text in OTHERS.items()]
    return "\n".join(lines) + "\n"


def with_tree(readme: str, text: str) -> str:
    """The README with the part between the two markers replaced."""
    before, rest = readme.split(BEGIN, 1)
    return before + BEGIN + text + END + rest.split(END, 1)[1]


def main() -> int:
    """Rewrite or check README.md; 1 when a check finds it out of date."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    readme = ROOT / "README.md"
    old = readme.read_text(encoding="utf-8")
    new = with_tree(old, tree(ROOT))
    if parser.parse_args().check:
        return int(old != new)
    readme.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
