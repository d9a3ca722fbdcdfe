"""Which samples are worst, and by what: numbers by hand, the command's table and its pictures."""

import csv
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmark.errors import Errors, main
from benchmark.predictions import Predictions
from ffld.schema import FLD8
from tests.benchmark.targets import predict, random_targets
from tests.benchmark.tiny_model import QUICK, SHORT


def test_a_sample_s_error_is_the_mean_over_its_visible_landmarks():
    made = random_targets(np.random.default_rng(0), 3)
    box = np.tile([0.0, 0.0, 10.0, 20.0], (3, 1))
    xy = np.full((3, 8, 2), 5.0)
    visibility = np.zeros((3, 8), np.uint8)
    visibility[0, :2], visibility[0, 2], visibility[1, 0], visibility[2, 1] = 2, 1, 2, 1
    upper = np.full(3, "upper")  # collars and sleeves
    made = replace(made, box=box, xy=xy, visibility=visibility, garment_type=upper)
    found = xy.copy()
    found[0, 0, 0] += 3  # .3 of the width
    found[0, 1, 1] += 2  # .1 of the height
    found[0, 2] += 9  # occluded, so not counted
    found[1, 0] += [3, 8]  # .5
    errors = Errors.of(predict(made, found), made)
    np.testing.assert_allclose(errors.ne, [0.2, 0.5, np.nan])
    np.testing.assert_allclose(errors.worst_ne, [0.3, 0.5, np.nan])
    assert errors.landmarks.tolist() == [2, 1, 0]
    assert errors.ranked().tolist() == [1, 0]
    assert errors.record(0)["worst_landmark"] == FLD8.landmarks[0]
    assert errors.record(2)["ne"] == errors.record(2)["worst_landmark"] == ""


@pytest.fixture
def errors(capsys):
    """Run the command: (exit code, stdout, stderr)."""

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_a_run_s_worst_samples_are_listed_written_and_drawn(run, errors, tmp_path):
    assert run(*SHORT, "--out", tmp_path / "run")[0] == 0
    sheet, out = tmp_path / "new" / "worst.png", tmp_path / "new" / "errors.csv"
    code, table, _ = errors(tmp_path / "run", "--worst", 3, "--sheet", sheet, "--out", out)
    assert code == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16
    known = [float(row["ne"]) for row in rows if row["ne"]]
    assert known == sorted(known, reverse=True)
    assert [line.split()[0] for line in table.splitlines()[1:]] == [row["id"] for row in rows[:3]]
    assert all(float(row["worst_ne"]) >= float(row["ne"]) for row in rows if row["ne"])
    assert cv2.imread(str(sheet)).shape == (360 + 18, 3 * 360, 3)


def test_every_annotated_point_of_a_run_is_written(run, errors, tmp_path):
    assert run(*SHORT, "--out", tmp_path / "run")[0] == 0
    assert errors(tmp_path / "run", "--points", tmp_path / "points.csv")[0] == 0
    with (tmp_path / "points.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    scores = json.loads((tmp_path / "run" / "result.json").read_text())["scores"]["ne"]
    assert len(rows) == scores["all"]["count"]
    seen = [row for row in rows if row["visibility"] == "visible"]
    assert len(seen) == scores["visible"]["count"] < len(rows)
    mean = np.mean([float(row["ne"]) for row in seen])
    assert mean == pytest.approx(scores["visible"]["pooled"], abs=1e-6)
    made = Predictions.load(tmp_path / "run" / "predictions.parquet")
    at = {name: row for row, name in enumerate(made.ids.tolist())}
    for row in rows:
        x, y = made.xy[at[row["id"]], FLD8.index(row["landmark"])]
        assert (float(row["x"]), float(row["y"])) == pytest.approx((x, y), abs=0.006)


def test_what_cannot_be_shown_is_one_error_line(run, errors, tmp_path):
    assert run(*QUICK, "--model", "mean-shape", "--out", tmp_path / "run")[0] == 0
    for words, said in (
        ([tmp_path / "none"], f"error: {tmp_path / 'none'}: there is no such folder\n"),
        ([tmp_path], f"error: {tmp_path} is no run's folder: it has no config.json\n"),
        ([tmp_path / "run", "--out", tmp_path], "is a folder; name a file"),
        (["none", "--out", "x.png"], "--out: 'x.png' would not be a .png file; name it .csv"),
        (["none", "--sheet", "x.txt"], "--sheet: cannot write '.txt' pictures; name it .png or"),
        ([tmp_path / "run", "--sheet", tmp_path / "run/result.json/x.png"], "is a file"),
    ):
        code, table, notes = errors(*words)
        assert (code, table) == (2, "")
        assert notes.startswith("error: ")
        assert said in notes
    (tmp_path / "run" / "result.json").unlink()
    code, _, notes = errors(tmp_path / "run")
    assert code == 2
    assert "this run is not finished" in notes
