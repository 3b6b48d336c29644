"""Where the one-folder program begins: its own process, and each one that it starts."""

import sys
from multiprocessing import freeze_support

if __name__ == "__main__":
    # A frozen program has no Python to start a child with: it starts itself, and this line tells the two apart.
    freeze_support()
    from app.__main__ import main, window

    # On Windows and macOS a click starts an executable of another name, which has no console.
    sys.exit(window() if sys.argv[0].lower().removesuffix(".exe").endswith("window") else main())
