from app.documents.words import Lexicon
from app.tasks.lines import clean_lines


def clean(text: str, finished: bool = True) -> list[str]:
    return clean_lines(text, Lexicon(), finished=finished)


def test_list_marks_and_emphasis_go() -> None:
    """Bullets, numbers and stars are no part of a line."""
    assert clean("1. **Rivers** carry sand downstream.\n- Lakes keep their sand for centuries.") == [
        "Rivers carry sand downstream.",
        "Lakes keep their sand for centuries.",
    ]


def test_talk_about_the_text_goes() -> None:
    """Lines that describe the text instead of saying what it says are dropped."""
    assert clean("This section discusses the history of sand. The text is about rivers and lakes.") == []
    assert clean("The first part of this section focuses on sand and its history in rivers.") == []


def test_lead_of_a_claim_goes() -> None:
    """'The author states that' is cut off, the claim stays."""
    assert clean("The text states that rivers carry sand downstream.") == ["Rivers carry sand downstream."]


def test_repeats_go() -> None:
    """The same words again, in whatever form, are one line."""
    assert clean("Rivers carry sand downstream. The river carries sand downstream again.") == [
        "Rivers carry sand downstream."
    ]


def test_loop_goes() -> None:
    """Three words that come back three times are a repetition loop."""
    loop = "The river carries sand and the river carries sand and the river carries sand away."
    assert clean(loop) == []


def test_unfinished_last_line_goes() -> None:
    """What the length limit cut off is dropped, unless it ends like a sentence."""
    text = "Rivers carry sand downstream. Lakes keep their"
    assert clean(text, finished=False) == ["Rivers carry sand downstream."]
    assert clean("Rivers carry sand downstream.", finished=False) == ["Rivers carry sand downstream."]


def test_empty_talk_goes() -> None:
    """Lines with fewer than three content words and questions say nothing."""
    assert clean("It is so. Why do rivers carry sand?") == []


def test_the_prompts_words_go() -> None:
    """A base model says the heading again that it goes on from."""
    assert clean("The user's story is a summary of the passage. Rivers carry sand, as the text above says.") == []
