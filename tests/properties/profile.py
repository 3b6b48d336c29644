"""How many examples each property is tried with: few and always the same in the suite, many new ones in the trial."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase

EXAMPLES = "GRIFFIN_DESK_EXAMPLES"
"""Examples for each property; where it is set, they are other ones with each seed (`--hypothesis-seed`)."""
KEPT = "GRIFFIN_DESK_EXAMPLES_KEPT"
"""A folder for counter-examples on the way to the smallest."""


def examples(quick: int, *, share: float = 1.0) -> settings:
    """The settings of a property: `quick` examples in the suite, `share` of the trial's number in the trial."""
    many = os.environ.get(EXAMPLES)
    slow = list(HealthCheck)  # texts and models are large, and files are made anew for each example
    if many is None:
        return settings(max_examples=quick, deadline=None, derandomize=True, database=None, suppress_health_check=slow)
    return settings(
        max_examples=max(1, round(int(many) * share)),
        deadline=None,
        database=DirectoryBasedExampleDatabase(Path(os.environ[KEPT])),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=slow,
        print_blob=True,
    )
