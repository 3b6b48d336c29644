"""What letters are told apart by, and the way back to them."""

from __future__ import annotations

from app.documents.text_keys import KeyTable, is_letter, is_sign


def test_letters() -> None:
    """Letters and digits alone, without case and accents; each knows the character it came from."""
    keyed = KeyTable(is_letter).keyed("Eﬃe´ Ł² Straße-№ ˆı")
    assert keyed.keys == "effiel2strassenoi"
    assert list(keyed.origins) == [0, 1, 1, 1, 2, 5, 6, 8, 9, 10, 11, 12, 12, 13, 15, 15, 18]


def test_signs() -> None:
    """For a search signs count, but no spaces, dashes, quotation marks, invisible characters or loose accents."""
    assert KeyTable(is_sign).keys("C++ – “x_1”\u00ad\x02\ufffe 5 €, ´§") == "c++x_15€,§"
