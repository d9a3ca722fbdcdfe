"""Ranks: a pencil case, noise that must not rank, and how often noise is ranked all the same."""

import numpy as np
import pytest

from leaderboard.rank import USUAL, Contender, rank, shared_spread


def contender(values, *seeds):
    return Contender(np.asarray(values, np.float64), seeds or [values[0]])


def places(ranking):
    return [(one.rank, one.first, one.last) for one in ranking.places]


def test_one_entry_is_first():
    assert places(rank([contender([0.1, 0.1, 0.2])])) == [(1, 1, 1)]


def test_a_clear_order_with_a_shared_middle():
    rng = np.random.default_rng(0)
    common = np.r_[0, rng.normal(0, 0.01, 1000)]  # of the images, which are the same for all
    own = [np.r_[0, rng.normal(0, 0.001, 1000)] for _ in range(4)]
    values = [
        level + common + noise for level, noise in zip((0.3, 0.2, 0.201, 0.1), own, strict=True)
    ]
    ranking = rank([contender(one) for one in values])
    assert places(ranking) == [(4, 4, 4), (2, 2, 3), (2, 2, 3), (1, 1, 1)]
    assert 1.96 < ranking.critical < 3.2  # of six comparisons, more than of one


def test_unpaired_intervals_overlap_where_the_paired_difference_stands():
    rng = np.random.default_rng(1)
    common = np.r_[0, rng.normal(0, 0.05, 1000)]
    a, b = 0.1 + common, 0.11 + common + np.r_[0, rng.normal(0, 0.001, 1000)]
    assert np.quantile(a[1:], 0.975) > np.quantile(b[1:], 0.025)
    assert places(rank([contender(a), contender(b)])) == [(1, 1, 1), (2, 2, 2)]


def test_ties_are_shared_though_not_transitive():
    noise = np.random.default_rng(2).normal(0, 0.01, (3, 1000))
    values = [
        np.r_[level, level + one] for level, one in zip((0.10, 0.13, 0.16), noise, strict=True)
    ]
    assert places(rank([contender(one) for one in values])) == [(1, 1, 2), (1, 1, 3), (2, 2, 3)]


def quiet(*seeds, number=0):
    """An entry whose images tell all but exactly how good its weights are."""
    noise = np.random.default_rng(number).normal(0, 1e-5, 500)
    return contender(np.mean(seeds) + np.r_[0, noise], *seeds)


def spread_of(percent, levels):
    """Entries of two seeds that scatter by so much."""
    off = percent / 100 / 2**0.5
    return [quiet(v * (1 - off), v * (1 + off), number=n) for n, v in enumerate(levels)]


def test_the_spread_of_seeds_counts():
    wide = [quiet(0.08, 0.10, 0.12), quiet(0.09, 0.11, 0.13)]
    assert places(rank(wide))[1] == (1, 1, 2)
    narrow = [quiet(0.0999, 0.1, 0.1001), quiet(0.1099, 0.11, 0.1101)]
    assert places(rank(narrow))[1] == (2, 2, 2)


def test_a_single_seed_bears_the_spread_of_seeds_too():
    assert places(rank([quiet(0.100), quiet(0.103)])) == [(1, 1, 2)] * 2
    assert places(rank([quiet(0.100), quiet(0.110)])) == [(1, 1, 1), (2, 2, 2)]
    several = [quiet(*np.linspace(v - 0.002, v + 0.002, 30)) for v in (0.100, 0.103)]
    assert places(rank(several)) == [(1, 1, 1), (2, 2, 2)]


def test_seeds_that_happen_to_agree_prove_nothing():
    lucky = [quiet(0.1, 0.1 + 1e-7, number=8), quiet(0.103, 0.103 + 1e-7, number=9)]
    others = spread_of(2, [0.2, 0.21, 0.22, 0.23, 0.24])
    ranking = rank([*lucky, *others])
    assert not ranking.better[:2, :2].any()
    assert ranking.better[:2, 2:].all()


def test_who_sends_wild_seeds_gains_no_rank_and_ties_nobody():
    others = spread_of(1, [0.10, 0.12, 0.14, 0.16])
    wild = quiet(0.05, 0.55, number=9)
    alone, beside = rank(others), rank([*others, wild])
    assert places(beside)[-1] == (5, 5, 5)
    np.testing.assert_array_equal(beside.better[:4, :4], alone.better)
    assert alone.better.sum() == 6


def test_who_is_ahead_by_wild_seeds_is_not_ahead():
    others = spread_of(1, [0.15, 0.152, 0.154, 0.156])
    assert not rank([quiet(0.08, 0.18, number=9), *others]).better.any()
    assert rank([quiet(0.13, 0.13 + 1e-7, number=9), *others]).better[0, 1:].all()


def test_the_shared_spread_is_a_median_by_what_few_seeds_tell():
    assert shared_spread([[0.1], [0.2, 0.3], [0.1, 0.4]]) == USUAL  # two of several seeds
    rng = np.random.default_rng(6)
    levels = rng.uniform(0.05, 0.2, 2001)
    for seeds in (2, 3, 10):
        entries = [level * (1 + rng.normal(0, 0.02, seeds)) for level in levels]
        assert shared_spread([*entries, [0.1]]) == pytest.approx(0.02, rel=0.06)
    wild = [[0.01, 0.9]] * 600  # of 2601
    assert shared_spread([*entries, *wild]) < 0.025


def test_equal_entries_share_the_first_rank():
    values = np.r_[0.1, np.random.default_rng(4).normal(0.1, 0.01, 200)]
    assert places(rank([contender(values)] * 3)) == [(1, 1, 3)] * 3


def test_ten_equally_good_entries_are_rarely_told_apart():
    """At a level of 95 %, at least one wrong difference in about one of twenty boards."""
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(200):
        scores = rng.normal(0.1, 0.05, (10, 200))  # ten entries, 200 images
        weights = rng.multinomial(200, [1 / 200] * 200, size=200).T / 200
        values = np.hstack([scores.mean(axis=1, keepdims=True), scores @ weights])
        wrong += rank([contender(one) for one in values]).better.any()
    assert 0.005 <= wrong / 200 <= 0.12


@pytest.mark.parametrize("seeds", [(2,) * 8, (1,) * 8, (1, 1, 1, 1, 1, 2, 3, 4)])
def test_equally_good_methods_are_rarely_told_apart_by_their_seeds(seeds):
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(200):
        board = [quiet(*rng.normal(0.1, USUAL * 0.1, n), number=n) for n in seeds]
        wrong += rank(board).better.any()
    assert 0.005 <= wrong / 200 <= 0.12


@pytest.mark.filterwarnings("error")
def test_entries_without_any_noise_are_ranked_by_their_value():
    board = [contender(np.full(50, value), value, value) for value in (0.1, 0.1, 0.2, 0.3)]
    assert places(rank(board)) == [(1, 1, 2), (1, 1, 2), (3, 3, 3), (4, 4, 4)]


@pytest.mark.parametrize("draws", [0, 1])
def test_without_resamples_nothing_breaks(draws):
    assert places(rank([contender([0.1] * (1 + draws)), contender([0.1] * (1 + draws))]))[0][0] == 1


def test_one_training_in_many_files_counts_once():
    """Twenty jitters of a model are as easy to tell from others as the model alone."""
    board = spread_of(2, [0.2, 0.21, 0.22, 0.23])
    seeds = 0.193 + np.random.default_rng(5).normal(0, 1e-5, 20)
    one, many = (rank([*board, quiet(*of, number=9)]) for of in (seeds[:1], seeds))
    assert np.array_equal(many.better, one.better)
    trained = 0.193 * (1 + np.random.default_rng(5).normal(0, 0.02, 20))
    honest = rank([*board, quiet(*trained, number=9)])
    assert honest.better.sum() > one.better.sum()
