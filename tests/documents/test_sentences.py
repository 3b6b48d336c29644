"""Sentence spans: hand-cut examples in several scripts."""

from __future__ import annotations

import pytest

from app.documents.sentences import sentence_spans


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He left. She stayed.", ["He left.", "She stayed."]),
        (
            "Dr. Smith et al. [3] saw Fig. 3 (p. 12), i.e. nothing.",
            ["Dr. Smith et al. [3] saw Fig. 3 (p. 12), i.e. nothing."],
        ),
        ("Figs. 2 and 3 cost approx. 5.25 dollars. Next.", ["Figs. 2 and 3 cost approx. 5.25 dollars.", "Next."]),
        ("J. R. R. Tolkien wrote it. It sold.", ["J. R. R. Tolkien wrote it.", "It sold."]),
        (
            "The U.S. Government spoke. It was the U.S. He left.",
            ["The U.S. Government spoke.", "It was the U.S.", "He left."],
        ),
        ('"Really?" he asked. "Yes!" Then he slept.', ['"Really?" he asked.', '"Yes!"', "Then he slept."]),
        ("It was so.12 Then it was not.[3] Done.", ["It was so.12", "Then it was not.[3]", "Done."]),
        ("Er kam am 3. Mai z. B. nach Berlin. Dann ging er.", ["Er kam am 3. Mai z. B. nach Berlin.", "Dann ging er."]),
        ("1. Introduction\n\nIn 1999. The end", ["1. Introduction", "In 1999.", "The end"]),
        ("• one\n• two\n2. three", ["• one", "• two", "2. three"]),
        ("他说：“你好。”然后走了。", ["他说：“你好。”", "然后走了。"]),
        ("「はい。」と言った。そうです！", ["「はい。」と言った。", "そうです！"]),
        ("هل هذا؟ نعم.", ["هل هذا؟", "نعم."]),
        ("A title\n \nwithout a stop", ["A title", "without a stop"]),
        ("See www.example.com for 2.3.1 now", ["See www.example.com for 2.3.1 now"]),
        (" \n\n ", []),
    ],
)
def test_cuts(text: str, expected: list[str]) -> None:
    """Sentences end where a reader would end them."""
    assert cut(text) == expected


def test_one_newline_does_not_end_a_sentence() -> None:
    """Pages are joined by one newline, so a sentence may run over a page's end."""
    assert sentence_spans("It goes\non here. Then ends.") == [(0, 16), (17, 27)]


@pytest.mark.parametrize("piece", [" ", ".", '."', "\n ", "a. ", ".[1,", "\t"])
def test_hostile_repetition(piece: str) -> None:
    """Runs of white space and marks cost linear time: a quadratic rule would take minutes here."""
    text = "x" + piece * 200_000 + "x"
    spans = sentence_spans(text)
    assert spans[0][0] == 0 and spans[-1][1] == len(text)
