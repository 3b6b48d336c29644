import numpy as np
import pytest

from app.documents.words import Lexicon
from app.tasks.extract import candidates, centrality, choose, similarities, standard
from app.tasks.parts import Part
from tests.documents_for_tasks import make_document

PROSE = (
    "The river carries sand from the mountains to the sea. "
    "However, the lake keeps its sand for many hundred years. "
    "Why does the lake keep all of its sand so long?"
)


def part_of(text: str, boilerplate: bool = False) -> Part:
    return Part(0, "Sand", 0, len(text), 30, boilerplate)


def test_candidates_are_claims_in_order() -> None:
    """Questions are left out; a sentence that leans on another is marked."""
    found = candidates(make_document([PROSE]), part_of(PROSE), Lexicon())
    assert [PROSE[slice(*claim.span)][:9] for claim in found] == ["The river", "However, "]
    assert [claim.weakness for claim in found] == [0.0, 0.5]
    assert found[0].keys == ("river", "carri", "sand", "mountain", "sea")


def test_boilerplate_has_no_candidates() -> None:
    """Nothing of a table of contents is noted."""
    assert candidates(make_document([PROSE]), part_of(PROSE, boilerplate=True), Lexicon()) == []


def test_hardly_any_prose_has_no_candidates() -> None:
    """One sentence in pages of index entries does not make them text."""
    text = "The river carries sand from the mountains to the sea.\n\n" + "river, 12\n\nsand, 17\n\n" * 40
    assert candidates(make_document([text]), part_of(text), Lexicon()) == []


def test_similarities_by_hand() -> None:
    """Cosine of TF-IDF: with a shared stem of weight log(3/2) beside one's own stem of weight log 3."""
    shared, own = np.log(3 / 2), np.log(3)
    similar = similarities([["a", "b"], ["a", "c"], ["d"]])
    assert similar[0, 1] == pytest.approx(shared**2 / (shared**2 + own**2), rel=1e-5)
    assert similar[0, 2] == 0
    assert np.diag(similar) == pytest.approx([1, 1, 1])


def test_centrality_by_hand() -> None:
    """A star of three: the middle collects most, the ends alike; the ranks sum to 1."""
    rank = centrality(np.array([[1, 1, 1], [1, 1, 0], [1, 0, 1]], dtype=np.float32))
    # r0 = 0.05 + 0.85 (r0/3 + r1), r1 = 0.05 + 0.85 (r0/3 + r1/2), r0 + 2 r1 = 1
    assert rank == pytest.approx([0.05 / 0.1417 + 0.0746, 0.2863, 0.2863], abs=2e-2)
    assert rank.sum() == pytest.approx(1)
    assert rank[1] == pytest.approx(rank[2])


def test_standard_scores() -> None:
    """Mean 0, deviation 1; equal values say nothing."""
    assert standard([1.0, 3.0]) == pytest.approx([-1, 1])
    assert standard([2.0, 2.0]) == pytest.approx([0, 0])


def test_choice_avoids_repeats() -> None:
    """The second best is passed over when it says the same as the best; the order is the text's."""
    similar = np.array([[1, 0, 0], [0, 1, 0.9], [0, 0.9, 1]], dtype=np.float32)
    assert choose(np.array([0.0, 1.5, 1.0], dtype=np.float32), similar, 2) == [0, 1]
    assert choose(np.array([0.0, 1.5, 1.0], dtype=np.float32), similar, 9) == [0, 1, 2]


def test_choice_spreads_over_groups() -> None:
    """With one sentence per group the second best of a group gives way to the best of another."""
    scores = np.array([3.0, 2.0, 1.0], dtype=np.float32)
    similar = np.eye(3, dtype=np.float32)
    assert choose(scores, similar, 2, groups=[0, 0, 1], per_group=1) == [0, 2]
    assert choose(scores, similar, 3, groups=[0, 0, 1], per_group=1) == [0, 2]
