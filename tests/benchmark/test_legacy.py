"""The public codes' conventions: by pencil, against pycocotools, and the page of them all."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from benchmark import Predictions, evaluate
from benchmark.legacy import CONVENTIONS, OKS_SIGMA, measured, table
from ffld.sample import Targets
from ffld.schema import FFLD, FLD8, Visibility
from tests.benchmark.targets import points, predict, random_predictions, random_targets, targets

DOCS = Path(__file__).parents[2] / "docs"


def example():
    """The fixed predictions of docs/evaluators.md."""
    rows = json.loads((DOCS / "evaluators.json").read_text(encoding="utf-8"))

    def array(name, *shape, kind=np.float64):
        return np.array([row[name] for row in rows], kind).reshape(len(rows), *shape)

    made = Targets(
        dataset="fixed",
        split="test",
        revision="1",
        schema=FLD8,
        ids=array("id", kind=np.str_),
        xy=array("target", 8, 2),
        visibility=array("visibility", 8, kind=np.uint8),
        garment_type=array("type", kind=np.str_),
        box=array("box", 4),
        size=array("size", 2, kind=np.int64),
        rivals=np.zeros((len(rows), 0, 8, 2)),
    )
    predicted = array("predicted", 8, 2)
    return Predictions("fixed", "test", made.ids, predicted, array("confidence", 8)), made


def test_the_page_shows_the_fixed_predictions_by_all_of_them():
    assert table(*example()) in (DOCS / "evaluators.md").read_text(encoding="utf-8")


def test_the_page_s_factor_between_conventions():
    numbers = measured(*example())
    alike = ("liulu", "liulu-in-picture", "lr-min", "mmfashion", "dfa-square", "whole-image")
    factor = max(numbers[name] for name in alike) / min(numbers[name] for name in alike)
    text = (DOCS / "evaluators.md").read_text(encoding="utf-8")
    assert f"a factor of {factor:.1f}" in text


@pytest.fixture
def pencil():
    """A skirt in a box of 100 x 50 at (100, 100) of an image of 200 x 200, one hem hidden."""
    true = points({
        "left_waistline": (110, 110), "right_waistline": (150, 110),
        "left_hem": (110, 140), "right_hem": (150, 140),
    })  # fmt: skip
    seen = np.where(np.isnan(true[:, 0]), Visibility.ABSENT, Visibility.VISIBLE)
    seen[FLD8.index("left_hem")] = Visibility.OCCLUDED
    made = targets([true], garment_type=["lower"], visibility=[seen], box=[(100, 100, 200, 150)])
    moved = true.copy()
    moved[FLD8.index("left_waistline")] += [0, 10]  # .2 of the height, .1 of the longer side
    moved[FLD8.index("left_hem")] += [30, 0]  # .3 of the width
    return predict(made, moved[None]), made


def test_by_pencil(pencil):
    found = measured(*pencil)
    assert evaluate(*pencil, resamples=0).scores["ne"]["visible"].value == pytest.approx(0.2 / 3)
    assert found["liulu"] == pytest.approx(0.2 / 3, abs=0.005)  # within a cell
    assert found["liulu-in-picture"] == pytest.approx(0.5 / 4, abs=0.005)
    assert found["mmpose-epe"] == pytest.approx(40 / 4)
    assert found["mmpose-pck"] == 0.75
    assert found["dfa-square"] == pytest.approx(0.1 / 3)
    assert found["whole-image"] == pytest.approx(10 / 200 / 3)
    assert found["mmfashion"] == pytest.approx(10 / (160 - 90) / 8)  # of 8 slots, box padded
    assert found["coco-oks"] == pytest.approx(
        np.mean([1, 1, *np.exp(-np.array([100, 900]) / (2 * 5000 * 0.05**2))])
    )


def test_fashionai_divides_by_armpits_or_waistbands_and_leaves_the_rest_out():
    shirt = {"left_armpit": (10, 30), "right_armpit": (40, 70), "left_top_hem": (10, 90)}
    skirt = {"left_waistband": (20, 10), "right_waistband": (40, 10), "left_hemline": (9, 90)}
    true = [points(one, FFLD) for one in (shirt, skirt, {"left_top_hem": (5, 5)})]
    seen = np.where(np.isnan(true)[..., 0], Visibility.ABSENT, Visibility.VISIBLE)
    seen[0, FFLD.index("left_armpit")] = Visibility.OCCLUDED
    types = ["short_sleeve_top", "skirt", "vest"]
    made = targets(true, garment_type=types, visibility=seen, schema=FFLD)
    moved = np.array(true)
    moved[0, FFLD.index("left_armpit")] += 9  # which is hidden
    moved[0, FFLD.index("left_top_hem")] += [0, 10]  # of the 50 between the armpits
    moved[1, FFLD.index("left_hemline")] += [5, 0]  # of the 20 between the waistbands
    moved[2, FFLD.index("left_top_hem")] += 7
    assert measured(predict(made, moved), made)["fashionai"] == pytest.approx((0.2 + 0.25) / 5)


def test_a_cell_of_224_is_compared_with_its_own_width():
    true = points({"left_waistline": (99, 99)})
    made = targets([true], garment_type=["lower"])
    cell = np.floor(0.99 * 224)
    expected = np.hypot(*[cell / 223 - 0.99] * 2)
    assert measured(predict(made, true[None]), made)["liulu"] == pytest.approx(expected)


def test_left_right_exchange_is_forgiven_by_one_of_them():
    true = points({"left_waistline": (20, 20), "right_waistline": (80, 20),
                   "left_hem": (20, 90), "right_hem": (80, 90)})  # fmt: skip
    made = targets([true], garment_type=["lower"])
    swapped = measured(predict(made, true[None, FLD8.flip_index]), made)
    assert swapped["lr-min"] < 0.01 < 0.5 < swapped["liulu"]


def test_against_pycocotools():
    rng = np.random.default_rng(0)
    made = random_targets(rng, 60)
    made = replace(made, ids=np.array([f"x/{row:03d}" for row in range(60)]))  # an image each
    middle = made.box.reshape(-1, 2, 2).mean(axis=1)[:, None]
    inside = np.where(np.isnan(made.xy), np.nan, middle + (made.xy - 50) / 4)
    owned = FLD8.type_mask[made.type_index]
    seen = np.where(owned, made.visibility, Visibility.ABSENT)
    seen[:, :4] = np.where(owned[:, :4], np.maximum(seen[:, :4], 1), 0)
    seen[:, 4:] = np.where(owned[:, 4:], np.maximum(seen[:, 4:], 1), 0)
    made = replace(made, xy=np.where(np.isnan(inside), middle, inside), visibility=seen)
    predictions = random_predictions(rng, made, spread=2)
    predictions = replace(predictions, confidence=rng.random((60, 8)))
    boxes = np.hstack([made.box[:, :2], made.box[:, 2:] - made.box[:, :2]])
    rows = range(60)
    truth = COCO()
    truth.dataset = {
        "images": [{"id": row} for row in rows],
        "categories": [{"id": c} for c in range(3)],
        "annotations": [
            {
                "id": row + 1, "image_id": row, "category_id": int(made.type_index[row]),
                "iscrowd": 0, "area": float(boxes[row, 2] * boxes[row, 3]),
                "bbox": boxes[row].tolist(), "num_keypoints": int((seen[row] > 0).sum()),
                "keypoints": np.column_stack([made.xy[row], seen[row]]).ravel().tolist(),
            }
            for row in rows
        ],
    }  # fmt: skip
    truth.createIndex()
    entries = [
        {
            "image_id": row, "category_id": int(made.type_index[row]),
            "keypoints": np.column_stack([predictions.xy[row], np.ones(8)]).ravel().tolist(),
            "score": float(predictions.confidence[row].mean()),
        }
        for row in rows
    ]  # fmt: skip
    judge = COCOeval(truth, truth.loadRes(entries), "keypoints")
    judge.params.kpt_oks_sigmas = np.full(8, OKS_SIGMA)
    judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
    judge.evaluate()
    judge.accumulate()
    expected = float(judge.eval["precision"].mean())
    assert 0.05 < expected < 0.95
    assert measured(predictions, made)["coco-ap"] == pytest.approx(expected, abs=1e-9)


def test_nothing_counted_is_no_number():
    made = targets([points({})], garment_type=["lower"])
    found = measured(predict(made, np.zeros((1, 8, 2))), made)
    assert np.isnan([found[name] for name in CONVENTIONS if name != "mmfashion"]).all()
    assert found["mmfashion"] == 0  # what is wrong with it, in one number
