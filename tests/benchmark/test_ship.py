"""A run's weights made into files that come with the model."""

import json

import pytest

import benchmark.ship
from benchmark import Result, models
from benchmark.card import card
from tests.benchmark.tiny_model import SHORT

VGG = [
    "--dataset", "dots", "--device", "cpu", "--model", "vgg16", "--epochs", 2,
    "--set", "input_size=48", "--set", "width=0.0625",
]  # fmt: skip


@pytest.fixture
def ship(run, capsys):
    def call(*arguments):
        code = benchmark.ship.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def trained(run):
    assert run(*VGG, "--out", "trained")[0] == 0
    return "trained"


def test_shipped_weights_score_and_their_card_says_so(run, ship, trained, tmp_path):
    out = tmp_path / "weights" / "vgg16-dots"
    assert ship(trained, "--out", out)[0] == 0
    weights = (out / "model.safetensors").read_bytes()
    assert len(weights) < 0.6 * len(
        (tmp_path / "work/trained/checkpoint/model.safetensors").read_bytes()
    )
    scored = ["--dataset", "dots", "--device", "cpu", "--checkpoint"]
    assert run(*scored, out, "--out", "scored")[0] == 0
    assert ship(trained, "--out", out, "--scores", "scored")[0] == 0
    assert (out / "model.safetensors").read_bytes() == weights
    result = Result.load("scored/result.json")
    text = (out / "README.md").read_text()
    assert f"| `dots 1` test | 16 | {result.scores['ne']['visible'].value:.4f} |" in text
    assert text == card(out)
    stored = json.loads((out / "scores.json").read_text())["`dots 1` test"]
    assert stored["predictions_sha256"] == result.predictions_sha256
    assert run(*scored, trained, "--out", "other")[0] == 0
    code, _, notes = ship(trained, "--out", out, "--scores", "other")
    assert code == 2
    assert "scored other weights than those in" in notes


def test_what_is_no_finished_training_is_refused(run, ship, trained, tmp_path):
    refused = "is not the folder of a finished training"
    assert refused in ship("nowhere", "--out", tmp_path / "w")[2]
    (tmp_path / "work" / trained / "result.json").unlink()
    code, _, notes = ship(trained, "--out", tmp_path / "w")
    assert code == 2
    assert refused in notes
    assert not (tmp_path / "w").exists()


@pytest.fixture
def shipped(ship, trained, tmp_path, monkeypatch):
    """vgg16 comes with weights for "dots"."""
    folder = tmp_path / "weights" / "vgg16-dots"
    assert ship(trained, "--out", folder)[0] == 0

    def find(name, dataset):
        return folder if (name, dataset) == ("vgg16", "dots") else None

    monkeypatch.setattr(models, "shipped", find)
    return folder


def test_shipped_weights_are_scored_unless_training_is_asked_for(run, shipped):
    plain = ["--dataset", "dots", "--device", "cpu", "--model", "vgg16"]
    code, table, notes = run(*plain)
    assert code == 0
    assert "scoring the weights that come with vgg16, trained on 48 samples of 1" in notes
    assert "--train trains your own" in notes
    assert "epoch" not in notes
    few = ["--set", "input_size=48", "--set", "width=0.0625", "--epochs", 1]
    for asked in (few, [*few, "--train"], [*few, "--seed", 0]):
        assert "epoch 1/1" in run(*plain, *asked, "--afresh")[2]
    code, again, _ = run(*plain, "--checkpoint", shipped)
    assert (code, again) == (0, table)
    code, _, notes = run(*plain, "--checkpoint", "shipped")
    assert code == 2
    assert "no weights come with 'vgg16'" in notes  # for ffld, that is


def test_a_model_from_outside_ships_nothing(run):
    code, _, notes = run(*SHORT)
    assert code == 0
    assert "come with" not in notes
