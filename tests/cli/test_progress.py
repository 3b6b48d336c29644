from __future__ import annotations

import io

from app.cli.progress import BarReport, LineReport, progress_report


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_lines_come_now_and_then() -> None:
    """At most one line in ten seconds; speed since the first token, time left from it."""
    stream, clock = io.StringIO(), Clock()
    with LineReport(stream, clock) as report:
        clock.seconds = 5.0
        report.reading(1, 100, 1000, 401_000)
        clock.seconds = 9.0
        report.reading(2, 100, 1500, 401_000)
        report.part(1, 40)
        clock.seconds = 15.0
        report.reading(3, 100, 2000, 401_000)
        clock.seconds = 16.0
        report.reading(3, 100, 2100, 401_000)
    assert stream.getvalue() == (
        "reading: page 3 of 100, 2,000 of 401,000 tokens, 100 tokens/s, 1:06:30 left, 1 of 40 sections written\n"
    )


def test_opening_a_file_is_reported_too() -> None:
    """A slow file says which page it is at."""
    stream, clock = io.StringIO(), Clock()
    report = LineReport(stream, clock)
    report.parsing(1, 500)
    clock.seconds = 12.0
    report.parsing(200, 500)
    report.say("a line that stays")
    assert stream.getvalue() == "opening: page 200 of 500\na line that stays\n"


def test_bar_on_a_terminal() -> None:
    """On a terminal pages, tokens and sections are in the bar, and lines that stay survive it."""
    stream = Terminal()
    report = progress_report(stream, Clock())
    assert isinstance(report, BarReport)
    with report:
        report.parsing(5, 10)
        report.reading(7, 10, 1234, 5678)
        report.part(2, 3)
        report.say("kept")
    shown = stream.getvalue()
    assert "page 7/10" in shown
    assert "1,234/5,678 tokens" in shown
    assert "2/3 sections written" in shown
    assert "kept" in shown


def test_a_reading_counts_its_parts() -> None:
    """Where nothing is written, parts that are read are told."""
    stream, clock = io.StringIO(), Clock()
    report = LineReport(stream, clock)
    report.part_read(2, 7)
    clock.seconds = 11.0
    report.reading(3, 9, 100, 1000)
    assert stream.getvalue() == "reading: page 3 of 9, 100 of 1,000 tokens, 2 of 7 parts read\n"
    terminal = Terminal()
    with progress_report(terminal, clock) as bar:
        bar.reading(3, 9, 100, 1000)
        bar.part_read(2, 7)
    assert "Reading, 2/7 parts read" in terminal.getvalue()


def test_indexing_names_the_document() -> None:
    """Now and then a line; in a bar a long title leaves room for the numbers, and brackets in it are no markup."""
    stream, clock = io.StringIO(), Clock()
    report = LineReport(stream, clock)
    report.indexing("1 of 2, Rivers", 500, 1000)
    clock.seconds = 11.0
    report.indexing("2 of 2, Dams", 1500, 20000)
    assert stream.getvalue() == "indexing 2 of 2, Dams: 1,500 of 20,000 passages\n"
    for title in ("[/bold] [red]Dams", "Dams" * 100, "水" * 100):
        terminal = Terminal()
        with progress_report(terminal, clock) as bar:
            bar.indexing(f"2 of 2, {title}", 1500, 20000)
        assert f"Indexing 2 of 2, {title[:12]}" in terminal.getvalue()
        assert "1,500/20,000 passages" in terminal.getvalue()


def test_lines_elsewhere() -> None:
    """A pipe or a file gets lines."""
    assert isinstance(progress_report(io.StringIO(), Clock()), LineReport)
