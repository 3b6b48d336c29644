"""What changing to another model costs, said before it is done."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from app.inference.fit import Verdict
from app.ui.amounts import rate_text, rough_duration_text, size_text
from app.ui.dialogs.models_page import StepPage
from app.ui.models.model_row import ModelRow, Use
from app.ui.models.model_words import FIT_ROLES, fit_icon, fit_text
from app.ui.widgets.icon_words import IconWords

TOKENS_PER_PAGE = 500
"""Of an ordinary page of English, about."""
PAGES = 100


@dataclass(frozen=True, slots=True)
class SwitchCost:
    """What there is that a change of the model touches. longest: of the documents that were read; "" for none."""

    model_in_use: str
    is_busy: bool
    documents_read: int = 0
    longest_title: str = ""
    longest_pages: int = 0


class UsePage(StepPage):
    """Says it in sentences; the button does it. Wishes: Use."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.main.setText(self.tr("Use it"))
        self._name = ""
        self._fit = IconWords()
        self.column.addWidget(self._fit)
        self._lines = self.say()
        self.column.addStretch(1)
        self.main.clicked.connect(lambda: self.wished.emit(Use(self._name)))

    def show_cost(self, row: ModelRow, cost: SwitchCost) -> None:
        """Of using this model in place of the one in use."""
        entry, fit = row.entry, row.entry.fit
        self._name = entry.name
        self.heading.setText(self.tr("Use {model}?").format(model=entry.title))
        misfit = fit is not None and fit.verdict is not Verdict.FITS
        if fit is not None and misfit:
            words = ": ".join((fit_text(fit), "; ".join(fit.reasons[:2])))
            self._fit.show_words(fit_icon(fit), words, FIT_ROLES[fit.verdict])
        self._fit.setVisible(misfit)
        rate = None if fit is None else fit.read_tokens_per_second
        self._lines.setText("\n\n".join(self._sentences(entry.nbytes, cost, rate)))

    def _sentences(self, nbytes: int, cost: SwitchCost, rate: float | None) -> list[str]:
        told = [self.tr("It is loaded anew: {size} from the disk.").format(size=size_text(nbytes))]
        if cost.is_busy:
            told.append(self.tr("What is being read or answered now stops; a summary can be gone on with."))
        told.append(
            self.tr(
                "Conversations and summaries stay. Saved states belong to the model that made them: a conversation or "
                "a document is read again when you go on with it. The states of {model} are kept for the way back."
            ).format(model=cost.model_in_use)
        )
        if rate is None:
            told.append(self.tr("How long that takes is not known until this machine has been measured."))
            return told
        told.append(
            self.tr("Reading {pages} pages takes about {time}, at {rate} tokens/s.").format(
                pages=PAGES, time=_time(PAGES, rate), rate=rate_text(rate)
            )
        )
        if cost.longest_title:
            told.append(
                self.tr(
                    "%Ln document(s) have been read; the longest, {title}, takes about {time}.", "", cost.documents_read
                ).format(title=cost.longest_title, time=_time(cost.longest_pages, rate))
            )
        return told


def _time(pages: int, rate: float) -> str:
    return rough_duration_text(pages * TOKENS_PER_PAGE / rate)
