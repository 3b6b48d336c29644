"""An importing program for hostile files: `python -m tests.torture.hostile_importing bare ORDER.json`.

It imports nothing of its own at the top, like the program's own entry point.
"""

import sys


def main(order: str) -> None:
    """Import what an order names."""
    from pathlib import Path

    from tests.torture.hostile_import import bring_all_in
    from tests.torture.import_lines import Order

    bring_all_in(Order.read(Path(order)))


if __name__ == "__main__":
    main(sys.argv[2])
