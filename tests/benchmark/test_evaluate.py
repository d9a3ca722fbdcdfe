"""Counting and averaging against an independent slow loop in plain Python, one point at a time."""

from __future__ import annotations

import math
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import benchmark
import ffld
from benchmark import PredictionsError, Score
from benchmark.bootstrap import draws
from benchmark.evaluate import counted, resampled
from benchmark.metrics import available
from ffld.sample import DataError, Targets
from ffld.schema import FFLD, FLD8, Visibility
from tests.benchmark.targets import (
    points,
    predict,
    random_predictions,
    random_targets,
    targets,
)

LEAST = {"visible": Visibility.VISIBLE, "all": Visibility.OCCLUDED}


def slow_counts(made: Targets, row: int, k: int, subset: str) -> bool:
    """Whether a slot counts, written without any array."""
    x1, y1, x2, y2 = made.box[row]
    x, y = made.xy[row, k]
    owned = made.schema.landmarks[k] in made.schema.garment_types[made.garment_type[row]]
    return bool(
        owned and made.visibility[row, k] >= LEAST[subset] and x1 <= x <= x2 and y1 <= y <= y2
    )


def slow_distance(made: Targets, row: int, a: np.ndarray, b: np.ndarray) -> float:
    x1, y1, x2, y2 = made.box[row]
    return math.hypot((a[0] - b[0]) / (x2 - x1), (a[1] - b[1]) / (y2 - y1))


def slow_score(metric: str, made: Targets, xy: np.ndarray, row: int, k: int) -> float | None:
    """The score of one counted point; None where the metric does not apply."""
    own = slow_distance(made, row, xy[row, k], made.xy[row, k])
    if metric == "ne":
        return own
    if metric == "ne_isotropic":
        x1, y1, x2, y2 = made.box[row]
        return math.dist(xy[row, k], made.xy[row, k]) / math.sqrt((x2 - x1) * (y2 - y1))
    if metric.startswith("pck@"):
        return float(own <= float(metric.removeprefix("pck@")))
    if metric == "auc":
        return max(0.0, 1 - own / 0.2)
    return {"swap": slow_swap, "rival": slow_rival, "order": slow_order}[metric](
        made, xy, row, k, own
    )


def slow_swap(made: Targets, xy: np.ndarray, row: int, k: int, own: float) -> float | None:
    name = made.schema.landmarks[k]
    partners = [set(pair) - {name} for pair in made.schema.flip_pairs if name in pair]
    if not partners:
        return None
    partner = made.xy[row, made.schema.index(partners[0].pop())]
    if math.isnan(partner[0]):
        return None
    return float(slow_distance(made, row, xy[row, k], partner) < own)


def slow_rival(made: Targets, xy: np.ndarray, row: int, k: int, own: float) -> float | None:
    x1, y1, x2, y2 = made.box[row]
    rivals = [r[k] for r in made.rivals[row] if x1 <= r[k, 0] <= x2 and y1 <= r[k, 1] <= y2]
    if not rivals:
        return None
    return float(min(slow_distance(made, row, xy[row, k], rival) for rival in rivals) < own)


def slow_order(made: Targets, xy: np.ndarray, row: int, k: int, own: float) -> float | None:
    x1, y1, x2, y2 = made.box[row]
    turned = []
    for other in range(len(made.schema)):
        if made.schema.adjacency[k, other] and slow_counts(made, row, other, "all"):
            step = (xy[row, other] - xy[row, k]) / (x2 - x1, y2 - y1)
            true = (made.xy[row, other] - made.xy[row, k]) / (x2 - x1, y2 - y1)
            turned.append(float(step[0] * true[0] + step[1] * true[1] < 0))
    return sum(turned) / len(turned) if turned else None


def slow_rows(metric: str, subset: str, made: Targets, xy: np.ndarray) -> list[dict[int, float]]:
    """For every sample, the scores of the landmarks that count."""
    rows = []
    for row in range(len(made)):
        scores = {
            k: slow_score(metric, made, xy, row, k)
            for k in range(len(made.schema))
            if slow_counts(made, row, k, subset)
        }
        rows.append({k: score for k, score in scores.items() if score is not None})
    return rows


def slow_mean(rows: list[dict[int, float]]) -> float | None:
    """Mean per landmark, then over the landmarks with a count."""
    by_landmark: dict[int, list[float]] = {}
    for scores in rows:
        for k, score in scores.items():
            by_landmark.setdefault(k, []).append(score)
    means = [math.fsum(scores) / len(scores) for scores in by_landmark.values()]
    return math.fsum(means) / len(means) if means else None


def agree(score: Score, rows: list[dict[int, float]]) -> None:
    """A score is that of the slow loop over these rows."""
    every = [score for scores in rows for score in scores.values()]
    assert score.count == len(every)
    if every:
        assert score.value == pytest.approx(slow_mean(rows), rel=1e-12, abs=1e-15)
        assert score.pooled == pytest.approx(sum(every) / len(every), rel=1e-12, abs=1e-15)
    else:
        assert math.isnan(score.value)
        assert math.isnan(score.pooled)
        assert math.isnan(score.low)


def check_all(made: Targets, predictions: benchmark.Predictions) -> None:
    """Every value, pooled mean and count of a result against the slow loop."""
    result = benchmark.evaluate(predictions, made, resamples=3)
    xy = predictions.align(made).xy
    for metric, subsets in result.scores.items():
        for subset, score in subsets.items():
            rows = slow_rows(metric, subset, made, xy)
            agree(score, rows)
            for k, name in enumerate(made.schema.landmarks):
                only = [{i: v for i, v in scores.items() if i == k} for scores in rows]
                agree(result.per_landmark[metric][subset][name], only)
            for name in made.schema.type_names:
                within = [r for r, t in zip(rows, made.garment_type, strict=True) if t == name]
                agree(result.per_type[metric][subset][name], within)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), samples=st.integers(0, 12), types=st.integers(1, 3))
def test_values_are_those_of_a_slow_loop(seed: int, samples: int, types: int):
    rng = np.random.default_rng(seed)
    made = random_targets(rng, samples, FLD8, types)
    check_all(made, random_predictions(rng, made))


def test_values_are_those_of_a_slow_loop_with_32_landmarks():
    rng = np.random.default_rng(0)
    made = random_targets(rng, 30, FFLD, types=4)
    check_all(made, random_predictions(rng, made))


def test_nothing_visible_is_no_number():
    made = targets([points({"left_hem": (5, 5)})] * 2, garment_type=["full"] * 2)
    made = replace(made, visibility=np.minimum(made.visibility, Visibility.OCCLUDED))
    result = benchmark.evaluate(predict(made, made.xy + 1), made)
    visible, every = result.scores["ne"]["visible"], result.scores["ne"]["all"]
    assert visible.count == 0
    assert all(map(math.isnan, (visible.value, visible.low, visible.high, visible.pooled)))
    assert every.count == 2
    assert every.value == pytest.approx(math.sqrt(2) / 100)


def test_the_border_of_the_box_counts_and_other_types_landmarks_do_not():
    named = {"left_hem": (0, 100), "right_hem": (100.001, 50), "left_waistline": (50, 50)}
    made = targets([points(named)], garment_type=["upper"])  # a top owns no waistline
    assert made.schema.landmarks[int(np.flatnonzero(counted(made, "visible")[0])[0])] == "left_hem"
    assert counted(made, "visible").sum() == 1


@pytest.mark.parametrize("metric", ["ne", "order", "auc"])
def test_intervals_are_those_of_direct_resampling(metric: str):
    rng = np.random.default_rng(5)
    made = random_targets(rng, 31, FLD8)
    predictions = random_predictions(rng, made)
    result = benchmark.evaluate(predictions, made, resamples=60, seed=7)
    images = sorted({name.split("#")[0] for name in made.ids})
    assert len(images) == 16  # two garments an image, so that images are not samples
    for subset in ("visible", "all"):
        rows = slow_rows(metric, subset, made, predictions.xy)
        values: dict[str, list[float | None]] = {"": [], "left_collar": [], "upper": []}
        for drawn in draws(len(images), 60, 7):
            chosen = [
                row for i in drawn for row, name in enumerate(made.ids)
                if name.split("#")[0] == images[i]
            ]  # fmt: skip
            again = [rows[row] for row in chosen]
            values[""].append(slow_mean(again))
            values["left_collar"].append(
                slow_mean([{k: v for k, v in scores.items() if k == 0} for scores in again])
            )
            upper = [rows[row] for row in chosen if made.garment_type[row] == "upper"]
            values["upper"].append(slow_mean(upper))
        scores = {
            "": result.scores[metric][subset],
            "left_collar": result.per_landmark[metric][subset]["left_collar"],
            "upper": result.per_type[metric][subset]["upper"],
        }
        for name, score in scores.items():
            known = [value for value in values[name] if value is not None]
            expected = np.quantile(known, [0.025, 0.975])
            assert (score.low, score.high) == pytest.approx(tuple(expected), rel=1e-12)


def test_a_resample_without_any_count_is_left_out():
    xy = [points({"left_hem": (50, 50)}), points({})]
    made = targets(xy, garment_type=["full"] * 2)
    result = benchmark.evaluate(predict(made, made.xy + [10, 0]), made)
    score = result.scores["ne"]["visible"]
    assert (score.low, score.high) == pytest.approx((0.1, 0.1))


def test_draws_are_fixed_and_fair():
    """The first indices are written down: another NumPy must not change an interval."""
    first, second = draws(1000, 2, 0)
    assert first[:5].tolist() == [636, 269, 40, 16, 813]
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, next(draws(1000, 1, 1)))
    often = np.bincount(np.concatenate(list(draws(50, 4000, 0))), minlength=50)
    assert len(often) == 50
    assert np.abs(often - 4000).max() < 5 * math.sqrt(4000)


def test_the_order_of_predictions_and_of_targets_makes_no_difference():
    rng = np.random.default_rng(2)
    made = random_targets(rng, 40, FFLD)
    predictions = random_predictions(rng, made)
    result = benchmark.evaluate(predictions, made, resamples=20).to_json()
    mixed = rng.permutation(len(made))
    shuffled = replace(predictions, ids=predictions.ids[mixed], xy=predictions.xy[mixed])
    assert benchmark.evaluate(shuffled, made, resamples=20).to_json() == result
    again = made.select(rng.permutation(len(made)))
    assert benchmark.evaluate(predictions, again, resamples=20).to_json() == result


def test_sums_are_exact_in_whatever_pieces_they_are_taken(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(4)
    made = random_targets(rng, 300, FFLD)
    predictions = random_predictions(rng, made)
    whole = benchmark.evaluate(predictions, made, resamples=30).to_json()
    monkeypatch.setattr(sys.modules["benchmark.bootstrap"], "_ROWS", 5)
    assert benchmark.evaluate(predictions, made, resamples=30).to_json() == whole


def test_it_holds_no_second_copy_of_the_targets():
    rng = np.random.default_rng(5)
    made = random_targets(rng, 1500, FFLD)
    made = replace(made, rivals=np.tile(made.rivals, (1, 8, 1, 1)))
    predictions = random_predictions(rng, made)
    tracemalloc.start()
    benchmark.evaluate(predictions, made, resamples=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < made.rivals.nbytes


def test_points_that_do_not_count_change_nothing():
    rng = np.random.default_rng(3)
    made = random_targets(rng, 20, FFLD)
    predictions = random_predictions(rng, made)
    wild = np.where(counted(made, "all")[..., None], predictions.xy, np.inf)
    first = benchmark.evaluate(predictions, made, resamples=10)
    second = benchmark.evaluate(predict(made, wild), made, resamples=10)
    assert first.to_json()["scores"] == second.to_json()["scores"]
    assert not np.array_equal(predictions.xy, wild)


def test_a_box_without_area_is_an_error_in_the_data():
    made = targets(
        [points({"left_hem": (5, 5)})] * 2,
        garment_type=["full"] * 2,
        box=[(0, 0, 10, 10), (5, 0, 5, 10)],
    )
    with pytest.raises(DataError, match=r"1 boxes have no area.*000001"):
        benchmark.evaluate(predict(made, made.xy), made)


def test_predictions_that_do_not_fit_are_refused():
    made = targets([points({"left_hem": (5, 5)})], garment_type=["full"])
    with pytest.raises(PredictionsError, match="left_hem"):
        benchmark.evaluate(predict(made, np.full((1, 8, 2), np.nan)), made)


def test_of_several_seeds_the_value_is_the_mean_and_the_interval_that_of_the_mean():
    made = random_targets(np.random.default_rng(3), 40)
    several = [random_predictions(np.random.default_rng(seed), made) for seed in range(3)]
    alone = [benchmark.evaluate(one, made, resamples=40) for one in several]
    together = benchmark.evaluate(several, made, resamples=40)
    for metric, subsets in together.scores.items():
        for subset, score in subsets.items():
            values = [one.scores[metric][subset].value for one in alone]
            assert score.value == pytest.approx(np.mean(values), abs=1e-9)
            assert score.count == alone[0].scores[metric][subset].count
    errors = np.mean([available()["ne"].score(one.xy, made) for one in several], axis=0)
    values = resampled(errors, counted(made, "visible"), made, resamples=40)
    assert together.scores["ne"]["visible"].low == pytest.approx(np.quantile(values[1:], 0.025))
    assert together.predictions_sha256 not in {one.predictions_sha256 for one in alone}
    assert benchmark.evaluate(several[:1], made, resamples=40).to_json() == alone[0].to_json()
    with pytest.raises(DataError, match="no predictions"):
        benchmark.evaluate([], made)


def test_a_split_is_scored_by_its_targets():
    split = ffld.load("fld-procedural", limit=3)
    points = predict(split.targets, split.targets.xy + 1)
    assert benchmark.evaluate(points, split, resamples=2).to_json() == (
        benchmark.evaluate(points, split.targets, resamples=2).to_json()
    )


@pytest.mark.parametrize("several", [False, True])
def test_points_that_are_no_predictions_are_refused(several):
    made = random_targets(np.random.default_rng(0), 3)
    message = r"^predictions are of kind ndarray; wrap points in benchmark\.Predictions\(dataset, "
    with pytest.raises(PredictionsError, match=message):
        benchmark.evaluate([predict(made, made.xy), made.xy] if several else made.xy, made)
    with pytest.raises(PredictionsError, match="predictions are of kind Targets"):
        benchmark.evaluate(made, predict(made, made.xy))


def test_what_is_no_targets_is_refused():
    made = random_targets(np.random.default_rng(0), 3)
    with pytest.raises(DataError, match="^targets is of kind ndarray; pass a split of ffld.load"):
        benchmark.evaluate(predict(made, made.xy), made.xy)


def test_an_image_drawn_more_often_than_a_byte_holds(monkeypatch):
    made = random_targets(np.random.default_rng(3), 600)
    often = np.zeros(300, np.int64)  # the first of 300 images, 300 times
    errors = available()["ne"].score(random_predictions(np.random.default_rng(4), made).xy, made)
    mask = counted(made, "all")
    first = np.array([name.startswith("made-up/000#") for name in made.ids])
    alone = resampled(errors[first], mask[first], made.select(np.flatnonzero(first)), resamples=0)
    monkeypatch.setattr(sys.modules["benchmark.bootstrap"], "draws", lambda *_: iter([often]))
    assert resampled(errors, mask, made, resamples=1)[1] == pytest.approx(alone[0], abs=1e-9)
