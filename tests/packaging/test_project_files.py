"""The files that others work by: the Makefile's targets, the hooks, the workflow, the forms and the two guides."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # part of the program: huggingface-hub needs it

ROOT = Path(__file__).resolve().parent.parent.parent
GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)


def load(path: Path) -> Any:
    """A YAML file's content."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the checkout, without what a make around the tests would hand down."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    around = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "ARGS")}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True, check=False)


# The Makefile


def test_make_lists_its_targets() -> None:
    """`make` alone and `make help` name every target once, each with a few words."""
    shown = make("help")
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = [line.split(maxsplit=2) for line in shown.stdout.splitlines() if line.startswith("  make ")]
    assert [line[1] for line in lines] == TARGETS
    assert all(len(line) == 3 for line in lines)
    assert make().stdout == shown.stdout


def test_every_target_is_listed_and_no_file() -> None:
    """Each has its words behind `##`, and is made whether or not a file of its name exists."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r"^([a-z][a-z-]*):(?!=)", text, flags=re.MULTILINE) == TARGETS
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)$", text, flags=re.MULTILINE)
    assert phony is not None
    assert sorted(phony[1].replace("\\\n", " ").split()) == sorted(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_calls_what_is_there(target: str) -> None:
    """A dry run works, and every script and module that it would call exists."""
    planned = make("-n", target)
    assert (planned.returncode, planned.stderr) == (0, "")
    scripts = set(re.findall(r"(?<![\w./])(?:\./)?(packaging/[\w./-]+)", planned.stdout))
    assert [name for name in sorted(scripts) if not (ROOT / name).is_file()] == []
    for module in re.findall(r"-m (tests[\w.]*|benchmarks[\w.]*)", planned.stdout):
        assert (ROOT / module.replace(".", "/")).is_dir()


def test_arguments_are_handed_on() -> None:
    """ARGS stands at the end of the command, as it was written."""
    assert make("-n", "test", "ARGS=tests/core -x").stdout == "./packaging/setup/run-tests tests/core -x\n"


# Hooks and workflow


def commands_of(entry: str) -> list[str]:
    """The parts of a command that are files of the checkout or of its environment."""
    return [part for part in shlex.split(entry) if "/" in part and not part.startswith("-")]


def test_hooks_are_the_projects_own_commands() -> None:
    """Nothing is cloned from elsewhere; what a hook calls is there, and what it comes from is one version."""
    hooks = [hook for repo in load(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert {repo["repo"] for repo in load(ROOT / ".pre-commit-config.yaml")["repos"]} == {"local"}
    assert {"ruff", "ruff-format", "lint-imports", "readme-tree", "translations", "large-files"} <= {
        hook["id"] for hook in hooks
    }
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= hook.keys()
        assert hook["language"] in ("system", "python")
        for name in commands_of(hook["entry"]):
            here = Path(sys.executable).parent / Path(name).name if name.startswith(".venv/bin/") else ROOT / name
            assert here.is_file(), f"{hook['id']} calls {name}"
        assert all("==" in needed for needed in hook.get("additional_dependencies", []))
        for pattern in (hook.get("files"), hook.get("exclude")):
            assert pattern is None or re.compile(pattern)


def test_the_weights_are_the_only_large_files() -> None:
    """What the hook would refuse is not in the repository already: 500 KiB, but for the resources."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    names = [name.decode() for name in listed.split(b"\0") if name]
    large = [name for name in names if (ROOT / name).is_file() and (ROOT / name).stat().st_size > 500 * 1024]
    assert [name for name in large if not name.startswith("resources/")] == []


def test_the_workflow_runs_what_everyone_runs() -> None:
    """Both test commands, on the oldest Python that is supported; actions by major version; no right to write."""
    text = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    run = [step["run"] for step in steps if "run" in step]
    assert run == ["./packaging/setup/run-tests", "./packaging/setup/run-headless-tests"]
    assert all(os.access(ROOT / command, os.X_OK) for command in run)
    used = [step["uses"] for step in steps if "uses" in step]
    assert used and all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", name) for name in used)
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    versions = {step["with"]["python-version"] for step in steps if "python-version" in step.get("with", {})}
    assert versions == {oldest.removeprefix(">=")}
    assert all(job["runs-on"].startswith("ubuntu-") and job["timeout-minutes"] for job in workflow["jobs"].values())
    assert workflow["permissions"] == {"contents": "read"}
    # YAML 1.1 reads the key `on` as true.
    assert {"push", "pull_request"} <= workflow[True].keys()


def test_the_environments_are_not_tracked() -> None:
    """Both folders of packages are ignored, at the root and by name."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    script = (ROOT / "packaging" / "setup" / "run-headless-tests").read_text(encoding="utf-8")
    assert "GRIFFIN_DESK_VENV=.venv-headless" in script
    assert {".venv/", ".venv-headless/"} <= set(ignored)


# Forms

TOP_KEYS = {"name", "description", "title", "labels", "assignees", "projects", "type", "body"}
ATTRIBUTES = {
    "markdown": {"value"},
    "textarea": {"label", "description", "placeholder", "value", "render"},
    "input": {"label", "description", "placeholder", "value"},
    "dropdown": {"label", "description", "multiple", "options", "default"},
    "checkboxes": {"label", "description", "options"},
}
"""What GitHub's form schema allows, by the type of an element."""


def form_faults(form: Mapping[str, Any]) -> list[str]:
    """What GitHub would refuse a form for."""
    found = [f"no {key}" for key in ("name", "description", "body") if not form.get(key)]
    found += [f"unknown key {key}" for key in sorted(form.keys() - TOP_KEYS)]
    elements = form.get("body") or []
    if all(element.get("type") == "markdown" for element in elements):
        found.append("nothing to fill in")
    for field in ("id", "label"):
        values = [e.get("id") if field == "id" else e.get("attributes", {}).get("label") for e in elements]
        given = [value for value in values if value is not None]
        found += [f"{field} {value} twice" for value in sorted(set(given)) if given.count(value) > 1]
    for number, element in enumerate(elements):
        found += [f"element {number}: {fault}" for fault in element_faults(element)]
    return found


def element_faults(element: Mapping[str, Any]) -> list[str]:
    """What is wrong with one element of a form."""
    kind, attributes = element.get("type"), element.get("attributes") or {}
    if kind not in ATTRIBUTES:
        return [f"unknown type {kind}"]
    found = [f"unknown attribute {name}" for name in sorted(attributes.keys() - ATTRIBUTES[kind])]
    needed = {"markdown": ("value",), "dropdown": ("label", "options"), "checkboxes": ("label", "options")}
    found += [f"no {name}" for name in needed.get(kind, ("label",)) if not attributes.get(name)]
    found += [f"{name} is no text" for name, value in attributes.items() if name in TEXTS and not _is_text(value)]
    if kind == "dropdown":
        options = attributes.get("options") or []
        found += [f"option {value} is no text" for value in options if not _is_text(value)]
        found += ["an option twice"] if len(set(map(str, options))) != len(options) else []
    if kind != "markdown" and not re.fullmatch(r"[A-Za-z0-9_-]+", element.get("id", "")):
        found.append("no id")
    if not isinstance(element.get("validations", {}).get("required", False), bool):
        found.append("required is neither true nor false")
    return found


TEXTS = ("label", "description", "placeholder", "value", "render")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one(path: Path) -> None:
    """GitHub would take it."""
    assert form_faults(load(path)) == []


def test_the_forms_there_are() -> None:
    """A bug with what doctor says, a document that reads badly, a wish; each name once."""
    assert [path.stem for path in FORMS] == ["bug", "document", "feature"]
    assert len({load(path)["name"] for path in FORMS}) == 3
    doctor = next(e for e in load(FORMS[0])["body"] if "griffin-desk doctor" in e["attributes"].get("label", ""))
    assert doctor["validations"] == {"required": True} and doctor["attributes"]["render"] == "text"
    config = load(GITHUB / "ISSUE_TEMPLATE" / "config.yml")
    assert config.keys() <= {"blank_issues_enabled", "contact_links"}
    assert isinstance(config["blank_issues_enabled"], bool)


def test_faults_of_a_form_are_seen() -> None:
    """Each of them by its name."""
    assert form_faults({"name": "a", "description": "b", "body": [{"type": "markdown", "attributes": {}}]}) == [
        "nothing to fill in",
        "element 0: no value",
    ]
    asked = {"type": "dropdown", "id": "a", "attributes": {"label": "A", "options": [True, "x", "x"]}}
    twice = {"type": "input", "id": "a", "attributes": {"label": "A", "rows": 3}, "validations": {"required": "yes"}}
    assert form_faults({"name": "a", "body": [asked, twice, {"type": "date"}], "extra": 1}) == [
        "no description",
        "unknown key extra",
        "id a twice",
        "label A twice",
        "element 0: option True is no text",
        "element 0: an option twice",
        "element 1: unknown attribute rows",
        "element 1: required is neither true nor false",
        "element 2: unknown type date",
    ]


# Guides


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", ".github/pull_request_template.md"])
def test_a_guide_names_what_exists(name: str) -> None:
    """Its links, the files that it names and its make targets are there; it stays short."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 90
    links = [target.split("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    quoted = re.findall(r"`((?:app|docs|packaging|tests|benchmarks|resources|\.ci|\.github)/[\w./-]+)`", text)
    examples = {"app/x/y.py", "tests/x/test_y.py"}
    gone = [target for target in [*links, *quoted] if target not in examples and not (ROOT / target).exists()]
    assert gone == []
    for line in re.findall(r"(?:^|`)make ([^`#\n]+)", text, flags=re.MULTILINE):
        assert {word for word in line.split() if "=" not in word and re.fullmatch(r"[a-z-]+", word)} <= set(TARGETS)
