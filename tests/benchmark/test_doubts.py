"""Which predictions look misread, and which do not."""

from dataclasses import replace

import numpy as np
import pytest

import ffld
from benchmark.doubts import doubt
from benchmark.evaluate import counted, evaluate
from benchmark.score import main
from ffld import Visibility
from tests.benchmark.targets import predict

READ = "pixels of the original images"


@pytest.fixture(scope="module")
def targets():
    return ffld.load("fld-procedural", split="test", limit=40).targets


@pytest.fixture(scope="module")
def middle(targets):
    point = (targets.box[:, :2] + targets.box[:, 2:]) / 2
    return np.broadcast_to(point[:, None], targets.xy.shape).copy()


@pytest.fixture(scope="module")
def near(targets, middle):
    """Points that are off by about a tenth of the box; in its middle where there is no landmark."""
    sides = (targets.box[:, 2:] - targets.box[:, :2])[:, None]
    known = np.where(np.isnan(targets.xy), middle, targets.xy)
    return known + np.random.default_rng(0).normal(0, 0.1, targets.xy.shape) * sides


def test_ordinary_points_are_not_doubted(targets, near, middle):
    for xy in (targets.xy, near, middle, middle.astype(np.float32), np.rint(middle)):
        assert doubt(predict(targets, xy), targets) == ""


def test_what_is_never_counted_is_not_looked_at(targets, near):
    xy = np.where(counted(targets, "all")[..., None], near, -1e6)
    assert doubt(predict(targets, xy), targets) == ""


def test_normalised_points(targets, near):
    for scale in (targets.size[:, None], 1e4):
        text = doubt(predict(targets, np.clip(near / scale, 0, 1)), targets)
        assert "between 0 and 1: are they normalised?" in text
        assert READ in text


def test_points_outside_their_images(targets, near):
    for xy in (near + 2000, near - 2000, near * [1, 50]):
        text = doubt(predict(targets, xy), targets)
        number = counted(targets, "all").sum()
        assert f" of {number} points are outside their images: " in text
        assert READ in text


def test_points_in_another_order(targets, near):
    """In both the points stay in the images, for the most part."""
    for xy in (np.roll(near, 1, axis=0), near[..., ::-1], near / 4):
        value = evaluate(predict(targets, xy), targets, resamples=0).scores["ne"]["visible"].value
        text = doubt(predict(targets, xy), targets)
        assert text.startswith(f"NE {value:.4f} is worse than the ")
        assert "are the rows in the order of the ids, x before y" in text


def test_of_sealed_targets_only_units_can_be_doubted(targets, near):
    """Nobody knows their landmarks, so nothing is scored."""
    sealed = replace(
        targets,
        xy=np.full_like(targets.xy, np.nan),
        visibility=np.full_like(targets.visibility, Visibility.ABSENT),
    )
    assert doubt(predict(sealed, near), sealed) == ""
    assert doubt(predict(sealed, np.roll(near, 1, axis=0)), sealed) == ""
    assert "normalised" in doubt(predict(sealed, np.abs(near) / 1e4), sealed)
    assert "outside their images" in doubt(predict(sealed, near + 2000), sealed)
    nothing = np.full_like(near, np.nan)
    assert doubt(predict(sealed, nothing), sealed) == ""


def test_the_command_scores_them_with_a_warning(targets, near, tmp_path, capsys):
    for xy, said in ((near, ""), (near / 1e4, "warning: all coordinates are between 0 and 1")):
        predict(targets, np.abs(xy)).save(tmp_path / "p.parquet")
        assert main([str(tmp_path / "p.parquet")]) == 0
        captured = capsys.readouterr()
        assert captured.err.startswith(said)
        assert captured.err.count("\n") == bool(said)
        assert "visible" in captured.out
