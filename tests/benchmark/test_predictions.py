"""The border where predictions enter: exact files, and one error that lists every problem."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from benchmark import Predictions, PredictionsError
from ffld.sample import Targets
from ffld.schema import FLD8, Visibility
from tests.benchmark.targets import predict, random_predictions, random_targets


@pytest.fixture
def made() -> Targets:
    return random_targets(np.random.default_rng(0), 12)


@pytest.fixture
def predictions(made: Targets) -> Predictions:
    rng = np.random.default_rng(1)
    points = random_predictions(rng, made)
    return replace(
        points,
        confidence=rng.random((12, 8)),
        revision="1",
        schema_fingerprint=FLD8.fingerprint,
    )


def same(a: Predictions, b: Predictions) -> bool:
    pairs = [(a.ids, b.ids), (a.xy, b.xy), (a.confidence, b.confidence)]
    stated = [(p.dataset, p.split, p.revision, p.schema_fingerprint) for p in (a, b)]
    return stated[0] == stated[1] and all(
        (x is None and y is None) or (x.dtype == y.dtype and x.tobytes() == y.tobytes())
        for x, y in pairs
    )


def test_a_file_gives_back_exactly_what_was_saved(predictions: Predictions, tmp_path: Path):
    predictions.save(tmp_path / "new" / "p.parquet")
    assert same(Predictions.load(tmp_path / "new" / "p.parquet"), predictions)
    assert np.isnan(predictions.xy).any()
    bare = replace(predictions, confidence=None, revision="", schema_fingerprint="")
    bare.save(tmp_path / "bare.parquet")
    assert same(Predictions.load(tmp_path / "bare.parquet"), bare)


def test_points_that_single_precision_holds_take_half_the_room(
    predictions: Predictions, tmp_path: Path
):
    coarse = replace(predictions, xy=np.rint(predictions.xy * 16) / 16)
    coarse.save(tmp_path / "p.parquet")
    assert same(Predictions.load(tmp_path / "p.parquet"), coarse)
    schema = pq.ParquetFile(tmp_path / "p.parquet").schema_arrow
    assert schema.field("xy").type.value_type == pa.float32()


def test_a_file_of_no_samples(tmp_path: Path):
    empty = Predictions("made-up", "test", [], np.zeros((0, 8, 2)))
    empty.save(tmp_path / "p.parquet")
    assert Predictions.load(tmp_path / "p.parquet").xy.shape == (0, 8, 2)


def test_the_same_predictions_give_the_same_bytes(predictions: Predictions, tmp_path: Path):
    for name in ("a", "b"):
        predictions.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    predictions: Predictions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "p.parquet"
    predictions.save(path)
    before = path.read_bytes()

    def fail(table: pa.Table, where: Path, **options: object) -> None:
        where.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(pq, "write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        predictions.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_align_takes_the_order_of_the_targets(made: Targets, predictions: Predictions):
    mixed = np.random.default_rng(2).permutation(12)
    shuffled = replace(
        predictions,
        ids=predictions.ids[mixed],
        xy=predictions.xy[mixed],
        confidence=predictions.confidence[mixed],
    )
    assert not same(shuffled, predictions)
    assert same(shuffled.align(made), predictions)


def test_the_digest_depends_on_points_and_not_on_their_order(predictions: Predictions):
    mixed = np.random.default_rng(2).permutation(12)
    shuffled = replace(
        predictions, ids=predictions.ids[mixed], xy=predictions.xy[mixed], confidence=None
    )
    assert shuffled.sha256 == predictions.sha256
    assert len(predictions.sha256) == 64
    moved = replace(predictions, xy=np.nextafter(predictions.xy, np.inf))
    assert moved.sha256 != predictions.sha256
    assert replace(predictions, xy=predictions.xy[::-1]).sha256 != predictions.sha256


def test_lists_are_accepted_and_predictions_are_frozen():
    points = Predictions("d", "test", ["a"], [[[1, 2], [3, None]]], confidence=[[1, 0]])
    assert points.xy.dtype == np.float64
    assert np.isnan(points.xy[0, 1, 1])
    assert points.confidence.dtype == np.float32
    with pytest.raises(FrozenInstanceError):
        points.split = "train"


@pytest.mark.parametrize("name", ["xy", "confidence"])
def test_tensors_are_accepted_unless_they_require_grad(name: str):
    given = {"xy": torch.ones(1, 2, 2), "confidence": torch.ones(1, 2)}
    assert Predictions("d", "test", ["a"], **given).xy.dtype == np.float64
    given[name].requires_grad_()
    message = rf"^{name} is a tensor that requires grad; pass {name}\.detach\(\)\.cpu\(\)$"
    with pytest.raises(PredictionsError, match=message):
        Predictions("d", "test", ["a"], **given)
    given[name] = list(given[name])
    with pytest.raises(PredictionsError, match=f"{name} cannot be an array of float"):
        Predictions("d", "test", ["a"], **given)


def test_what_is_not_numbers_is_refused():
    with pytest.raises(PredictionsError, match="xy cannot be an array of float64"):
        Predictions("d", "test", ["a"], [[["left", "right"]]])
    with pytest.raises(PredictionsError, match="xy"):
        Predictions("d", "test", ["a"], [[[1, 2], [3]]])


def test_every_problem_is_listed_at_once(made: Targets, predictions: Predictions):
    ids, xy = predictions.ids.copy(), np.nan_to_num(predictions.xy)
    ids[1] = ids[0]
    ids[2] = "stranger"
    row, k = np.argwhere(needed(made))[-1]
    xy[row, k, 1] = np.inf
    bad = Predictions("other", "val", ids, xy, None, "2", "0123")
    with pytest.raises(PredictionsError) as caught:
        bad.align(made)
    message = str(caught.value)
    for part in (
        "dataset 'other', expected 'made-up'",
        "split 'val', expected 'test'",
        "revision '2', expected '1'",
        f"schema fingerprint '0123', expected '{FLD8.fingerprint}'",
        f"ids listed more than once: {made.ids[0]} (1)",
        f"samples without a prediction (each needs one): {made.ids[1]}, {made.ids[2]} (2)",
        "ids that are not in the split: stranger (1)",
        f"not finite (NaN, infinite or absurd): {made.ids[row]} {FLD8.landmarks[k]} (1)",
    ):
        assert part in message
    assert "\n" not in message


def needed(made: Targets) -> np.ndarray:
    """The slots that `all` counts, written out again."""
    mask = np.zeros((len(made), 8), bool)
    for row, name in enumerate(made.garment_type):
        x1, y1, x2, y2 = made.box[row]
        for landmark in FLD8.garment_types[name]:
            k = FLD8.index(landmark)
            x, y = made.xy[row, k]
            seen = made.visibility[row, k] != Visibility.ABSENT
            mask[row, k] = seen and x1 <= x <= x2 and y1 <= y <= y2
    return mask


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_a_point_is_needed_exactly_where_all_counts(made: Targets, value: float):
    counts = needed(made)
    assert 5 < counts.sum() < counts.size
    xy = np.ones((12, 8, 2))
    xy[~counts] = value
    predict(made, xy).align(made)
    with pytest.raises(PredictionsError) as caught:
        predict(made, np.full((12, 8, 2), value)).align(made)
    first = [f"{made.ids[row]} {FLD8.landmarks[k]}" for row, k in np.argwhere(counts)[:5]]
    assert f"{', '.join(first)}, … ({counts.sum()} in all)" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"xy": np.zeros((12, 7, 2))}, r"xy has shape \(12, 7, 2\), expected \(12, 8, 2\)"),
        ({"xy": np.zeros((12, 8))}, r"xy has shape \(12, 8\), expected \(12, 8, 2\)"),
        ({"xy": np.zeros((11, 8, 2))}, r"xy has shape \(11, 8, 2\), expected \(12, 8, 2\)"),
        ({"confidence": np.zeros((12, 2))}, r"confidence has shape \(12, 2\), expected \(12, 8\)"),
        ({"ids": np.full((12, 1), "a")}, r"ids has shape \(12, 1\), expected one id a sample"),
    ],
)
def test_wrong_shapes(made: Targets, predictions: Predictions, change: dict, message: str):
    with pytest.raises(PredictionsError, match=message):
        replace(predictions, **change).align(made)


def test_wrong_shapes_are_not_written(predictions: Predictions, tmp_path: Path):
    with pytest.raises(PredictionsError, match="xy has shape"):
        replace(predictions, xy=predictions.xy[:5]).save(tmp_path / "p.parquet")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_stated_is_not_compared(made: Targets, predictions: Predictions):
    replace(predictions, revision="", schema_fingerprint="").align(made)
    predictions.align(replace(made, revision=""))


def test_unreadable_files(tmp_path: Path):
    with pytest.raises(PredictionsError, match=r"nowhere\.parquet: no such file"):
        Predictions.load(tmp_path / "nowhere.parquet")
    path = tmp_path / "p.parquet"
    path.write_text("id,xy\n")
    with pytest.raises(PredictionsError, match="not a readable Parquet file"):
        Predictions.load(path)
    with pytest.raises(PredictionsError, match="not a readable Parquet file"):
        Predictions.load(tmp_path)


def test_a_truncated_file(predictions: Predictions, tmp_path: Path):
    path = tmp_path / "p.parquet"
    predictions.save(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(PredictionsError, match="not a readable Parquet file"):
        Predictions.load(path)


def layout(path: Path, columns: dict[str, pa.Array] | pa.Table, metadata: object = None) -> str:
    """The error for a Parquet file with these columns."""
    text = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
    keys = {} if metadata is None else {b"ffld": text}
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    pq.write_table(table.replace_schema_metadata(keys), path)
    with pytest.raises(PredictionsError) as caught:
        Predictions.load(path)
    return str(caught.value)


def test_other_layouts_are_refused_with_every_reason(tmp_path: Path):
    path = tmp_path / "p.parquet"
    message = layout(path, {"name": pa.array(["a"])})
    assert "no column 'id' (found: name)" in message
    assert "no column 'xy' (found: name)" in message
    assert "does not say its dataset and split" in message
    lists = pa.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], pa.list_(pa.float64(), 3))
    loose = pa.array([[0.5], [0.5]], pa.list_(pa.float32()))
    columns = {"id": pa.array([1, None]), "xy": lists, "confidence": loose}
    message = layout(path, columns, {"dataset": "d", "split": 3})
    assert "column 'id' is int64, expected string" in message
    assert "column 'id' is empty in 1 rows" in message
    assert "column 'xy' lists 3 numbers, expected x and y in turn" in message
    assert "column 'confidence' is list<" in message
    assert "gives no split as text" in message
    assert "gives no dataset" not in message


def test_odd_columns_are_refused(tmp_path: Path):
    path, good = tmp_path / "p.parquet", {"dataset": "d", "split": "test"}
    good |= {"revision": "", "schema_fingerprint": ""}
    xy = pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2))
    ids = pa.array(["a"])
    twice = pa.table([ids, xy, xy, ids], names=["id", "xy", "xy", "id"])
    assert "there are 2 columns 'id'; there are 2 columns 'xy'" in layout(path, twice, good)
    columns = {"id": ids[:0], "xy": pa.array([], pa.list_(pa.float64(), 0))}
    assert "column 'xy' lists no numbers" in layout(path, columns, good)
    columns = {"id": pa.array(["a" * 5000]), "xy": xy}
    assert "column 'id' holds one of 5000 letters" in layout(path, columns, good)
    columns = {"id": pa.array([np.nan]), "xy": xy}
    assert "column 'id' is double, expected string" in layout(path, columns, good)
    wrong = pa.array([b"\xff\xfe"], pa.binary())
    columns = {"id": pa.Array.from_buffers(pa.string(), 1, wrong.buffers()), "xy": xy}
    assert "not a readable Parquet file" in layout(path, columns, good)


def test_countless_landmarks_and_no_samples_are_judged_by_their_shape(
    made: Targets, tmp_path: Path
):
    for samples, landmarks in ((1, 5000), (0, 8)):
        ids = [str(row) for row in range(samples)]
        Predictions("made-up", "test", ids, np.zeros((samples, landmarks, 2))).save(tmp_path / "p")
        with pytest.raises(PredictionsError, match="samples without a prediction"):
            Predictions.load(tmp_path / "p").align(made)


DEEP = b"[" * 200_000


@pytest.mark.parametrize("metadata", [b"{", b"\xff", DEEP, b'{"dataset": ' + DEEP, [], 3])
def test_odd_metadata(tmp_path: Path, metadata: object):
    xy = pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2))
    message = layout(tmp_path / "p.parquet", {"id": pa.array(["a"]), "xy": xy}, metadata)
    assert "metadata is not" in message
