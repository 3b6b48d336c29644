"""How repositories are named, and which one was perhaps meant."""

from __future__ import annotations

import pytest

from app.core.errors import UserError
from app.services.hub.repository import check_repository, did_you_mean, tuned_by_name


@pytest.mark.parametrize(
    "written",
    [
        "google/recurrentgemma-2b-it",
        " google/recurrentgemma-2b-it ",
        "https://huggingface.co/google/recurrentgemma-2b-it",
        "https://huggingface.co/google/recurrentgemma-2b-it/tree/main",
        "https://hf-mirror.com/google/recurrentgemma-2b-it/",
    ],
)
def test_ways_to_write_a_repository(written: str) -> None:
    """Its name, or the address of its page."""
    assert check_repository(written) == "google/recurrentgemma-2b-it"


@pytest.mark.parametrize(
    "written", ["", "x", "a/b/c", "../x", "a/..", "a/b--c", "-a/b", "a b/c", "a/b\n", "a/b?x", "google/", "a" * 200]
)
def test_what_is_no_name(written: str) -> None:
    """It is refused before anything is asked, on one line."""
    if written == "a/b\n":  # a line end around it is no part of it
        assert check_repository(written) == "a/b"
        return
    with pytest.raises(UserError, match="owner/name") as raised:
        check_repository(written)
    assert raised.value.code == "hub-not-found" and "\n" not in raised.value.message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("recurrentgemma-2b-it", "google/recurrentgemma-2b-it"),
        ("google/recurrentgema-2b-it", "google/recurrentgemma-2b-it"),
        ("google/recurrent-gemma-9b", "google/recurrentgemma-9b"),
        ("deepmind/recurrentgemma-9b-it", "google/recurrentgemma-9b-it"),
        ("google/recurrentgemma-2b-flax", "google/recurrentgemma-2b"),
    ],
)
def test_a_name_close_to_a_published_one(written: str, meant: str) -> None:
    """It is asked for by its right name."""
    assert did_you_mean(written) == f"; did you mean {meant}?"


def test_names_close_to_none() -> None:
    """Nothing is guessed, and the name itself is no guess."""
    assert did_you_mean("meta-llama/Llama-3") == ""
    assert "recurrentgemma-2b-it?" not in did_you_mean("google/recurrentgemma-2b-it")


@pytest.mark.parametrize(
    ("repository", "tuned"),
    [
        ("google/recurrentgemma-2b-it", True),
        ("google/recurrentgemma-9b-it", True),
        ("google/recurrentgemma-2b", False),
        ("google/recurrentgemma-2b-pytorch", False),
        ("google/recurrentgemma-2b-it-pytorch", True),
        ("someone/recurrentgemma-2b-it-int8", True),
        ("someone/item", None),
        ("someone/recurrentgemma", None),
    ],
)
def test_instruction_tuned_by_name(repository: str, tuned: bool | None) -> None:
    """As Google names them; of others nothing is known."""
    assert tuned_by_name(repository) is tuned
