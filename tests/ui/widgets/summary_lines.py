"""Lines and sections for the tests of the Summary tab."""

from __future__ import annotations

from app.tasks.model import Citation, Line, SectionNotes


def cited(page: int, quote: str = "Dams hold water.") -> Citation:
    """A quote on a page."""
    return Citation(page, quote, 0, len(quote))


DAMS = Line("Dams hold water.", True, (cited(58), cited(57, "Dams hold"), cited(58, "water")))
MEDAL = Line("Halvorsen had <b>medals</b>.", False, (), ("Halvorsen", "a\nmedal"))


def section(number: int, lines: int = 2) -> SectionNotes:
    """Section `number` on its own page, each line resting on that page."""
    notes = tuple(
        Line(f"Line {k} of section {number} says something of some length.", True, (cited(number),))
        for k in range(lines)
    )
    return SectionNotes(number, f"Section {number}", number, number, notes)
