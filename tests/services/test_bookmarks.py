from __future__ import annotations

from pathlib import Path

import pytest

from app.inference.generator import StateRef
from app.services.bookmarks import MEMORY_INTERVAL_S, Bookmarks, document_of, document_stream, end_place
from app.services.library import LibraryDocument
from app.services.states import NOT_KEPT, OTHER_MODEL, Missing, Restored
from app.storage.database import Database
from tests.fakes import FakeGenerator
from tests.services.desk import Desk
from tests.snapshot_states import rows

PARTS = 6


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    return Desk(tmp_path, database, interval_s=10.0)


@pytest.fixture
def item(document: object) -> LibraryDocument:
    return LibraryDocument(document, (), "", reused=False)  # type: ignore[arg-type]


class Reader:
    """Reads parts of four tokens, and moves the desk's clock."""

    def __init__(self, desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
        self.desk, self.generator = desk, generator
        self.bookmarks = desk.reading.bookmarks(item, generator)
        self.state = generator.new_state()
        self.parts = 0

    def read(self, *, seconds: float) -> StateRef:
        """One part."""
        self.generator.read(self.state, self.generator.tokenize(f"part {self.parts} is read"))
        self.desk.clock.seconds += seconds
        self.parts += 1
        self.bookmarks.at_part_end(self.parts, PARTS, self.state)
        return self.state


@pytest.fixture
def reader(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> Reader:
    return Reader(desk, item, generator)


def keys(desk: Desk, item: LibraryDocument) -> list[str]:
    """Of the bookmarks on disk."""
    return [entry.place.key for entry in desk.keeper.entries(document_stream(item), "0" * 64)]


def nearest(bookmarks: Bookmarks, most: int | None = None) -> tuple[int, int]:
    """Parts and tokens read of the nearest bookmark."""
    found = bookmarks.nearest(most)
    assert isinstance(found, tuple)
    return found[0], found[1].position


def test_intervals(reader: Reader, desk: Desk, item: LibraryDocument) -> None:
    """In memory after the shorter one, on disk after ten seconds; both are counted from the last one there."""
    stream, seen = document_stream(item), []
    short = MEMORY_INTERVAL_S
    for seconds in (0.5 * short, 0.4 * short, 0.2 * short, 10.0 - 1.1 * short, 0.9 * short):
        reader.read(seconds=seconds)
        seen.append((desk.keeper.entries(stream, "0" * 64)[-1:], desk.keeper.recent_key(stream, "0" * 64)))
    on_disk = [entries[0].place.key if entries else None for entries, _ in seen]
    assert [recent for _, recent in seen] == [None, None, "part 3", "part 4", "part 4"]
    assert on_disk == [None, None, None, "part 4", "part 4"]
    assert keys(desk, item) == ["part 4"]


def test_the_end_is_always_kept(reader: Reader, desk: Desk, item: LibraryDocument) -> None:
    """Also right after another one; it is the end's place, not a part's."""
    assert reader.bookmarks.end() == Missing(NOT_KEPT)
    for _ in range(PARTS):
        reader.read(seconds=0.0)
    assert keys(desk, item) == ["end"]
    again = desk.again()
    found = again.reading.bookmarks(item, reader.generator).end()
    assert isinstance(found, Restored)
    assert reader.generator.states[found.state] == reader.generator.states[reader.state]
    assert again.keeper.has(end_place(item, "0" * 64))


def test_nearest_is_the_furthest_within_a_limit(reader: Reader, desk: Desk, item: LibraryDocument) -> None:
    """Of those in memory and on disk; the document's end is none of them."""
    generator = reader.generator
    assert reader.bookmarks.nearest() == Missing(NOT_KEPT)
    for seconds in (10.0, 0.5, 10.0, 2.0):  # on disk: 1 and 3; in memory: 4
        reader.read(seconds=seconds)
    assert nearest(reader.bookmarks) == (4, generator.position(reader.state))
    assert nearest(reader.bookmarks, 3) == (3, 12)
    again = desk.again().reading.bookmarks(item, generator)
    assert nearest(again) == (3, 12)
    assert nearest(again, 2) == nearest(again, 1) == (1, 4)
    assert again.nearest(0) == Missing(NOT_KEPT)


def test_the_end_is_no_bookmark_on_the_way(reader: Reader) -> None:
    """For whoever may not go on from there: with it in memory the last one on disk is found, or none, and no blame."""
    for _ in range(PARTS):
        reader.read(seconds=10.0)
    assert nearest(reader.bookmarks) == (PARTS - 1, 4 * PARTS - 4)
    assert reader.bookmarks.nearest(0) == Missing(NOT_KEPT)


def test_order_is_that_of_numbers(item: LibraryDocument, generator: FakeGenerator, desk: Desk) -> None:
    """Part 10 comes after part 9."""
    bookmarks = desk.reading.bookmarks(item, generator)
    state = generator.new_state()
    for part in range(1, 12):
        generator.read(state, generator.tokenize("one"))
        desk.clock.seconds += 10.0
        bookmarks.at_part_end(part, 20, state)
    assert nearest(desk.again().reading.bookmarks(item, generator)) == (11, 11)


def test_damaged_ones_are_passed_over(reader: Reader, desk: Desk, item: LibraryDocument) -> None:
    """The one before is used; where all are damaged, the last one's damage is the reason."""
    for _ in range(3):
        reader.read(seconds=10.0)
    desk.keeper.flush()
    damage = "UPDATE recurrent_parts SET data = x'00' WHERE snapshot_id IN (SELECT id FROM snapshots WHERE key = ?)"
    rows(desk.path, damage, ["part 3"])
    again = desk.again()
    assert nearest(again.reading.bookmarks(item, reader.generator)) == (2, 8)
    assert keys(again, item) == ["part 1", "part 2"]
    for key in ("part 1", "part 2"):
        rows(desk.path, damage, [key])
    last = again.again()
    found = last.reading.bookmarks(item, reader.generator).nearest()
    assert isinstance(found, Missing) and "its recurrent part differs" in found.reason
    assert keys(last, item) == []


def test_another_model_has_its_own(reader: Reader, desk: Desk, item: LibraryDocument) -> None:
    """Nothing of one is used for the other."""
    for _ in range(PARTS):
        reader.read(seconds=10.0)
    other = desk.again().reading.bookmarks(item, FakeGenerator(fingerprint="3" * 64))
    assert other.nearest() == other.end() == Missing(OTHER_MODEL)


def test_streams_of_documents(item: LibraryDocument) -> None:
    """Another file, another range of pages and another version of the readers is another stream."""
    document = item.document
    others = [
        LibraryDocument(document, (), "2-3", reused=False),
        LibraryDocument(document, (), "", reused=True, reader_version="1"),
    ]
    assert len({document_stream(one) for one in [item, *others]}) == 3


@pytest.mark.parametrize("page_range", ["", "2-3"])
def test_the_document_of_a_stream(item: LibraryDocument, page_range: str) -> None:
    """With its range of pages, whichever version of the readers made it."""
    for version in ("1", "4"):
        one = LibraryDocument(item.document, (), page_range, reused=True, reader_version=version)
        assert document_of(document_stream(one)) == (item.document_id, page_range)


@pytest.mark.parametrize("stream", ["conversation:c1", "document:d1::4.0", "document:d1:", "", "document:a:b:c:d"])
def test_streams_of_no_document(stream: str) -> None:
    """Of a conversation, and of what is read in another way now: a reading would not go on from there."""
    assert document_of(stream) is None
