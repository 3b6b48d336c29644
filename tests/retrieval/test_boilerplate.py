"""Contents pages, indexes and references are told from text, tables, code and poems."""

from __future__ import annotations

import pytest

from app.retrieval.boilerplate import BOILERPLATE, match_weight

CONTENTS = (
    "2 Introduction … 3\n2.1 What is new … 4\n2.2 A short history of the language … 5\n3 First steps … 11\n"
    "3.1 Variables … 12\n3.2 The scope of a name … 14\n4 Strings … 23"
)
ON_ONE_LINE = CONTENTS.replace("\n", " ")
DOTTED = (
    "Preface ........ ix\nThe river ........ 1\nThe dam ........ 15\nThe flood . . . . . . 40\n"
    "The end ........ 91\nNotes ........ 97\nIndex ........ 99"
)
NUMBERED = (
    "1 Scope 1\n1.1 Terms of use 1\n1.2 Conformance 2\n2 Structure of a file 4\n"
    "2.1 The header 4\n2.2 Records 9\n3 Use 12\n4 Errors 20"
)
PLAIN_CONTENTS = "PREFACE xiii\nINTRODUCTION 1\nCreators 21\nMere Copyists 31\nPirates 53\nProperty 81\nFounders 85"
INDEX = (
    "abline, 71\nace, 67\nadd1, 60\nanova, 58, 60\naperm, 23\narray, 22\nbarplot, 38, 70\nboxplot, 38\nbreak, 44\n"
    "c, 8, 11, 27\ncbind, 26\ncoef, 58\ncontour, 70-72"
)
INDEX_ON_ONE_LINE = INDEX.replace("\n", " ")
COLUMNS = (
    "Basis, 3 Gauß-Krümmung, 92, 91–94\nBaum, 37 Geometrie, 64\nBetti-Zahl, 41 Gerade, 64\nMöbiusband, 91 Abbildung, 6"
)
REFERENCES = (
    "D. M. Bates and D. G. Watts (1988), Nonlinear Regression Analysis. John Wiley & Sons, New York.\n"
    "Forgy, E. W. (1965). Cluster analysis. Biometrics, 21, 768–769. doi:10.2307/2528559.\n"
    "Hartigan, J. A. and Wong, M. A. (1979). Algorithm AS 136. Applied Statistics, 28, 100–108.\n"
    "Lloyd, S. P. (1982). Least squares quantization. IEEE Transactions, 28, 128–137.\n"
    "[5] B. D. Ripley. Pattern Recognition. Cambridge, 1996, pp. 12–19."
)

PROSE = (
    "The Elbe rises in the Krkonoše mountains and flows through Bohemia, Saxony and Hamburg to the North Sea. In "
    "April, when the snow melts, it often floods the fields; the worst floods came in 1845, 1890, 2002 and 2013."
)
CITING_PROSE = (
    "Summaries of structured data are treated in many fields, such as logs of servers (Zadrozny and Kacprzyk, 2007), "
    "the extraction of patterns (Ndiaye et al., 2010), sequences of events (Peng, 2007) and databases (Saint-Paul et "
    "al., 2005; Lakshmanan et al., 2002), where the values of the measures are summed over the levels of a hierarchy."
)
NUMBERS = "year rain snow\n1990 310 12\n1991 290 40\n1992 402 7\n1993 388 0\n1994 297 31\n1995 315 22"
CITIES = "Berlin 3645\nHamburg 1841\nMünchen 1472\nKöln 1086\nFrankfurt 753\nStuttgart 635\nDüsseldorf 619"
ASCENDING = "Battle of the Marne 1914\nVerdun 1916\nSomme 1916\nCambrai 1917\nAmiens 1918\nMons 1918"
LISTED = "Sugar, 12 g\nSalt, 3.5 g\nProtein, 40 g\nFat, 9.2 g\nStarch, 11 g\nIron, 2 mg\nZinc, 1 mg"
COMMANDS = "set xrange 10\nset yrange 20\nset samples 500\nplot sin 4\nreplot 2\nset term 8\nunset key 1\npause 3"
CODE = "pl.beta(2, 4)\npl.beta(3, 7)\nx <- c(1, 2, 3)\nplot(x, 2, 5)\nfor (i in 1:10) print(i, 3)\nabs(x, 1)"
ARRAYS = "int a[] = {12, 40, 7};\nint b[] = {3, 5, 8};\nint c[] = {1, 2, 4};\nint d[] = {9, 9, 9};\nint e[] = {6, 6};"
POEM = (
    "Tyger Tyger, burning bright,\nIn the forests of the night;\nWhat immortal hand or eye,\n"
    "Could frame thy fearful symmetry?\n\nIn what distant deeps or skies …\nBurnt the fire of thine eyes? …"
)
CV = "W. N. Venables, D. M. Smith and the R Core Team wrote it between 1990 and 2022 for all who use the language."

NAMES = (
    "Thanks to J. Smith, A. B. Jones, C. Weber, D. E. Brown, F. Gray, G. H. Black, I. Green and K. L. White for help."
)


@pytest.mark.parametrize("text", [CONTENTS, ON_ONE_LINE, DOTTED, NUMBERED, INDEX, INDEX_ON_ONE_LINE, REFERENCES])
def test_recognised_without_a_title(text: str) -> None:
    """By their entries alone, however the lines were read, and as the rest of a page that began elsewhere."""
    assert match_weight(text, "") == match_weight(text, "Beginning") == BOILERPLATE
    assert match_weight(text[len(text) // 5 :], "") == BOILERPLATE


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (PLAIN_CONTENTS, "CONTENTS"),
        (PLAIN_CONTENTS, "Table of Contents"),
        (COLUMNS, "Stichwortverzeichnis"),
        (INDEX[:30], "Index"),
        (INDEX[:30], "Function and variable index"),
        (REFERENCES[:150], "F References"),
        (REFERENCES[:150], "Appendix F References"),
        (REFERENCES[:150], "Références"),
        (REFERENCES[:150], "7. Bibliography"),
    ],
)
def test_recognised_with_its_title(text: str, title: str) -> None:
    """Fewer entries, or columns that were mixed up, are enough where the section's title tells of them."""
    assert match_weight(text, title) == BOILERPLATE
    assert match_weight(text, "The river") == 1


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        CITING_PROSE,
        NUMBERS,
        CITIES,
        ASCENDING,
        LISTED,
        COMMANDS,
        CODE,
        ARRAYS,
        POEM,
        CV,
        NAMES,
        "",
        "\n\n",
        "Index",
        "…",
    ],
)
def test_text_is_not_taken_for_it(text: str) -> None:
    """Tables, lists of commands, code and verse hold answers; so does prose that cites."""
    assert match_weight(text, "") == 1


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("A reference is another name of a variable. It cannot be null, and it cannot be seated anew.", "References"),
        ("An index makes a search faster, and every insertion slower. SQLite keeps it as a tree.", "Indexes"),
        ("The index keyword selects data sets:\n\nplot 'file' index 4:5", "Index"),
        (CITIES, "Contents of the appendix"),
        ("1990, 100\n1991, 104\n1992, 107\n1993, 109", "Consumer price index"),
        ("You may copy and change the program under the terms of version 2 of the licence.", "License"),
        ("Protein 40\nFat 9\nStarch 11\nIron 2", "Nutrient contents"),
    ],
)
def test_a_title_alone_is_not_enough(text: str, title: str) -> None:
    """Sections of text about references, indexes and licences are text."""
    assert match_weight(text, title) == 1


def test_endless_dots() -> None:
    """Dots are looked at once, in a passage as in a title."""
    assert match_weight("." * 100_000, "." * 5000) == 1.0
    assert match_weight(". " * 50_000, "Dots") == 1.0
