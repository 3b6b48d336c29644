"""The weighted sum of two rankings."""

from __future__ import annotations

import pytest

from app.retrieval.fusion import DENSE_WEIGHT, fuse


def test_scores_by_hand() -> None:
    """Each score as a share of its best; what one ranking does not know has 0 from it."""
    fused = fuse({"a": 4.0, "b": 1.0}, {"b": 0.8, "c": 0.4})
    assert fused == pytest.approx(
        {"a": 1 - DENSE_WEIGHT, "b": (1 - DENSE_WEIGHT) / 4 + DENSE_WEIGHT, "c": DENSE_WEIGHT / 2}
    )


def test_without_meaning_words_stay_as_they_are() -> None:
    """No vectors: the scores of the search by words."""
    assert fuse({"a": 4.0, "b": 1.0}, {}) == {"a": 4.0, "b": 1.0}
    assert fuse({}, {}) == {}


def test_without_words_meaning_is_the_ranking() -> None:
    """A question whose words nobody uses."""
    assert fuse({}, {"a": 0.5, "b": 0.25}) == pytest.approx({"a": DENSE_WEIGHT, "b": DENSE_WEIGHT / 2})


@pytest.mark.parametrize("dense", [{"a": -0.2, "b": -0.1}, {"a": 0.0, "b": 0.0}])
def test_nothing_is_near(dense: dict[str, float]) -> None:
    """Negative cosines take nothing from what the words found, and zeros divide nothing."""
    assert fuse({"a": 2.0, "b": 1.0}, dense) == pytest.approx({"a": 1 - DENSE_WEIGHT, "b": (1 - DENSE_WEIGHT) / 2})
    assert fuse({"a": 0.0}, {"a": 1.0}) == pytest.approx({"a": DENSE_WEIGHT})
