"""The column of pages on the screen."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QColor, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.services.page_images import Box, PageSize
from app.ui import theme
from app.ui.widgets.drawn_pages import ImageWanted
from app.ui.widgets.page_canvas import PageCanvas
from tests.ui.fake_pages import A4, GREY, answer, hit, image


class Canvas(PageCanvas):
    """Notes what was painted and asked for, and answers if it is to."""

    def __init__(self, *, answering: bool = True) -> None:
        super().__init__()
        self.painted: list[int] = []
        self.asked: list[ImageWanted] = []
        self.image_wanted.connect(self.asked.append)
        if answering:
            self.image_wanted.connect(lambda wanted: self.set_image(answer(wanted)))

    def _paint_page(self, painter: object, page: int) -> None:
        self.painted.append(page)
        super()._paint_page(painter, page)  # type: ignore[arg-type]

    def settle(self, qtbot: QtBot) -> None:
        """Wait until nothing is asked for any more."""
        qtbot.waitUntil(lambda: not self._asking.isActive())

    def pixel(self, page: int, x: float, y: float) -> QColor:
        """The colour at a point of a page, in PDF points."""
        sheet = self.sheet_rect(page)
        scale = sheet.width() / A4.width
        return self.viewport().grab().toImage().pixelColor(sheet.topLeft() + QPoint(round(x * scale), round(y * scale)))


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(700, 800)
    made.show()
    return made


def test_of_2415_pages_only_what_is_seen_is_painted_and_asked_for(qtbot: QtBot, canvas: Canvas) -> None:
    """The work is that of the pages in sight and their neighbours, at the start, in the middle and at the end."""
    canvas.open([A4] * 2415)
    qtbot.waitUntil(lambda: len(canvas.asked) == 2)
    canvas.settle(qtbot)
    assert [wanted.page for wanted in canvas.asked] == [1, 2]
    for page, seen, asked in ((1200, [1200], [1199, 1200, 1201]), (2415, [2415], [2414, 2415])):
        canvas.painted.clear()
        canvas.asked.clear()
        canvas.go_to_page(page)
        qtbot.waitUntil(lambda: bool(canvas.asked))
        canvas.settle(qtbot)
        canvas.viewport().repaint()
        assert set(canvas.painted) == set(canvas.visible_pages()) == set(seen)
        assert {wanted.page for wanted in canvas.asked} == set(asked)
    assert len(canvas.findChildren(object)) < 30


def test_scrolling_past_pages_does_not_ask_for_all_of_them(qtbot: QtBot) -> None:
    """While two images are under way nothing more is asked for, however far the user scrolls."""
    canvas = Canvas(answering=False)
    qtbot.addWidget(canvas)
    canvas.resize(700, 800)
    canvas.show()
    canvas.open([A4] * 2415)
    qtbot.waitUntil(lambda: len(canvas.asked) == 2)
    for page in range(10, 200, 10):
        canvas.go_to_page(page)
        canvas._ask()
    assert len(canvas.asked) == 2
    canvas.set_image(answer(canvas.asked[0]))
    qtbot.waitUntil(lambda: len(canvas.asked) == 3)
    assert canvas.asked[2].page == 190


def test_images_are_asked_for_in_device_pixels(qtbot: QtBot, canvas: Canvas) -> None:
    """The width is that of the sheet times the screen's density."""
    canvas.open([A4])
    qtbot.waitUntil(lambda: len(canvas.asked) == 1)
    assert canvas.asked[0].width_px == round(canvas.sheet_rect(1).width() * canvas.devicePixelRatioF())


def test_a_sheet_without_an_image_is_white_even_in_the_dark(qtbot: QtBot) -> None:
    """Paper is white, what surrounds it is dark."""
    canvas = Canvas(answering=False)
    qtbot.addWidget(canvas)
    theme.apply(QApplication.instance(), theme.Scheme.DARK)
    canvas.resize(700, 800)
    canvas.show()
    canvas.open([A4])
    assert canvas.pixel(1, 30, 30) == QColor("white")
    assert canvas.viewport().grab().toImage().pixelColor(2, 2) == theme.colours().window


def test_images_and_problems_are_shown(qtbot: QtBot, canvas: Canvas) -> None:
    """An image fills its sheet; a page that cannot be drawn says why in red."""
    canvas.open([A4] * 3)
    canvas.settle(qtbot)
    canvas.set_image(image(1, 300))
    assert canvas.pixel(1, 300, 400) == QColor(GREY, GREY, GREY)
    canvas = Canvas(answering=False)
    qtbot.addWidget(canvas)
    canvas.resize(700, 800)
    canvas.show()
    canvas.open([A4])
    blank = canvas.viewport().grab().toImage()
    canvas.set_problem(1, "page 1 cannot be drawn: it took longer than 20 seconds")
    shown = canvas.viewport().grab().toImage()
    sheet = canvas.sheet_rect(1)
    colours = {shown.pixelColor(x, y).name() for x in range(60, sheet.right()) for y in range(20, 80)}
    assert blank != shown and theme.LIGHT.error.name() in colours


def test_a_highlight_lies_exactly_over_its_box(qtbot: QtBot, canvas: Canvas) -> None:
    """Inside the box paper is coloured, outside it is not; what is grey is darkened, not covered."""
    canvas.open([A4] * 2)
    canvas.settle(qtbot)
    canvas.set_highlight(1, [Box(100, 200, 300, 220), Box(100, 218, 200, 240)])
    inside = canvas.pixel(1, 110, 205)
    assert inside != QColor(GREY, GREY, GREY) and inside.blue() < inside.red()
    assert canvas.pixel(1, 110, 219) == inside, "boxes that overlap are not painted twice"
    for x, y in ((98, 210), (302, 210), (250, 198), (250, 222)):
        assert canvas.pixel(1, x, y) == QColor(GREY, GREY, GREY)
    canvas.set_highlight(0, ())
    assert canvas.pixel(1, 110, 205) == QColor(GREY, GREY, GREY)


def test_the_current_hit_is_stronger(qtbot: QtBot, canvas: Canvas) -> None:
    """All hits are marked, one more than the others, and none after the search."""
    canvas.open([A4] * 2)
    canvas.settle(qtbot)
    first, second = hit(1, 100), hit(1, 130)
    canvas.add_hits([first, second])
    canvas.show_hit(second)
    plain, weak, strong = (canvas.pixel(1, 120, y).red() for y in (160, 106, 136))
    assert plain > weak > strong
    canvas.clear_hits()
    assert canvas.pixel(1, 120, 136) == QColor(GREY, GREY, GREY)


@pytest.mark.parametrize("percent", [None, 50.0, 220.0])
def test_a_box_is_brought_to_the_upper_third(canvas: Canvas, percent: float | None) -> None:
    """Wherever the view was, the box's top is in its upper third and its left edge in sight."""
    canvas.open([A4] * 100)
    canvas.set_zoom(percent)
    canvas.go_to_box(57, Box(300, 600, 400, 612))
    sheet = canvas.sheet_rect(57)
    top = sheet.top() + 600 / A4.height * sheet.height()
    left = sheet.left() + 300 / A4.width * sheet.width()
    assert 0 < top < canvas.viewport().height() / 3
    assert 0 < left < canvas.viewport().width()
    assert canvas.current_page == 57


def test_zoom_and_resize_keep_the_place(canvas: Canvas) -> None:
    """The box that was gone to stays where it was in the view, to a pixel or two."""
    canvas.open([A4] * 2415)
    box = Box(100, 300, 200, 312)
    canvas.go_to_box(1800, box)

    def share() -> float:
        sheet = canvas.sheet_rect(1800)
        return (sheet.top() + box.top / A4.height * sheet.height()) / canvas.viewport().height()

    before = share()
    for _ in range(4):
        canvas.zoom_by(1)
        assert share() == pytest.approx(before, abs=0.005)
    canvas.resize(400, 500)
    canvas.zoom_by(0)
    assert canvas.fits_width
    assert share() == pytest.approx(before, abs=0.005)
    assert canvas.current_page == 1800


def test_ctrl_and_wheel_zoom_at_the_pointer(canvas: Canvas) -> None:
    """What is under the pointer stays under it."""
    canvas.open([A4] * 50)
    canvas.set_zoom(150)
    canvas.go_to_page(20)
    at = QPointF(200, 600)

    def under() -> float:
        sheet = canvas.sheet_rect(20)
        return (at.y() - sheet.top()) / sheet.height()

    before, size = under(), canvas.percent
    event = QWheelEvent(
        at,
        QPointF(canvas.viewport().mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas.viewport(), event)
    assert canvas.percent > size
    assert under() == pytest.approx(before, abs=0.005)


def test_zoom_has_bounds(canvas: Canvas) -> None:
    """From 50 to 400 per cent; what fits the width may be less, and does not grow when it is to shrink."""
    canvas.open([A4])
    for _ in range(20):
        canvas.zoom_by(1)
    assert canvas.percent == 400
    for _ in range(20):
        canvas.zoom_by(-1)
    assert canvas.percent == 50
    canvas.resize(300, 400)
    canvas.zoom_by(0)
    small = canvas.percent
    canvas.zoom_by(-1)
    assert small < 50 and canvas.percent == small


def test_the_old_image_is_stretched_until_the_new_one_comes(qtbot: QtBot, canvas: Canvas) -> None:
    """After a zoom the sheet is not white, and the image of the new size is asked for."""
    canvas.open([A4])
    qtbot.waitUntil(lambda: len(canvas.asked) == 1)
    canvas.settle(qtbot)
    canvas.set_zoom(200)
    assert canvas.pixel(1, 300, 100) == QColor(GREY, GREY, GREY)
    qtbot.waitUntil(lambda: len(canvas.asked) == 2)
    assert canvas.asked[1].width_px == round(canvas.sheet_rect(1).width() * canvas.devicePixelRatioF())


def test_keys(qtbot: QtBot, canvas: Canvas) -> None:
    """Home, End, Space, arrows, Page Up and Down move; Ctrl with plus, minus and 0 zooms."""
    canvas.open([A4] * 20)
    bar = canvas.verticalScrollBar()
    positions = []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_PageDown, Qt.Key.Key_Space, Qt.Key.Key_PageUp, Qt.Key.Key_Up):
        qtbot.keyClick(canvas, key)
        positions.append(bar.value())
    assert 0 < positions[0] < positions[1] < positions[2] > positions[3] > positions[4]
    qtbot.keyClick(canvas, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert bar.value() < positions[4]
    qtbot.keyClick(canvas, Qt.Key.Key_End)
    assert (bar.value(), canvas.current_page) == (bar.maximum(), 20)
    qtbot.keyClick(canvas, Qt.Key.Key_Home)
    assert (bar.value(), canvas.current_page) == (0, 1)
    fitted = canvas.percent
    qtbot.keyClick(canvas, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert canvas.percent > fitted and not canvas.fits_width
    qtbot.keyClick(canvas, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(canvas, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert canvas.percent == fitted


def test_every_page_can_be_the_current_one(qtbot: QtBot, canvas: Canvas) -> None:
    """Pages so small that the view holds all of them can still be gone to one by one."""
    canvas.open([PageSize(595, 100)] * 12)
    with qtbot.waitSignals([canvas.page_changed] * 11):
        for page in range(2, 13):
            canvas.go_to_page(page)
            assert canvas.current_page == page
    canvas.go_to_page(99)
    assert canvas.current_page == 12


def test_a_screen_reader_learns_the_page(qtbot: QtBot, canvas: Canvas) -> None:
    """Name, value and the page's text as the description; the last goes with the page."""
    canvas.open([A4] * 113)
    canvas.set_page_text(57, "What page 57 says.")
    canvas.go_to_page(57)
    read = QAccessible.queryAccessibleInterface(canvas)
    assert read.text(QAccessible.Text.Name) == "Pages"
    assert read.text(QAccessible.Text.Value) == "page 57 of 113"
    assert read.text(QAccessible.Text.Description) == "What page 57 says."
    canvas.go_to_page(58)
    assert read.text(QAccessible.Text.Value) == "page 58 of 113"
    assert read.text(QAccessible.Text.Description) == ""


def test_what_a_screen_reader_was_told_by_outlives_nothing(qtbot: QtBot) -> None:
    """Views that come and go take what screen readers ask of them along."""
    for _ in range(20):
        made = PageCanvas()
        made.open([A4])
        assert QAccessible.queryAccessibleInterface(made).text(QAccessible.Text.Value) == "page 1 of 1"
        made.deleteLater()
        del made
        QApplication.processEvents()
        gc.collect()


def test_closing(qtbot: QtBot, canvas: Canvas) -> None:
    """Without pages nothing is shown or asked for, and keys and the wheel do no harm."""
    canvas.open([A4] * 3)
    canvas.settle(qtbot)
    canvas.open([])
    canvas.asked.clear()
    canvas.painted.clear()
    qtbot.keyClick(canvas, Qt.Key.Key_PageDown)
    canvas.zoom_by(1)
    canvas.settle(qtbot)
    canvas.viewport().repaint()
    assert (canvas.current_page, canvas.asked, canvas.painted) == (0, [], [])


def test_a_place_chosen_before_the_first_showing(qtbot: QtBot) -> None:
    """It is there when the tab is shown, at any zoom, and stays while the window is sized."""
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.open([A4] * 200)
    canvas.set_zoom(300)
    canvas.go_to_box(150, Box(100, 300, 200, 312))
    canvas.resize(500, 400)
    canvas.show()
    seen = []
    for width in (500, 900, 450):
        canvas.resize(width, 400)
        top = canvas.sheet_rect(150).top() + 300 / A4.height * canvas.sheet_rect(150).height()
        bar = canvas.verticalScrollBar()
        whole = bar.maximum() + canvas.viewport().height()
        seen.append((0 < top < canvas.viewport().height() / 3, whole, canvas.current_page))
    assert seen == [(True, canvas._column.height, 150)] * 3
