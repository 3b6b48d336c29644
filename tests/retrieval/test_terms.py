"""Terms of passages and questions in every kind of writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.retrieval.terms import MAX_REPEATS, MAX_TERMS, OTHER, Analyzer, as_words, match_any, text_language
from app.storage.database import Database
from tests.searchable import index_passages

LANGUAGES = ["english", "german", "french", OTHER]


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("english", "The dams were holding back rivers.", ["dam", "hold", "back", "river"]),
        ("german", "Die Dämme hielten die Flüsse zurück.", ["damm", "hielt", "fluss", "zuruck"]),
        ("french", "L'eau des rivières qu'on a gelées", ["eau", "rivi", "a", "gel"]),
        (OTHER, "Älven och dammarna", ["alven", "och", "dammarna"]),
        ("english", "foo_bar, state-of-the-art; read.csv()", ["foo", "bar", "state", "art", "read", "csv"]),
        ("english", "C++ and C#", ["c", "c"]),
        ("english", "Isn't it Darcy's? They've said we'll go; he’d LEFT'", ["darci", "said", "go", "left"]),
        ("english", "t() transposes, the -d option, 'll", ["t", "transpos", "d", "option", "ll"]),
        ("english", "1,000 1000 1,000.50 3.50 2.0 1.2.3 20th 0x1F",
         ["1000", "1000", "1000.5", "3.5", "2", "1.2.3", "20th", "0x1f"]),
        (OTHER, "河流在哪", ["河流", "流在", "在哪", "哪"]),
        (OTHER, "河", ["河"]),
        (OTHER, "Python是什么", ["python", "是什", "什么", "么"]),
        (OTHER, "ひらがなカナ", ["ひら", "らが", "がな", "なカ", "カナ", "ナ"]),
        (OTHER, "ｶﾞｽ", ["ガス", "ス"]),
        (OTHER, "서울의 강", ["서울", "울의", "의", "강"]),
        (OTHER, "река Волга", ["река", "волга"]),
        (OTHER, "ΠΟΤΑΜΌΣ ποταμός", ["ποταμοσ", "ποταμοσ"]),
        (OTHER, "नदी", ["नदी"]),
        (OTHER, "مُحَمَّد محمد", ["محمد", "محمد"]),
        (OTHER, "שָׁלוֹם", ["שלום"]),
        (OTHER, "ﷺ", ["صلى", "الله", "عليه", "وسلم"]),
        (OTHER, "Straße ＡＢＣ ﬁn", ["strasse", "abc", "fin"]),
        (OTHER, "re\u0301sume\u0301 résumé resume", ["resume"] * 3),
    ],
)  # fmt: skip
def test_terms_of_a_passage(language: str, text: str, terms: list[str]) -> None:
    """Stems without accents, no function words, numbers in one form, pairs of characters where nothing parts words."""
    assert Analyzer(language).passage(text) == terms


@pytest.mark.parametrize("text", ["", " \n", "???", "\0", "\ud800", "😀 🇩🇪", "--- *** ...", '"', "_"])
def test_texts_without_words(text: str) -> None:
    """No terms, and no error."""
    for language in LANGUAGES:
        assert Analyzer(language).passage(text) == []
        assert Analyzer(language).question(text) == {}


def test_question_terms_are_the_passages() -> None:
    """Each with how often it is said; a single character of Chinese stands for all that begins with it."""
    analyzer = Analyzer("english")
    assert analyzer.question("Which dams hold the dam's water?") == {"dam": 2, "hold": 1, "water": 1}
    assert Analyzer(OTHER).question("河 河流") == {"河*": 1, "河流": 1}


def test_a_question_of_function_words_is_not_empty() -> None:
    """They count where nothing else is asked."""
    assert Analyzer("english").question("Who was it?") == {"who": 1, "was": 1, "it": 1}
    assert Analyzer("english").question("Who was Darcy?") == {"darci": 1}


def test_long_questions_are_cut() -> None:
    """A page that is pasted: the first terms, and each a few times at the most."""
    terms = Analyzer("english").question(" ".join(f"word{i % 500}" for i in range(5000)))
    assert len(terms) == MAX_TERMS and set(terms.values()) == {MAX_REPEATS}
    assert list(terms)[:2] == ["word0", "word1"]


def test_match_any_quotes_each_term() -> None:
    """Nothing in it is the search language's; repeats stay."""
    analyzer = Analyzer(OTHER)
    assert match_any(analyzer.question('and OR near("x" 雪')) == '"and" OR "or" OR "near" OR "x" OR "雪"*'
    assert match_any(analyzer.question("a a b")) == '"a" OR "a" OR "b"'


@given(st.text(max_size=60), st.sampled_from(LANGUAGES))
def test_terms_of_any_text(text: str, language: str) -> None:
    """No term is empty or holds white space, a quote, or a mark that SQLite's tokenizer would part it at."""
    analyzer = Analyzer(language)
    for term in [*analyzer.passage(text), *(term.removesuffix("*") for term in analyzer.question(text))]:
        assert term and not any(c.isspace() or c == '"' for c in term)
        assert all(c.isalnum() or c == "." for c in term if c.isascii())


@given(st.text(max_size=60), st.sampled_from(LANGUAGES))
def test_what_is_in_a_passage_is_asked_for_with_the_same_terms(text: str, language: str) -> None:
    """A passage asked with its own words holds every term of the question."""
    analyzer = Analyzer(language)
    held = analyzer.passage(text)
    for term in analyzer.question(text) if held else ():
        assert any(other.startswith(term[:-1]) for other in held) if term.endswith("*") else term in held


def test_the_index_keeps_terms_as_they_are(database: Database) -> None:
    """SQLite parts them at the spaces and nowhere else."""
    texts = ["3.14 naïve C++ 河流 नदी שָׁלוֹם Straße 1.2.3 ½ ⑴ U.S. ﷺ x²", "Ⅷ ŉ ǆ ẞ ſ ㎞ ٣٫١"]
    index_passages(database, texts, language=OTHER)
    terms = {term for text in texts for term in Analyzer(OTHER).passage(text)}
    with database.transaction() as db:
        db.execute("CREATE VIRTUAL TABLE temp.held USING fts5vocab(main, passage_terms, col)")
    assert {row["term"] for row in database.rows("SELECT term FROM held WHERE col = 'terms'")} == terms
    assert as_words(["a", "b"]) == "a b"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The river floods the fields when the snow of the hills melts in the spring.", "english"),
        ("Der Fluss überschwemmt die Felder, wenn der Schnee auf den Bergen im Frühling schmilzt.", "german"),
        ("La rivière inonde les champs quand la neige des collines fond au printemps.", "french"),
        ("Река затопляет поля, когда весной тает снег.", OTHER),
        ("春天雪融化的时候，河流淹没田野。", OTHER),
        ("Rzeka zalewa pola, kiedy wiosną topnieje śnieg na wzgórzach.", OTHER),
        ("Berlin 3645000\nHamburg 1841000\nMünchen 1472000", OTHER),
        ("1 2 3", OTHER),
        ("", OTHER),
    ],
)
def test_language_of_a_text(text: str, language: str) -> None:
    """By its function words; OTHER where they are of no listed language, or there are hardly any."""
    assert text_language(text) == language
    assert text_language(text * 2000) == language
