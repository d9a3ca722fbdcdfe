"""The noise of seeds: pooled by a pencil, and how often chance passes for a difference."""

import numpy as np
import pytest

from benchmark.seeds import Spread, student


def test_spreads_are_pooled_by_their_degrees_of_freedom():
    found = Spread.pooled([[1.0, 3.0], [5.0], [0.0, 0.0, 3.0]])
    assert found.freedom == 1 + 2
    assert found.deviation == pytest.approx(((2 + 6) / 3) ** 0.5)
    assert Spread.pooled([[1.0], [2.0]]) is None


def test_student_s_quantiles_are_those_of_the_tables():
    assert [round(student(n), 3) for n in (1, 2, 4, 30)] == [12.706, 4.303, 2.776, 2.042]


@pytest.mark.parametrize("seeds", [2, 3])
def test_chance_passes_for_a_difference_once_in_twenty(seeds):
    """Two standard errors would be exceeded by chance in 30 and 18 % of all comparisons."""
    runs = np.random.default_rng(seeds).normal(0, 1, (4000, seeds))
    beyond = two = 0
    for row in runs:
        spread = Spread.pooled([row])
        error = spread.deviation / seeds**0.5
        beyond += abs(row.mean()) > student(spread.freedom) * error
        two += abs(row.mean()) > 2 * error
    assert 0.04 < beyond / 4000 < 0.06
    assert two / 4000 > 0.16
