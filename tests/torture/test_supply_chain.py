"""The trial of what the program is made of: it says broken where something is."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.torture import supply_chain


def test_an_audit_that_nobody_answered_is_not_called_clean() -> None:
    """Skipped packages are no clean packages: the row claims nothing and says so."""
    row = supply_chain.judged({"leaf": None}, {"leaf": "1.0", "twig": "2.0"}, "no answer")
    assert (row.figures["answered"], "not audited: no answer" in row.found) == (0, True)
    assert row.held is None


def test_an_audit_with_a_finding_or_a_gap_is_broken() -> None:
    """Held is a row only with an answer for every package and no finding."""
    versions = {"leaf": "1.0", "twig": "2.0"}
    outcomes = {
        "clean": supply_chain.judged({"leaf": [], "twig": []}, versions, ""),
        "weak": supply_chain.judged({"leaf": ["PYSEC-1"], "twig": []}, versions, ""),
        "gap": supply_chain.judged({"leaf": [], "twig": None}, versions, ""),
    }
    assert {name: row.held for name, row in outcomes.items()} == {"clean": True, "weak": False, "gap": False}
    assert "leaf PYSEC-1" in outcomes["weak"].found and "no answer: twig" in outcomes["gap"].found


def test_what_pip_audit_says(tmp_path: Path) -> None:
    """Its JSON: advisories by package, None for what it skipped; a source that fails gives nothing."""
    audit = tmp_path / "pip-audit"
    audit.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        "if 'osv' in sys.argv: sys.exit(1)\n"
        "print(json.dumps({'dependencies': [{'name': 'leaf', 'version': '1', 'vulns': [{'id': 'GHSA-1'}]},"
        " {'name': 'twig', 'skip_reason': 'not found'}]}))\n"
    )
    audit.chmod(0o755)
    locks = [tmp_path / "lock.txt"]
    assert supply_chain.asked(str(audit), "pypi", locks) == {"leaf": ["GHSA-1"], "twig": None}
    assert supply_chain.asked(str(audit), "osv", locks) == {}


def test_other_versions_than_the_locked_are_named(tmp_path: Path) -> None:
    """A lock is read as pip reads it; what is not installed is no difference."""
    (tmp_path / "a.txt").write_text(
        "# made\npytest==0.1 \\\n    --hash=sha256:0\nnot-there==1 ; python_version > '3'\n"
    )
    versions = supply_chain.locked_versions(tmp_path)
    assert versions == {"pytest": "0.1", "not-there": "1"}
    assert [line.split()[0] for line in supply_chain.differing(versions)] == ["pytest"]


def test_the_lock_row_holds_here(tmp_path: Path) -> None:
    """The real locks, and a real pip that leaves a changed file out."""
    row = supply_chain.lock(tmp_path)
    assert "a changed file is refused" in row.found and "the locks fit" in row.found


def test_a_failing_check_breaks_a_row(tmp_path: Path) -> None:
    """What a script says on its way out stands in the row."""
    script = tmp_path / "script.py"
    script.write_text("import sys\nsys.exit('leaf: no licence')\n")
    assert supply_chain.check(script) == (1, "leaf: no licence")
