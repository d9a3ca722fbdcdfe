"""Each metric by pencil, and the worked example of docs/metrics.md from its own tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import benchmark
from benchmark import metrics
from ffld.sample import Targets
from ffld.schema import FLD8, Visibility
from tests.benchmark.targets import points, predict, targets

DOC = Path(__file__).parents[2] / "docs" / "metrics.md"
NAN = float("nan")


def doc_table(first: str) -> list[dict[str, str]]:
    """The rows of the document's table whose first column has this name."""
    lines = [line.strip("| ").split(" | ") for line in DOC.read_text("utf-8").splitlines()]
    start = next(number for number, cells in enumerate(lines) if cells[0] == first)
    end = next(number for number in range(start, len(lines)) if lines[number] == [""])
    return [dict(zip(lines[start], cells, strict=True)) for cells in lines[start + 2 : end]]


def example() -> tuple[benchmark.Predictions, Targets]:
    """The two images of the document."""
    rows = doc_table("image")
    xy, predicted, visibility = np.full((3, 2, 8, 2), NAN)
    for row in rows:
        at = "AB".index(row["image"]), FLD8.index(row["landmark"])
        xy[at] = float(row["target x"]), float(row["target y"])
        predicted[at] = float(row["predicted x"]), float(row["predicted y"])
        visibility[at] = Visibility[row["visibility"].upper()]
    rivals = np.full((2, 1, 8, 2), NAN)
    rivals[1, 0] = points({"left_waistline": (60, 10), "right_waistline": (90, 20)})
    made = targets(
        xy,
        garment_type=["lower", "lower"],
        visibility=np.nan_to_num(visibility[..., 0]),
        box=[(0, 0, 50, 200), (50, 0, 150, 100)],
        rivals=rivals,
    )
    return predict(made, predicted), made


def test_the_document_holds_the_numbers_that_the_code_computes():
    result = benchmark.evaluate(*example())
    rows = doc_table("metric")
    assert [row["metric"] for row in rows] == [
        "ne", "ne_isotropic", "pck@0.05", "pck@0.1", "pck@0.2", "auc", "swap", "rival", "order",
    ]  # fmt: skip
    assert {row["metric"] for row in rows} == set(result.scores)
    for row in rows:
        for subset in ("visible", "all"):
            score = result.scores[row["metric"]][subset]
            assert score.value == pytest.approx(float(row[f"value {subset}"]), abs=5e-7)
            assert score.pooled == pytest.approx(float(row[f"pooled {subset}"]), abs=5e-7)
            assert score.count == int(row[f"count {subset}"])


def test_the_document_holds_the_interval_that_the_code_computes():
    score = benchmark.evaluate(*example()).scores["ne"]["visible"]
    assert score.low == pytest.approx(0.1 / 3)
    assert score.high == pytest.approx(0.375 / 2)
    assert "from **.0333** to **.1875**" in " ".join(DOC.read_text("utf-8").split())


def one(predicted: tuple[float, float], **named: tuple[float, float]) -> tuple[np.ndarray, Targets]:
    """A left_hem predicted in a garment with these targets, in a box of 100 by 100."""
    made = targets([points(named)], garment_type=["full"])
    return points({"left_hem": predicted})[None], made


def left_hem(scores: np.ndarray) -> float:
    assert scores.shape == (1, 8)
    assert scores.dtype == np.float64
    return scores[0, FLD8.index("left_hem")]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("ne", 0.5),
        ("ne_isotropic", 0.5),
        ("pck@0.05", 0),
        ("pck@0.1", 0),
        ("pck@0.2", 0),
        ("auc", 0),
        ("swap", NAN),
        ("rival", NAN),
        ("order", NAN),
    ],
)
def test_a_point_alone(metric: str, expected: float):
    xy, made = one((50, 60), left_hem=(20, 20))
    score = left_hem(metrics.available()[metric].score(xy, made))
    assert score == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("metric", list(metrics.available()))
def test_no_score_without_a_target(metric: str):
    xy, made = one((50, 60), right_hem=(20, 20))
    assert np.isnan(left_hem(metrics.available()[metric].score(xy, made)))


def test_ne_divides_each_axis_by_its_own_side_and_isotropic_ne_by_neither():
    made = targets([points({"left_hem": (20, 20)})], garment_type=["full"], box=[(0, 0, 100, 400)])
    xy = points({"left_hem": (23, 36)})[None]
    assert left_hem(metrics.available()["ne"].score(xy, made)) == pytest.approx(0.05)
    isotropic = left_hem(metrics.available()["ne_isotropic"].score(xy, made))
    assert isotropic == pytest.approx((9 + 256) ** 0.5 / 200)


def test_pck_includes_its_threshold():
    xy, made = one((20, 22), left_hem=(20, 20))  # exactly 2 / 100
    assert left_hem(metrics.available()["ne"].score(xy, made)) == 0.02
    from benchmark.metrics import pck

    assert left_hem(pck.score(xy, made, 0.02)) == 1
    assert left_hem(pck.score(xy, made, 0.0199)) == 0


def test_auc_is_the_area_under_the_pck_curve():
    rng = np.random.default_rng(0)
    made = targets(rng.uniform(0, 100, (40, 8, 2)), garment_type=["full"] * 40)
    xy = made.xy + rng.normal(0, 10, made.xy.shape)
    from benchmark.metrics import auc, ne

    errors = ne.score(xy, made)
    curve = [(errors <= threshold).mean() for threshold in np.linspace(0, 0.2, 20001)]
    assert auc.score(xy, made).mean() == pytest.approx(np.mean(curve), abs=1e-4)


@pytest.mark.parametrize(("x", "expected"), [(30, 0), (50, 0), (51, 1), (80, 1)])
def test_swap_is_being_nearer_to_the_partner(x: float, expected: int):
    xy, made = one((x, 20), left_hem=(20, 20), right_hem=(80, 20))
    assert left_hem(metrics.available()["swap"].score(xy, made)) == expected


def test_a_perfectly_mirrored_prediction_is_all_swaps_and_turned_round():
    rng = np.random.default_rng(1)
    made = targets(rng.uniform(0, 100, (5, 8, 2)), garment_type=["full"] * 5)
    result = benchmark.evaluate(predict(made, made.xy[:, FLD8.flip_index]), made)
    assert result.scores["swap"]["visible"].value == 1
    assert result.scores["order"]["visible"].value > 0
    exact = benchmark.evaluate(predict(made, made.xy), made)
    assert exact.scores["swap"]["visible"].value == 0
    assert exact.scores["order"]["visible"].value == 0


@pytest.mark.parametrize(
    ("rival", "expected"),
    [
        ((80, 20), 0),
        ((62, 20), 1),
        ((40, 20), 0),  # a tie
        ((140, 20), NAN),  # outside the box
        ((NAN, NAN), NAN),
    ],
)
def test_rival_is_being_nearer_to_another_garment_in_the_box(rival: tuple, expected: float):
    xy, made = one((50, 20), left_hem=(60, 20))
    rivals = np.full((1, 2, 8, 2), NAN)
    rivals[0, 1, FLD8.index("left_hem")] = rival
    made = targets(made.xy, garment_type=["full"], rivals=rivals)
    if expected == 1:
        xy = xy + [12, 0]
    assert left_hem(metrics.available()["rival"].score(xy, made)) == pytest.approx(
        expected, nan_ok=True
    )


def test_order_is_the_share_of_edges_turned_round():
    # left_hem has edges with right_hem (to its right) and left_waistline (above it).
    named = {"left_hem": (20, 80), "right_hem": (60, 80), "left_waistline": (20, 20)}
    made = targets([points(named)], garment_type=["full"])
    order = metrics.available()["order"].score
    right_angle = (60, 70)
    cases = {(20, 80): 0, right_angle: 0, (70, 80): 0.5, (20, 10): 0.5, (70, 10): 1}
    for moved, expected in cases.items():
        xy = points({**named, "left_hem": moved})[None]
        assert left_hem(order(xy, made)) == expected


def test_every_file_of_the_folder_is_a_metric_with_a_unit_and_a_direction():
    available = metrics.available()
    files = {path.stem for path in Path(metrics.__file__).parent.glob("*.py")} - {"__init__"}
    assert {name.partition("@")[0] for name in available} == files
    higher = {name for name, metric in available.items() if metric.higher_is_better}
    assert higher == {"pck@0.05", "pck@0.1", "pck@0.2", "auc"}
    assert all(metric.unit for metric in available.values())
