"""COCO results files: perfect ones score 0, bad ones say which entries and what to do."""

import json

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import benchmark
import ffld
from benchmark.coco import read_results
from ffld import coco
from tests.benchmark.targets import random_targets


@pytest.fixture(scope="module")
def targets():
    return ffld.load("fld-procedural", limit=6).targets


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coco")
    return coco.export(ffld.load("fld-procedural", limit=6), folder)


@pytest.fixture
def entries(exported):
    """The labels themselves as results."""
    return [
        {**{key: a[key] for key in ("image_id", "category_id", "keypoints")}, "score": 0.9}
        for a in json.loads(exported.read_text())["annotations"]
    ]


@pytest.fixture
def read(exported, tmp_path):
    def read(entries, annotations=exported):
        path = tmp_path / "results.json"
        path.write_text(json.dumps(entries))
        return read_results(path, annotations)

    return read


@pytest.fixture
def pair(exported, tmp_path):
    """Annotations of which the first two are garments of one image, of different categories."""
    content = json.loads(exported.read_text())
    first, second = content["annotations"][:2]
    second["image_id"] = first["image_id"]
    first["category_id"], second["category_id"] = 1, 2
    path = tmp_path / "pair.json"
    path.write_text(json.dumps(content))
    return path


def _pair(entries):
    entries[1]["image_id"] = entries[0]["image_id"]
    entries[0]["category_id"], entries[1]["category_id"] = 1, 2
    return entries


def test_our_own_labels_have_no_error(read, entries, targets):
    predictions = read(entries[::-1])
    result = benchmark.evaluate(predictions, targets, resamples=10)
    assert result.scores["ne"]["all"].value == 0
    assert result.scores["ne"]["all"].count > 20
    assert predictions.revision == targets.revision
    np.testing.assert_array_equal(predictions.confidence, targets.visibility)


def test_the_same_points_have_the_same_digest_as_our_own_file(read, entries, targets):
    rng = np.random.default_rng(0)
    xy = rng.integers(0, 4000, targets.xy.shape) / 16
    for entry, keypoints in zip(entries, coco.to_keypoints(xy, np.ones(xy.shape[:2])), strict=True):
        entry["keypoints"] = keypoints.tolist()
    ours = benchmark.Predictions(targets.dataset, targets.split, targets.ids, xy)
    assert read(entries).sha256 == ours.sha256


def test_pycocotools_finds_the_labels_perfect(exported, entries, capsys):
    truth = COCO(exported)
    judge = COCOeval(truth, truth.loadRes(entries), "keypoints")
    judge.params.kpt_oks_sigmas = np.full(8, 0.05)
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    assert judge.stats[0] == pytest.approx(1)


def test_a_category_tells_the_garments_of_an_image_apart(read, entries, pair, targets):
    predictions = read(_pair(entries)[::-1], pair)
    known = targets.visibility[..., None] > 0
    np.testing.assert_array_equal(np.where(known, predictions.xy, np.nan), targets.xy)


def test_an_image_of_one_garment_needs_no_category(read, entries):
    read([{**entry, "category_id": 99} for entry in entries])


def test_the_candidate_of_the_highest_score_is_taken(read, entries):
    worse = {**entries[2], "keypoints": [1] * 24, "score": 0.2}
    with pytest.warns(UserWarning, match="1 entries of lower score left out"):
        predictions = read([worse, *entries])
    assert predictions.sha256 == read(entries).sha256


def test_garments_of_one_category_need_their_annotation_id(read, entries, pair):
    content = json.loads(pair.read_text())
    content["annotations"][1]["category_id"] = 1
    pair.write_text(json.dumps(content))
    _pair(entries)[1]["category_id"] = 1
    with pytest.raises(benchmark.PredictionsError, match=r"add an annotation_id: \[0\].*\[1\]"):
        read(entries, pair)
    entries[0]["annotation_id"], entries[1]["annotation_id"] = 2, 1
    swapped = read(entries, pair)
    entries[0]["annotation_id"], entries[1]["annotation_id"] = 1, 2
    np.testing.assert_array_equal(swapped.xy[[1, 0, 2]], read(entries, pair).xy[:3])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keypoints": [1.0] * 23}, r"not 24 numbers; list x, y, score of all 8: \[1\] \(image 2"),
        ({"keypoints": [float("nan")] * 24}, r"not finite .*: \[1\] \(image 2\)"),
        ({"keypoints": ["1"] * 24}, "not finite"),
        ({"keypoints": None}, "not 24 numbers"),
        ({"score": float("inf")}, "score that is not a finite number"),
        ({"image_id": 77}, r"image_id that is not in the annotations.*\[1\] \(image 77\)"),
        ({"image_id": "2"}, "no whole number"),
        ({"annotation_id": 5}, "annotation_id that its image does not have"),
        ({"image_id": 1}, r"equal score .*keep one: annotation 1 .*without an entry.*annotation 2"),
    ],
)
def test_bad_entries_are_named(read, entries, change, message):
    entries[1] |= change
    with pytest.raises(benchmark.PredictionsError, match=message) as caught:
        read(entries)
    assert "\n" not in str(caught.value)


def test_missing_entries_are_named_with_our_ids(read, entries, targets):
    with pytest.raises(benchmark.PredictionsError) as caught:
        read(entries[1:])
    assert f"annotation 1 ({targets.ids[0]}) (1)" in str(caught.value)


def test_files_that_are_something_else(read, entries, exported, tmp_path):
    with pytest.raises(benchmark.PredictionsError, match="list of entries"):
        read({"annotations": entries})
    with pytest.raises(benchmark.PredictionsError, match=r"not an object .*: \[0\] \(1\)"):
        read([1, *entries])
    other = tmp_path / "other.json"
    other.write_text('{"info": {}, "annotations": []}')
    with pytest.raises(benchmark.PredictionsError, match="export them again"):
        read(entries, other)
    other.write_text("{")
    with pytest.raises(benchmark.PredictionsError, match="not readable JSON"):
        read(entries, other)
    with pytest.raises(benchmark.PredictionsError, match="no such file"):
        read_results(tmp_path / "none.json", exported)


def test_any_float_comes_back_within_a_rounding():
    labels = random_targets(np.random.default_rng(0), 20)
    xy, v = coco.from_keypoints(coco.to_keypoints(labels.xy, labels.visibility))
    np.testing.assert_allclose(np.where(v[..., None] > 0, xy, np.nan), labels.xy, atol=1e-15)
