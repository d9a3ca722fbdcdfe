"""The noise of seeds: pooled by a pencil, and how often chance passes for a difference."""

import numpy as np
import pytest

from benchmark.seeds import Spread, standard_error, student


def rows_of(*rows):
    """Lists of values as rows, seed -> value, of the seeds 0, 1, …."""
    return [dict(enumerate(values)) for values in rows]


def passing(runs, reference, besides):
    """Whether chance passes for a difference between two rows, seed -> value."""
    error = standard_error(runs, reference, besides)
    apart = np.mean(list(runs.values())) - np.mean(list(reference.values()))
    return abs(apart) > student(error.freedom) * error.deviation


def test_spreads_are_pooled_by_their_degrees_of_freedom():
    found = Spread.pooled([[1.0, 3.0], [5.0], [0.0, 0.0, 3.0]])
    assert found.freedom == 1 + 2
    assert found.deviation == pytest.approx(((2 + 6) / 3) ** 0.5)
    assert Spread.pooled([[1.0], [2.0]]) is None


def test_what_rows_and_seeds_do_is_no_noise():
    found = Spread.besides_seeds(rows_of([1.0, 3.0, 8.0], [11.0, 13.0, 18.0]))
    assert (found.freedom, found.deviation) == (2, pytest.approx(0, abs=1e-12))
    found = Spread.besides_seeds(rows_of([0.0, 1.0], [0.0, 0.0]))  # ± 1/4 is left everywhere
    assert (found.freedom, found.deviation) == (1, pytest.approx((4 / 16) ** 0.5))


def test_single_runs_and_other_seeds_add_nothing_to_what_is_shared():
    pair = rows_of([0.0, 1.0], [0.0, 0.0])
    assert Spread.besides_seeds([*pair, {0: 7.0}, {8: 3.0, 9: 4.0}]) == Spread(
        pytest.approx(0.5), 1
    )
    assert Spread.besides_seeds(rows_of([1.0], [2.0])) is None
    assert Spread.besides_seeds([{0: 1.0, 1: 2.0}, {2: 5.0, 3: 3.0}]) is None


def test_a_paired_difference_is_that_of_a_paired_t_test():
    first, second = rows_of([0.3, 0.5, 0.1], [0.2, 0.1, 0.3])
    found = standard_error(first, second, Spread.besides_seeds([first, second]))
    apart = np.array(list(first.values())) - list(second.values())
    assert found == Spread(pytest.approx(apart.std(ddof=1) / 3**0.5), 2)


def test_other_seeds_are_held_against_the_two_rows_own_scatter():
    besides = Spread(0.001, 20)
    found = standard_error({0: 5.0}, {0: 1.0, 1: 3.0}, besides)
    assert found == Spread(pytest.approx((2 * 1.5) ** 0.5), 1)
    found = standard_error({0: 5.0, 1: 6.0}, {2: 1.0, 3: 3.0}, besides)
    assert found == Spread(pytest.approx(((2 + 0.5) / 2) ** 0.5), 2)
    assert standard_error({0: 5.0}, {1: 1.0}, besides) is None
    assert standard_error({0: 5.0}, {0: 1.0}, None) is None


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


@pytest.mark.parametrize("common", [0.0, 2.0], ids=["noise", "seeds-that-act-alike"])
@pytest.mark.parametrize(("rows", "seeds"), [(6, 2), (12, 2), (11, 4)])
def test_chance_passes_once_in_twenty_whatever_the_number_of_rows(rows, seeds, common):
    """The rows' differences from the reference, pooled, would let it pass in 6.5 to 8 %."""
    rng = np.random.default_rng([rows, seeds])
    studies = 3000
    values = rng.normal(size=(studies, 1 + rows, seeds))
    values += common * rng.normal(size=(studies, 1, seeds))
    beyond = pooled = 0
    for study in values:
        reference, *others = rows_of(*study)
        besides = Spread.besides_seeds([reference, *others])
        assert besides.freedom == rows * (seeds - 1)
        beyond += sum(passing(row, reference, besides) for row in others)
        pairs = study[1:] - study[0]
        spread = Spread.pooled(pairs)
        limit = student(spread.freedom) * spread.deviation / seeds**0.5
        pooled += (abs(pairs.mean(axis=1)) > limit).sum()
    assert 0.044 < beyond / studies / rows < 0.056
    assert pooled / studies / rows > 0.06


@pytest.mark.parametrize("common", [0.0, 1.0, 5.0])
@pytest.mark.parametrize(
    ("one", "other"),
    [((0,), (0, 1, 2, 3)), ((9,), (0, 1, 2)), ((8, 9), (0, 1)), ((0, 1, 9), (0, 1, 2))],
)
def test_rows_of_other_seeds_pass_at_most_once_in_twenty(one, other, common):
    rng = np.random.default_rng(len(one) + len(other))
    beyond = 0
    for alike in common * rng.normal(size=(4000, 10)):
        first, second = ({s: alike[s] + rng.normal() for s in seeds} for seeds in (one, other))
        beyond += passing(first, second, None)
    assert beyond / 4000 < 0.06
    if not set(one) & set(other) or not common:
        assert beyond / 4000 > 0.04
