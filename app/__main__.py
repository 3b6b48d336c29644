"""`griffin-desk` and `python -m app`: the command line."""

from __future__ import annotations

import os
import sys

from app.core.threads import wait_passively


def main() -> int:
    """Run the command that the program was called with; returns its exit code."""
    wait_passively(os.environ)
    from app.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
