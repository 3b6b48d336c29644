"""What a view of pages looks at: the point that stays where it is when the window or the zoom changes."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QSize

from app.services.page_images import Box
from app.ui.widgets.page_column import MARGIN, PageColumn, Place

_UPPER = 0.2
"""Where in the view a box is brought to: into the upper third, with what stands before it in sight."""
_BESIDE = 0.1


@dataclass(frozen=True, slots=True)
class ViewPoint:
    """`points` from a page's top are shown at `share` of the view's height and `px` pixels; likewise across."""

    page: int = 0
    points: float = 0.0
    share: float = 0.0
    px: int = MARGIN
    across: float = 0.5
    """Of the column's width."""
    across_share: float = 0.5

    def offset(self, column: PageColumn, view: QSize) -> QPoint:
        """How far the column is scrolled so that the point is in its place; it may be beyond the ends."""
        down = column.y_of(Place(self.page, self.points)) - self.share * view.height() - self.px
        return QPoint(round(self.across * column.width - self.across_share * view.width()), round(down))


def box_point(column: PageColumn, page: int, box: Box) -> ViewPoint:
    """A box in the upper third, and its left edge in sight."""
    sheet = column.sheet(page)
    left = sheet.left() + box.left / column.sizes[page - 1].width * sheet.width()
    return ViewPoint(page, max(0.0, box.top), _UPPER, 0, left / column.width, _BESIDE)


def point_under(column: PageColumn, at: QPointF, offset: QPoint, view: QSize) -> ViewPoint:
    """What lies at a point of the view, the column being scrolled by `offset`."""
    place = column.place_at(offset.y() + at.y())
    share, across_share = at.y() / max(1, view.height()), at.x() / max(1, view.width())
    return ViewPoint(place.page, place.points, share, 0, (offset.x() + at.x()) / max(1, column.width), across_share)


def point_in_sight(column: PageColumn, offset: QPoint, view: QSize) -> ViewPoint:
    """What a user who has scrolled here looks at: a third of the way down; at the ends the ends themselves, so that
    the first and the last page count however small they are."""
    if offset.y() <= 0:
        at, px = 0.0, MARGIN
    elif offset.y() >= column.height - view.height():
        at, px = 1.0, -MARGIN
    else:
        at, px = 1 / 3, 0
    point = point_under(column, QPointF(view.width() / 2, at * view.height() + px), offset, view)
    return ViewPoint(point.page, point.points, at, px, point.across, point.across_share)
