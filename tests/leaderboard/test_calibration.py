"""Confidences against errors: by pencil, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from leaderboard.calibration import CORRECT, calibration


def of(errors, sure):
    errors, sure = np.array([errors]), np.array([sure])
    return calibration(errors, sure, ~np.isnan(errors))


def test_by_pencil():
    found = of([0.05, 0.3, 0.1, 0.2, np.nan], [0.9, 0.8, 0.7, 0.1, 1.0])
    assert found.discrimination == 0.75  # of four pairs of right and wrong, one is the other way
    assert found.error == pytest.approx((0.1 + 0.8 + 0.3 + 0.1) / 4)


def test_against_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    errors, sure = rng.gamma(2, 0.05, (50, 8)), rng.integers(0, 6, (50, 8)) / 5
    found = calibration(errors, sure, np.ones((50, 8), bool))
    assert found.discrimination == pytest.approx(
        roc_auc_score(errors.ravel() <= CORRECT, sure.ravel())
    )


def test_a_perfectly_calibrated_method_and_one_that_is_too_sure():
    rng = np.random.default_rng(1)
    sure = rng.random((4000, 8))
    errors = np.where(rng.random((4000, 8)) < sure, 0.05, 0.5)
    whole = np.ones((4000, 8), bool)
    assert calibration(errors, sure, whole).error < 0.01
    assert calibration(errors, np.sqrt(sure), whole).error > 0.1


def test_confidences_that_are_no_probabilities_have_no_calibration_error():
    found = of([0.05, 0.3], [7.0, -2.0])
    assert (found.discrimination, found.error) == (1.0, None)


def test_nothing_to_tell_apart():
    assert np.isnan(of([0.05, 0.06], [0.1, 0.2]).discrimination)
    assert of([np.nan], [0.5]) is None


def test_it_stands_on_the_board(board):
    board.new("one")
    files = board.build().files
    assert "### Confidences" in files["made-up.md"]
    assert "surer of right points" in files["made-up-test-80-annotated-notype-own.html"]
