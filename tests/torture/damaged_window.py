"""The window begins with damaged places: `python -m tests.torture.damaged_window FOLDER SEED COUNT`.

One line of JSON for each file of places that it was given.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from app.ui.main_window import MainWindow
from app.ui.window_state import WindowState
from tests.torture.damaged_states import small_bytes


def main() -> None:
    """See the module's docstring."""
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    application = QApplication([])
    file = folder / "griffin-desk" / "window.ini"
    sound = b""
    for number in range(-1, count):
        name = "sound"
        if number >= 0:
            name, data = small_bytes(sound, "window", seed, number)
            file.write_bytes(data)
        faults = []
        state = WindowState()
        try:
            window = MainWindow(state)
            window.show()
            application.processEvents()
            state.words("commands")
            state.save_words("commands", ["open", "home"])
            window.close()
            state.flush()
            window.deleteLater()
            application.processEvents()
        except BaseException as error:
            faults.append(f"{type(error).__name__}: {error}"[:200])
        if number < 0:
            sound = file.read_bytes()
        elif WindowState().words("commands") != ("open", "home"):
            faults.append("nothing is kept any more")
        print(json.dumps({"what": name, "how": "shown", "faults": faults}), flush=True)


if __name__ == "__main__":
    main()
