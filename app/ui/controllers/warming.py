"""What takes a tenth of a second once is done in the window's first seconds, before anybody waits for it.

Loading a library or a network holds all of Python, whichever thread does it: later it would stop the window.
"""

from __future__ import annotations

import importlib

from app.ui.code_colours import coloured
from app.ui.job import Task
from app.ui.jobs import Jobs, Lane
from app.ui.views.meters import MetersView


def warm_up(jobs: Jobs, meters: MetersView) -> None:
    """Begin; returns at once. What fails here fails again, and is told, when it is needed."""

    def search(task: Task[None]) -> None:
        task.desk.search.warm_up()

    def colours(task: Task[None]) -> None:
        coloured("answer = 42", "python")

    def plots(task: Task[None]) -> None:
        # Importing it makes no object of Qt's, so that any thread may.
        importlib.import_module("app.ui.widgets.plots")

    jobs.submit(Lane.COVERS, plots, done=lambda _: meters.load_plots())
    jobs.submit(Lane.TALK, search)
    jobs.submit(Lane.QUICK, colours)
