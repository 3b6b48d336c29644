from app.documents.words import Kind, Lexicon, Word


def keys(text: str) -> list[str]:
    return Lexicon().keys(text)


def test_stems_without_stop_words() -> None:
    """Inflections share a stem; function words do not count."""
    assert (
        keys("The rivers were flooding the villages")
        == keys("a river floods a village")
        == ["river", "flood", "villag"]
    )


def test_negation_counts() -> None:
    """A negation carries the claim, so it is content."""
    assert "not" in keys("It is not true")


def test_numbers_by_value() -> None:
    """1,000 is 1000 is one thousand written 1 thousand; 3.50 is 3.5; 20th is 20."""
    assert keys("1,000") == keys("1000") == keys("1 thousand") == ["#1000"]
    assert keys("3.50") == keys("3.5") == ["#3.5"]
    assert keys("the 20th") == ["#20"]


def test_number_words() -> None:
    """Number words have values; 'one' is a pronoun more often than a number."""
    assert keys("three") == ["#3"]
    assert keys("twenty-five") == ["#25"]
    assert keys("two million") == keys("2,000,000") == ["#2000000"]
    assert keys("one") == []


def test_neighbouring_numbers_stay_apart() -> None:
    """Digits side by side are two numbers, not a sum."""
    assert keys("20 5") == ["#20", "#5"]


def test_version_number_stays_whole() -> None:
    """1.2.3 has no value; it is compared as it stands."""
    assert keys("version 1.2.3") == ["version", "#1.2.3"]


def test_acronym_is_no_stop_word() -> None:
    """US and U.S. are the same name, unlike the pronoun."""
    words = Lexicon().words("He told us the U.S. and the US agreed")
    assert [word.key for word in words if word.acronym] == ["us", "us"]


def test_capital_at_the_start_is_marked() -> None:
    """A capital tells a name only inside a sentence."""
    assert Lexicon().words("Paris. Lyon") == [
        Word("pari", Kind.WORD, capital=True, acronym=False, opens=True),
        Word("lyon", Kind.WORD, capital=True, acronym=False, opens=True),
    ]
    assert not Lexicon().words("in Paris")[1].opens


def test_possessive_is_the_name() -> None:
    """Darwin's and Darwin are one key."""
    assert keys("Darwin’s finches") == keys("Darwin finch")


def test_chinese_goes_by_pairs() -> None:
    """Without spaces, pairs of characters stand for words."""
    assert keys("计算机网络") == ["计算", "算机", "机网", "网络"]


def test_language_is_told_by_its_function_words() -> None:
    """German text gets the German stemmer and stop words."""
    text = "Der Hund und die Katze sind nicht mit dem Kind in das Haus gegangen, aber sie haben es gesehen."
    assert Lexicon.for_text(text).language == "german"
    assert Lexicon.for_text("The dog and the cat are in the house.").language == "english"


def test_a_very_long_row_of_digits_is_a_number_like_any_other() -> None:
    """Python makes no integers of more than 4,300 digits; a document may hold them."""
    digits = "7" * 5000
    assert Lexicon().keys(f"{digits} apples") == [f"#{digits}", "appl"]


def test_tokens_have_their_place() -> None:
    """A number of several words is written from its first to its last."""
    text = "The U.S. built twenty-five, then two million; 计算机"
    written = [(word.key, text[start:end]) for word, start, end in Lexicon().placed(text)]
    assert written == [
        ("the", "The"),
        ("us", "U.S."),
        ("built", "built"),
        ("#25", "twenty-five"),
        ("then", "then"),
        ("#2000000", "two million"),
        ("计算", "计算"),
        ("算机", "算机"),
    ]
    assert [word for word, _, _ in Lexicon().placed(text)] == Lexicon().words(text)
