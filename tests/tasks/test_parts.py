from dataclasses import replace

from app.inference.generator import ModelInfo
from app.tasks.budget import Budget
from app.tasks.model import Style
from app.tasks.parts import MAX_PIECE, pieces, plan_parts
from tests.documents_for_tasks import make_document
from tests.fakes import FakeGenerator

BUDGET = Budget(part=20, join_below=6, feed=8, note=8)


def words(count: int, word: str = "word") -> str:
    """A sentence of so many words."""
    return " ".join([word.capitalize(), *[word] * (count - 1)]) + "."


def plan(texts: list[tuple[str, str]], budget: Budget = BUDGET) -> list[tuple[str, str, int]]:
    """Title, text and tokens of each part of a one-page document made of these (title, text) sections."""
    document = make_document(["".join(text for _, text in texts)], [(title, len(text)) for title, text in texts])
    parts = plan_parts(document, FakeGenerator().tokenize, budget)
    assert "".join(document.text[part.start : part.end] for part in parts) == document.text
    assert [part.index for part in parts] == list(range(len(parts)))
    return [(part.title, document.text[part.start : part.end].strip(), part.tokens) for part in parts]


def test_pieces_join_to_the_text() -> None:
    """Pieces leave nothing out: sentences with the white space before them."""
    document = make_document(["  One is here.  Two is here.\n\nThree. ", "Four."])
    found = list(pieces(document, 0, len(document.text)))
    assert "".join(document.text[piece.start : piece.end] for piece in found) == document.text
    assert [document.text[slice(*piece.sentence)] for piece in found] == [
        "One is here.",
        "Two is here.",
        "Three.",
        "Four.",
    ]


def test_blank_stretch_is_one_piece() -> None:
    """White space alone is read too."""
    document = make_document(["   "])
    assert [(piece.start, piece.end) for piece in pieces(document, 0, 3)] == [(0, 3)]


def test_endless_sentence_is_cut_at_white_space() -> None:
    """A table without full stops does not become one piece."""
    document = make_document(["cell " * 1000])
    found = list(pieces(document, 0, len(document.text)))
    assert max(piece.end - piece.start for piece in found) <= MAX_PIECE + 1
    assert "".join(document.text[piece.start : piece.end] for piece in found) == document.text
    assert all(document.text[slice(*piece.sentence)].strip().startswith("cell") for piece in found)


def test_sections_that_fit_are_parts() -> None:
    """Sections of a fair size stay as they are."""
    assert plan([("A", words(15)), ("B", "\n" + words(12))]) == [("A", words(15), 15), ("B", words(12), 12)]


def test_small_neighbours_are_joined() -> None:
    """Tiny sections share a part named after the first and the last."""
    texts = [(title, "\n" + words(5)) for title in "ABC"] + [("D", "\n" + words(18))]
    assert [(title, tokens) for title, _, tokens in plan(texts)] == [("A – B", 10), ("C", 5), ("D", 18)]


def test_boilerplate_is_not_joined_with_text() -> None:
    """A short table of contents stays apart from the short preface after it, and is marked."""
    document = make_document([words(4) + words(4)], [("Contents", 20), ("Preface", 20)])
    parts = plan_parts(document, FakeGenerator().tokenize, BUDGET)
    assert [(part.title, part.boilerplate) for part in parts] == [("Contents", True), ("Preface", False)]


def test_long_section_is_divided_at_a_paragraph_end() -> None:
    """Two halves, cut where the blank line is, not in the middle."""
    first, second = words(6) + " " + words(6), words(4) + " " + words(6) + " " + words(4)
    assert plan([("Long", f"{first}\n\n{second}")]) == [("Long (1 of 2)", first, 12), ("Long (2 of 2)", second, 14)]


def test_long_paragraph_is_divided_at_sentence_ends() -> None:
    """Without paragraphs the sentence end nearest to equal shares is taken."""
    text = " ".join([words(5)] * 8)
    assert [tokens for _, _, tokens in plan([("Long", text)])] == [20, 20]


def test_sentence_longer_than_the_window_stays_whole() -> None:
    """Nothing is dropped, even when a piece exceeds the limit."""
    assert sum(tokens for _, _, tokens in plan([("Long", words(50) + " " + words(5))])) == 55


def test_parts_leave_room_in_the_window() -> None:
    """Part, prompt and notes fit the attention window together."""
    info: ModelInfo = replace(FakeGenerator().info, window_tokens=2048)
    budget = Budget.for_model(info, Style.DETAILED)
    assert (budget.part, budget.note) == (1664, 256)
    assert Budget.for_model(info, Style.BRIEF).note == 128
