"""The weights that come with LGR: they are what their card says, and they work."""

from pathlib import Path

import numpy as np
import pytest

import ffld
from benchmark import Predictions, checkpoint, evaluate, models
from benchmark.card import card
from benchmark.detector import Detector
from ffld.datasets.ffld import EDITION
from ffld.render.named import PHOTOGRAPHS
from ffld.schema import FFLD
from ffld.transforms import apply, crop


@pytest.fixture(scope="module")
def folder() -> Path:
    return models.shipped("lgr", "ffld")


def test_their_card_is_written_from_their_files(folder):
    assert (folder / "README.md").read_text(encoding="utf-8") == card(folder)
    assert checkpoint.read(folder).revision == EDITION.turned(PHOTOGRAPHS).revision
    assert sum(file.stat().st_size for file in folder.iterdir()) < 10e6


def test_they_find_landmarks_far_better_than_the_mean_shape(folder):
    split = ffld.load("ffld", "test", limit=48)
    targets = split.targets
    images = [split.image(row) for row in range(len(split))]
    xy, confidence = Detector.load()(images, targets.box)
    assert ((confidence >= 0) & (confidence <= 1)).all()

    def error(points: np.ndarray) -> float:
        about = {"dataset": "ffld", "split": "test", "ids": targets.ids}
        result = evaluate(Predictions(xy=points, **about), targets, resamples=0)
        return result.scores["ne"]["visible"].value

    about = checkpoint.read(folder)
    _, floor = about.build(folder, FFLD)
    frames = np.stack([crop(box, about.input_size, about.padding) for box in targets.box])
    means = floor.points[targets.type_index].numpy() * about.input_size
    assert error(xy) < 0.7 * error(apply(np.linalg.inv(frames), means))
