"""Files that the system hands to the running program."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

PROGRAM = """
import sys
from PySide6.QtCore import QEvent, QUrl
from PySide6.QtGui import QFileOpenEvent
from app.ui.file_open import FileOpeningApplication

application = FileOpeningApplication(["test"])
heard = []
application.files_opened.connect(heard.append)
for address in (QUrl.fromLocalFile(sys.argv[1]), QUrl("https://example.org/paper.pdf")):
    FileOpeningApplication.sendEvent(application, QFileOpenEvent(address))
FileOpeningApplication.sendEvent(application, QEvent(QEvent.Type.ApplicationPaletteChange))
print(heard)
"""


def test_a_file_is_heard_of(tmp_path: Path) -> None:
    """A file's path is told once; an address that is no file, and other events, are not. One application a process."""
    path = tmp_path / "Bericht über Wälder.pdf"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == f"[({path!r},)]\n"
