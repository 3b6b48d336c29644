"""Sampling: distributions worked out by hand, transformers' warpers as reference, and what is refused."""

import math
from collections import Counter
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import CheckpointError, InternalError, UserError
from app.inference.generator import Sampling
from app.inference.sampling import Likeliest, Sampler, draw, draw_from_largest

# Probabilities 1/2, 1/4, 1/8, 1/16, 1/16, shuffled.
LOGITS = torch.log(torch.tensor([1 / 8, 1 / 2, 1 / 16, 1 / 4, 1 / 16]))


def frequencies(sampling: Sampling, logits: torch.Tensor, draws: int = 4000) -> dict[int, float]:
    """How often each token is drawn."""
    sampler = Sampler(sampling, len(logits))
    counts = Counter(sampler(logits, []) for _ in range(draws))
    return {token: n / draws for token, n in counts.items()}


def test_temperature_zero_is_greedy() -> None:
    """The likeliest token, whatever the other settings."""
    assert Sampler(Sampling(temperature=0.0, top_k=3, top_p=0.1), 5)(LOGITS, []) == 1


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (Sampling(temperature=1.0), {1: 1 / 2, 3: 1 / 4, 0: 1 / 8, 2: 1 / 16, 4: 1 / 16}),
        (Sampling(temperature=0.5), {1: 32 / 43, 3: 8 / 43, 0: 2 / 43, 2: 1 / 86, 4: 1 / 86}),
        (Sampling(temperature=1.0, top_k=2), {1: 2 / 3, 3: 1 / 3}),
        (Sampling(temperature=1.0, top_k=99), {1: 1 / 2, 3: 1 / 4, 0: 1 / 8, 2: 1 / 16, 4: 1 / 16}),
        (Sampling(temperature=1.0, top_p=0.6), {1: 2 / 3, 3: 1 / 3}),
        (Sampling(temperature=1.0, top_p=0.8), {1: 4 / 7, 3: 2 / 7, 0: 1 / 7}),
        (Sampling(temperature=1.0, top_p=1e-9), {1: 1.0}),
        (Sampling(temperature=1.0, top_k=3, top_p=0.8), {1: 2 / 3, 3: 1 / 3}),
        (Sampling(temperature=1e-30), {1: 1.0}),
    ],
)
def test_draws_follow_the_distribution(sampling: Sampling, expected: dict[int, float]) -> None:
    """4,000 draws (fixed seed) lie within 0.03 of the probabilities worked out by hand, and no other token comes."""
    found = frequencies(sampling, LOGITS)
    assert set(found) == set(expected)
    assert all(abs(found[token] - p) < 0.03 for token, p in expected.items())


def test_repetition_penalty_by_hand() -> None:
    """Positive logits are divided, negative ones multiplied, once per token however often it was seen."""
    logits = torch.tensor([3.0, 2.5, -1.0, -1.5])
    greedy = Sampler(Sampling(repetition_penalty=1.5), 4)
    assert greedy(logits, []) == 0
    assert greedy(logits, [0, 0, 0]) == 1  # 3 / 1.5 = 2 < 2.5
    assert greedy(logits, [0, 1]) == 0  # 2 > 1.67
    assert Sampler(Sampling(repetition_penalty=2.0), 2)(torch.tensor([-1.0, -1.5]), [0]) == 1  # -2 < -1.5
    assert logits.tolist() == [3.0, 2.5, -1.0, -1.5]


@pytest.mark.parametrize("seed", range(3))
def test_the_kept_tokens_are_transformers(seed: int) -> None:
    """After penalty, temperature, top-k and top-p, the tokens drawn are those that transformers' warpers leave."""
    warpers = pytest.importorskip("transformers.generation.logits_process")
    logits = torch.randn(300, generator=torch.Generator().manual_seed(seed)) * 3
    seen = [int(i) for i in logits.topk(3).indices]
    scores = logits[None].clone()
    for warper in (
        warpers.RepetitionPenaltyLogitsProcessor(1.3),
        warpers.TemperatureLogitsWarper(0.7),
        warpers.TopKLogitsWarper(20),
        warpers.TopPLogitsWarper(0.9),
    ):
        scores = warper(torch.tensor([seen]), scores)
    sampler = Sampler(Sampling(temperature=0.7, top_k=20, top_p=0.9, repetition_penalty=1.3, seed=seed), 300)
    drawn = Counter(sampler(logits, seen) for _ in range(3000))
    expected = torch.softmax(scores[0], 0)
    assert set(drawn) <= set(torch.nonzero(expected).flatten().tolist())
    assert all(abs(drawn[i] / 3000 - float(p)) < 0.04 for i, p in enumerate(expected))


def test_a_nucleus_wider_than_the_first_look_is_found_whole() -> None:
    """A flat distribution over 10,000 tokens: top_p 0.5 keeps 5,000 of them, so draws go beyond any small top-k."""
    sampler = Sampler(Sampling(temperature=1.0, top_p=0.5), 10_000)
    logits = torch.linspace(0.0, -1e-3, 10_000)  # falls, so that the kept half is known
    drawn = [sampler(logits, []) for _ in range(300)]
    assert max(drawn) < 5002
    assert max(drawn) > 4900
    assert 2300 < sum(drawn) / 300 < 2700


def test_equal_logits_at_the_nucleus_edge_are_cut_to_size() -> None:
    """1,000 equal tokens and one likelier by far: the fewest that reach half hold it and some of the equals."""
    logits = torch.zeros(1001)
    logits[500] = 6.0  # mass 403 of 1,403: half of it takes 299 equals more
    drawn = set(frequencies(Sampling(temperature=1.0, top_p=0.5), logits, 3000))
    assert 500 in drawn
    assert 280 < len(drawn) <= 300


def test_a_seed_gives_the_same_tokens_again() -> None:
    """Another seed gives others; the logits' order of evaluation plays no part."""
    logits = torch.randn(1000, generator=torch.Generator().manual_seed(0))

    def draw(seed: int) -> list[int]:
        sampler = Sampler(Sampling(temperature=1.0, top_p=0.95, seed=seed), 1000)
        return [sampler(logits, []) for _ in range(20)]

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


def test_masked_tokens_are_never_drawn() -> None:
    """A logit of minus infinity has no probability, at any setting."""
    logits = torch.tensor([-math.inf, 0.0, -math.inf, 0.0])
    for sampling in (
        Sampling(temperature=5.0),
        Sampling(temperature=5.0, top_k=3),
        Sampling(temperature=5.0, top_p=0.99),
    ):
        assert set(frequencies(sampling, logits, 200)) == {1, 3}


@given(
    values=st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=1, max_size=30),
    temperature=st.floats(0, 100, allow_subnormal=True),
    top_k=st.integers(0, 40),
    top_p=st.floats(0, 1, exclude_min=True),
    penalty=st.floats(0.1, 10),
    seed=st.integers(0, 2**63 - 1),
)
@settings(max_examples=300, deadline=None)
def test_any_finite_logits_give_a_token(
    values: list[float], temperature: float, top_k: int, top_p: float, penalty: float, seed: int
) -> None:
    """Always an id of the vocabulary, whatever the settings."""
    sampling = Sampling(temperature, top_k, top_p, penalty, seed)
    assert 0 <= Sampler(sampling, len(values))(torch.tensor(values), range(len(values))) < len(values)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_logits_that_are_no_numbers_are_refused(bad: float, temperature: float) -> None:
    """A model gone wrong is reported, not read on."""
    with pytest.raises(CheckpointError, match="largest logit is"):
        Sampler(Sampling(temperature=temperature), 3)(torch.tensor([0.0, bad, 1.0]), [])


def test_logits_without_any_finite_value_are_refused() -> None:
    """All minus infinity."""
    with pytest.raises(CheckpointError, match="largest logit is -inf"):
        Sampler(Sampling(), 2)(torch.tensor([-math.inf, -math.inf]), [])


def test_logits_of_another_shape_are_refused() -> None:
    """The message gives both shapes."""
    with pytest.raises(InternalError, match=r"shape \(1, 5\), expected \(5,\)"):
        Sampler(Sampling(), 5)(LOGITS[None], [])


@pytest.mark.parametrize(
    ("sampling", "name"),
    [
        (Sampling(temperature=-0.1), "temperature is -0.1"),
        (Sampling(temperature=math.nan), "temperature is nan"),
        (Sampling(temperature=math.inf), "temperature is inf"),
        (Sampling(top_k=-1), "top_k is -1"),
        (Sampling(top_p=0.0), "top_p is 0.0"),
        (Sampling(top_p=1.5), "top_p is 1.5"),
        (Sampling(repetition_penalty=0.0), "repetition_penalty is 0.0"),
        (Sampling(repetition_penalty=math.nan), "repetition_penalty is nan"),
        (Sampling(seed=-1), "seed is -1"),
    ],
)
def test_settings_out_of_range_are_refused(sampling: Sampling, name: str) -> None:
    """A UserError that names the setting and its value."""
    with pytest.raises(UserError, match=name):
        Sampler(sampling, 5)


MANY_SETTINGS = [
    Sampling(),
    Sampling(repetition_penalty=1.3),
    Sampling(temperature=0.8, top_p=0.9, seed=1),
    Sampling(temperature=0.3, top_p=0.9, repetition_penalty=1.05, seed=2),
    Sampling(temperature=1.0, top_k=40, seed=3),
    Sampling(temperature=1.5, top_k=40, top_p=0.5, repetition_penalty=0.9, seed=4),
    Sampling(temperature=1.0, seed=5),
    Sampling(temperature=30.0, top_p=0.99, seed=6),
    Sampling(temperature=1.0, top_k=700, seed=7),
    Sampling(temperature=1e-30, top_p=0.5, seed=8),
]
"""Greedy and drawn, from few tokens and from more than are exchanged at once."""


@pytest.mark.parametrize("together", [draw, draw_from_largest])
@pytest.mark.parametrize("vocab_size", [100, 1000])
def test_many_sequences_draw_what_each_draws_alone(together: Callable[..., list[int]], vocab_size: int) -> None:
    """Over 40 steps, each with its own settings, random numbers and past tokens."""
    generator = torch.Generator().manual_seed(0)
    alone, side_by_side = ([Sampler(sampling, vocab_size) for sampling in MANY_SETTINGS] for _ in range(2))
    seen: list[list[int]] = [[] for _ in MANY_SETTINGS]
    for _ in range(40):
        logits = 3 * torch.randn((len(MANY_SETTINGS), vocab_size), generator=generator)
        before = logits.clone()
        expected = [sampler(row, ids) for sampler, row, ids in zip(alone, logits, seen, strict=True)]
        assert together(side_by_side, logits, seen) == expected
        assert torch.equal(logits, before)
        for ids, token in zip(seen, expected, strict=True):
            ids.append(token)


@pytest.mark.parametrize("together", [draw, draw_from_largest])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_one_damaged_row_is_an_error(together: Callable[..., list[int]], bad: float) -> None:
    """Whatever its settings: no token is drawn from it."""
    for sampling in (Sampling(), Sampling(temperature=1.0, top_p=0.9)):
        logits = torch.zeros((2, 50))
        logits[1, 7] = bad
        with pytest.raises(CheckpointError, match="not finite"):
            together([Sampler(sampling, 50), Sampler(sampling, 50)], logits, [[], []])


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (Sampling(), True),
        (Sampling(seed=5, top_k=3), True),
        (Sampling(temperature=0.3), False),
        (Sampling(repetition_penalty=1.05), False),
    ],
)
def test_who_takes_the_likeliest(sampling: Sampling, expected: bool) -> None:
    """Only what neither chance nor past tokens can change."""
    assert Sampler(sampling, 5).takes_the_likeliest is expected


def test_the_likeliest_of_each_sequence() -> None:
    """The same tokens as drawn one by one, for the device and for the host; the logits may change afterwards."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    logits = torch.randn((7, 1000), generator=torch.Generator().manual_seed(3))
    expected = draw([Sampler(Sampling(), 1000)] * 7, logits, [[]] * 7)
    on_device = logits.to(device)
    likeliest = Likeliest.of(on_device)
    on_device.zero_()
    assert likeliest.tokens() == expected
    assert likeliest.ids.tolist() == [[token] for token in expected]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_no_likeliest_of_damaged_logits(bad: float) -> None:
    """Told when the host asks."""
    logits = torch.zeros((2, 50))
    logits[1, 7] = bad
    with pytest.raises(CheckpointError, match="not finite"):
        Likeliest.of(logits).tokens()
