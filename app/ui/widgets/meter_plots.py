"""The measured half of the meters pane: figures of the newest second, and plots of the last minutes under them."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.amounts import count_text, rate_text, short_rate_text, short_size_text, size_text
from app.ui.models.meter_history import Meter, MeterHistory
from app.ui.theme import colours
from app.ui.widgets.figure import Figure

if TYPE_CHECKING:
    from app.ui.widgets.plots import TimePlot

SPANS_S = (120, 300, 600)
"""The plots show the shortest of these that holds what there is."""

INKS: dict[Meter, Callable[[], QColor]] = {
    Meter.READING: lambda: colours().reading,
    Meter.WRITING: lambda: colours().writing,
    Meter.RSS: lambda: colours().memory,
    Meter.GPU: lambda: colours().gpu,
    Meter.STATE: lambda: colours().state,
}
RATES = (Meter.READING, Meter.WRITING)
PLOTS: tuple[tuple[Meter, ...], ...] = ((Meter.READING,), (Meter.WRITING,), (Meter.RSS, Meter.GPU), (Meter.STATE,))
"""Each plot's lines."""
WIDEST_LABEL = "888 MiB"
"""Of an axis. All plots leave it the same room, for they share their time axis."""
LEAST_RATE = 10.0
MIB, GIB = 2.0**20, 2.0**30


class MeterPlots(QWidget):
    """Speed and memory. The figures are there at once, the plots after `make_plots`."""

    def __init__(self) -> None:
        super().__init__()
        names = {
            Meter.READING: self.tr("Reading"),
            Meter.WRITING: self.tr("Writing"),
            Meter.RSS: self.tr("Worker"),
            Meter.GPU: self.tr("GPU"),
            Meter.STATE: self.tr("State"),
        }
        self._figures = {meter: Figure(name, INKS[meter]) for meter, name in names.items()}
        self._figures[Meter.GPU].hide()
        self._slots = {meters: QVBoxLayout() for meters in PLOTS}
        self._plots: dict[tuple[Meter, ...], TimePlot] = {}
        self._since = (_small(), _small())
        self._states = _small()
        self._states.setWordWrap(True)
        self._lay_out()
        theme.signals().changed.connect(self._restyle)

    @property
    def has_plots(self) -> bool:
        """Whether `make_plots` was called."""
        return bool(self._plots)

    def figure(self, meter: Meter) -> Figure:
        """The large figure of a meter."""
        return self._figures[meter]

    def make_plots(self) -> None:
        """Load the plotting library and draw from now on: takes a third of a second the first time."""
        from app.ui.widgets.plots import TimePlot

        if self._plots:
            return
        for meters, slot in self._slots.items():
            label = short_rate_text if meters[0] in RATES else short_size_text
            plot = TimePlot([INKS[meter] for meter in meters], label, WIDEST_LABEL)
            plot.setAccessibleName(self.tr("Plot: {name}").format(name=self._figures[meters[0]].accessibleName()))
            slot.addWidget(plot)
            self._plots[meters] = plot
        self._restyle()

    def refresh(self, history: MeterHistory, state_nbytes: int) -> None:
        """Show the newest beat and what is kept of those before. state_nbytes: size of one state of the model."""
        self._show_figures(history, state_nbytes)
        if self._plots:
            self._show_plots(history, state_nbytes)

    def _lay_out(self) -> None:
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(4)
        self._add_block(body, (Meter.READING,))
        self._add_block(body, (Meter.WRITING,), self._since[0])
        body.addSpacing(8)
        heading = QLabel(self.tr("Memory"))
        heading.setProperty("role", "heading")
        body.addWidget(heading)
        self._add_block(body, (Meter.RSS, Meter.GPU))
        self._add_block(body, (Meter.STATE,), self._since[1])
        body.addWidget(self._states)

    def _add_block(self, body: QVBoxLayout, meters: tuple[Meter, ...], since: QLabel | None = None) -> None:
        for meter in meters:
            body.addWidget(self._figures[meter])
        body.addLayout(self._slots[meters])
        if since is not None:
            row = QHBoxLayout()
            row.addWidget(since, 1)
            row.addWidget(_small(self.tr("now")))
            body.addLayout(row)

    def _show_figures(self, history: MeterHistory, state_nbytes: int) -> None:
        newest = history.latest()
        for meter in RATES:
            self._figures[meter].set_value(rate_text(newest[meter]), self.tr("tokens/s"))
        for meter in (Meter.RSS, Meter.GPU):
            self._figures[meter].set_value(*size_text(newest[meter]).rsplit(" ", 1))
        self._figures[Meter.GPU].setVisible(history.largest(Meter.GPU) > 0)
        value, unit = size_text(state_nbytes).rsplit(" ", 1)
        self._figures[Meter.STATE].set_value(value, self.tr("{unit}, always").format(unit=unit))
        held = round(newest[Meter.STATE] / state_nbytes) if state_nbytes else 0
        self._states.setVisible(held > 1)
        text = self.tr("{count} states are held now: {size}")
        self._states.setText(text.format(count=count_text(held), size=size_text(newest[Meter.STATE])))

    def _show_plots(self, history: MeterHistory, state_nbytes: int) -> None:
        from app.ui.widgets.plots import round_top

        span = next((span for span in SPANS_S if history.seconds <= span), SPANS_S[-1])
        for since in self._since:
            since.setText(self.tr("{minutes} min ago").format(minutes=span // 60))
        for meters, plot in self._plots.items():
            series = [history.series(meter) for meter in meters]
            largest = max(history.largest(meter) for meter in meters)
            if meters == (Meter.STATE,):
                series, largest = [one_state(series[0], state_nbytes)], float(state_nbytes)
            if meters[0] in RATES:
                top = round_top(largest, least=LEAST_RATE)
            else:
                # From 800 MiB on a round number of MiB has four digits, for which the axis has no room.
                room = largest * 1.05
                top = round_top(room, least=MIB, unit=GIB if room > 800 * MIB else MIB)
            plot.show_series(series, top=top, span_s=span)
            plot.setAccessibleDescription(self._told(meters, top))

    def _told(self, meters: tuple[Meter, ...], top: float) -> str:
        """What a picture says, for those who do not see it."""
        shown = [figure for meter in meters if not (figure := self._figures[meter]).isHidden()]
        values = ", ".join(
            self.tr("{name}: {value}").format(name=figure.accessibleName(), value=figure.text) for figure in shown
        )
        label = rate_text(top) if meters[0] in RATES else size_text(top)
        return self.tr("{values}; the scale ends at {top}").format(values=values, top=label)

    def _restyle(self) -> None:
        for plot in self._plots.values():
            plot.restyle()
            for since in self._since:
                since.setIndent(plot.axis_width)


def one_state(held: array[float], state_nbytes: int) -> array[float]:
    """The size of one of the states held in each second; a second in which none was held is a gap."""
    nan = float("nan")
    return array("d", (value / max(1, round(value / state_nbytes)) if value > 0 else nan for value in held))


def _small(text: str = "") -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "small")
    return label
