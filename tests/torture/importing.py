"""An importing program: `python -m tests.torture.importing window|bare ORDER.json`.

It imports nothing of its own at the top, like the program's own entry point: every parser that is spawned loads this
module first, and must be as light as in earnest.
"""

import sys


def main(way: str, order: str) -> None:
    """Import what an order names."""
    from pathlib import Path

    from tests.torture.import_lines import Order

    if way == "window":
        from tests.torture.window_import import bring_all_in
    else:
        from tests.torture.bare_import import bring_all_in
    bring_all_in(Order.read(Path(order)))


if __name__ == "__main__":
    main(*sys.argv[1:])
