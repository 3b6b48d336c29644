import pytest

from app.documents.prose import is_boilerplate_title, is_claim, weakness


@pytest.mark.parametrize(
    "title",
    [
        "Contents",
        "Table of Contents",
        "INDEX",
        "Bibliography",
        "References",
        "List of Figures",
        "7. References",
        "Notes",
    ],
)
def test_boilerplate_titles(title: str) -> None:
    """Sections that hold nothing to note are known by their titles."""
    assert is_boilerplate_title(title)


@pytest.mark.parametrize("title", ["Introduction", "Index funds", "Notes on Virginia", "The Contents of the Box", ""])
def test_titles_of_text(title: str) -> None:
    """A title that only begins with such a word is no boilerplate."""
    assert not is_boilerplate_title(title)


@pytest.mark.parametrize(
    "sentence",
    [
        "The river carries sand from the mountains to the sea.",
        "“The river carries sand from the mountains to the sea,” he said.",
        "河流把沙子从山上带到海里，然后沉积在三角洲。",
    ],
)
def test_running_prose_is_a_claim(sentence: str) -> None:
    """Whole sentences that state something may be quoted."""
    assert is_claim(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The River and Its Sand",
        "Does the river carry sand from the mountains to the sea?",
        "and so the river carries sand to the sea.",
        "Figure 3 The river carries sand from the mountains to the sea.",
        "57 7.2 Rivers that carry sand down to the northern sea …",
        "Copyright © 1999 by the River Press, New York and London.",
        "The river ........ 17 The sea ........ 23 The mountains.",
        "Calculate the mass of sand that the river carries to the sea.",
        "12 14 16 18 20 22 24 and 26 in rows of 3 4 5 6 numbers each are sand.",
    ],
)
def test_what_is_no_claim(sentence: str) -> None:
    """Headings, questions, fragments, captions, notices, contents, exercises and tables are not quoted."""
    assert not is_claim(sentence)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The river is short.", 0.0),
        ("However, the river is short.", 0.5),
        ("This carries sand.", 0.5),
        ("Thistles grow by the river.", 0.0),
        ("“The river is short,” said the miller.", 1.0),
        ("The river, as you know, is short.", 0.5),
        ("How short the river is!", 0.5),
        ("The river " + "slowly " * 50 + "ends.", 0.5),
    ],
)
def test_weakness(sentence: str, expected: float) -> None:
    """What leans on the sentence before, is spoken, or is very long reads poorly in a summary."""
    assert weakness(sentence) == expected


def test_title_of_dots() -> None:
    """It is told at once from one of contents: there is one way only to part it."""
    assert not is_boilerplate_title("." * 5000)
    assert is_boilerplate_title("... 1.2. Index")
