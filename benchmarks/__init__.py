"""Scripts that measure; each writes one file in benchmarks/results."""

import os

from app.core.threads import wait_passively

# Here, before any script imports torch, as app/__main__.py does for the program.
wait_passively(os.environ)
