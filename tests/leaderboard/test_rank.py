"""Ranks: a pencil case, noise that must not rank, and how often noise is ranked all the same."""

import numpy as np
import pytest

from leaderboard.rank import Contender, rank


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


def test_the_spread_of_seeds_counts():
    quiet = np.random.default_rng(3).normal(0, 1e-4, (2, 500))
    a, b = np.r_[0.10, 0.10 + quiet[0]], np.r_[0.11, 0.11 + quiet[1]]
    assert places(rank([contender(a), contender(b)]))[1] == (2, 2, 2)
    wide = [contender(a, 0.08, 0.10, 0.12), contender(b, 0.09, 0.11, 0.13)]
    assert places(rank(wide))[1] == (1, 1, 2)
    narrow = [contender(a, 0.0999, 0.1, 0.1001), contender(b, 0.1099, 0.11, 0.1101)]
    assert places(rank(narrow))[1] == (2, 2, 2)


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


@pytest.mark.parametrize("draws", [0, 1])
def test_without_resamples_nothing_breaks(draws):
    assert places(rank([contender([0.1] * (1 + draws)), contender([0.1] * (1 + draws))]))[0][0] == 1
