"""Predictions for a sealed season: those that the model gives for each picture and its box."""

import json
from dataclasses import replace

import pytest

from benchmark import Predictions
from benchmark.detector import Detector
from benchmark.predict import main
from benchmark.season import predict_season
from ffld import sealed
from ffld.sealed import Sealed


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("season")
    sealed.write_images(folder, Sealed("ffld", "one", 4, "5e" * 32), processes=1)
    return folder


def test_they_are_those_of_each_picture(images, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("benchmark.season._AT_ONCE", 3)
    out = tmp_path / "out"
    assert main(["--season", str(images), "--out", str(out), "--device", "cpu"]) == 0
    assert capsys.readouterr().out == f"{out / 'predictions.parquet'}\n"
    found, split, detector = Predictions.load(out / "predictions.parquet"), None, Detector.load()
    split = sealed.open_images(images)
    about = split.targets
    assert (found.split, found.revision) == ("season_one", about.revision)
    assert found.ids.tolist() == about.ids.tolist()
    for row, sample in enumerate(split):
        xy, confidence = detector([sample.image], [sample.box])
        assert found.xy[row] == pytest.approx(xy[0], abs=2e-3)
        assert found.confidence[row] == pytest.approx(confidence[0], abs=1e-3)
    made = json.loads((out / "config.json").read_text())["configuration"]
    assert (made["model"], made["split"]) == ("lgr", "season_one")
    assert main(["--season", str(images), "--out", str(out), "--device", "cpu"]) == 0


def test_what_predicts_for_a_season_is_noted_in_full(images, tmp_path):
    one = Detector.load()
    config = dict(one.about.config)
    several = replace(one, about=replace(one.about, others=[config, config]))
    predict_season(several, sealed.open_images(images), tmp_path / "out", batch_size=8)
    made = json.loads((tmp_path / "out" / "config.json").read_text())["configuration"]
    assert len(made["trained"]["others"]) == 2


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--season", "IMAGES"], "--season needs --out"),
        (["--season", "IMAGES", "--out", "OUT", "--type", "skirt"], "--type is not for --season"),
        (["--season", "IMAGES", "--out", "OUT", "a.jpg"], "PHOTO is not for --season"),
        (["--season", "OUT", "--out", "OUT"], "holds no season's images"),
        (["--season", "IMAGES", "--out", "FILE"], "is a file; give a folder"),
        (["--season", "IMAGES", "--out", "BELOW"], "is a file; pass another --out"),
        (["--season", "IMAGES", "--out", "RUN"], "need a folder of their own"),
        ([], "name a picture, a folder of pictures, or --season DIR"),
    ],
)
def test_one_line_for_every_mistake(images, tmp_path, capsys, words, text):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "result.json").write_text("{}")
    file = tmp_path / "run" / "result.json"
    places = {"IMAGES": images, "OUT": tmp_path / "out", "RUN": tmp_path / "run"}
    places |= {"FILE": file, "BELOW": file / "out"}
    assert main([str(places.get(word, word)) for word in words]) == 2
    error = capsys.readouterr().err.rpartition("\r")[2]  # after the bar of whoever verifies first
    assert error.startswith("error: ")
    assert text in error
    assert not (tmp_path / "out").exists()


def test_weights_of_other_landmarks(tmp_path, capsys):
    images = tmp_path / "images"
    sealed.write_images(images, Sealed("fld-procedural", "one", 1, "5e" * 32), processes=1)
    words = ["--season", images, "--out", tmp_path / "out", "--device", "cpu"]
    assert main([str(word) for word in words]) == 2
    assert "schema 'FLD8'" in capsys.readouterr().err.replace("fld8", "FLD8")
