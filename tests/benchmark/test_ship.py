"""A run's weights made into files that come with the model."""

import json
from pathlib import Path

import pytest

from benchmark import Result, models
from benchmark.card import card
from ffld.render.named import PHOTOGRAPHS
from tests.benchmark.tiny_model import SHORT, VGG


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


def test_code_that_no_commit_holds_is_told_of(ship, trained, tmp_path):
    config = Path(trained) / "config.json"
    content = json.loads(config.read_text())
    for code, told in (("0f" * 20, False), ("0f" * 20 + "-dirty", True)):
        content["environment"]["commit"] = code
        config.write_text(json.dumps(content))
        status, _, notes = ship(trained, "--out", tmp_path / "w")
        assert status == 0
        assert (f"code that no commit holds ({code})" in notes) == told
        assert json.loads((tmp_path / "w" / "training.json").read_text())["commit"] == code


def test_weights_are_shipped_as_they_will_predict(run, ship, trained, tmp_path):
    out = tmp_path / "weights" / "vgg16-dots"
    assert ship(trained, "--out", out, "--set", "turns=-9,9")[0] == 0
    about = json.loads((out / "checkpoint.json").read_text())
    assert about["config"]["turns"] == [-9, 9]
    scored = ["--dataset", "dots", "--device", "cpu", "--checkpoint", out]
    assert run(*scored, "--out", "two")[0] == 0
    assert run(*scored, "--set", "turns=0", "--out", "one")[0] == 0
    again = [trained, "--out", out, "--set", "turns=-9,9", "--scores"]
    assert ship(*again, "two")[0] == 0
    assert "turns=[-9.0, 9.0]" in (out / "README.md").read_text()
    code, _, notes = ship(*again, "one")
    assert code == 2
    assert f"'one' scored the weights in {str(out)!r} with turns=[0.0]; score these: " in notes
    code, _, notes = ship(trained, "--out", out, "--set", "lr=1")
    assert (code, "trained weights leave open decoder" in notes) == (2, True)


@pytest.mark.parametrize(
    ("dials", "said"),
    [({}, ""), (dict(PHOTOGRAPHS), " with the dials `photographs`, "),
     ({"company": 0}, " with company=0, ")],
)  # fmt: skip
def test_the_card_tells_which_dials_were_turned(ship, trained, tmp_path, dials, said):
    out = tmp_path / "weights" / "turned"
    assert ship(trained, "--out", out)[0] == 0
    about = json.loads((out / "training.json").read_text())
    about["configuration"]["dials"] = dials
    (out / "training.json").write_text(json.dumps(about))
    (line,) = (row for row in card(out).splitlines() if row.startswith("| data |"))
    assert (said in line) if dials else (" with " not in line)


def test_the_card_tells_every_training_that_weights_went_through(run, ship, trained, tmp_path):
    first, out = tmp_path / "weights" / "first", tmp_path / "weights" / "last"
    assert ship(trained, "--out", first)[0] == 0
    on = ["--dataset", "dots", "--device", "cpu", "--epochs", 1]
    assert run(*on, "--init", first, "--seed", 3, "--out", "second")[0] == 0
    assert run(*on, "--init", "second", "--set", "lr=0.002", "--out", "third")[0] == 0
    assert ship("third", "--out", out, "--before", "second", first)[0] == 0
    text = (out / "README.md").read_text()
    assert text == card(out)
    rows = [line for line in text.splitlines() if line.startswith("| trained before |")]
    assert ["one epoch of" in rows[0], "seed 3" in rows[0]] == [True, True]
    assert ["2 epochs" in rows[1], "seed 0" in rows[1]] == [True, True]
    assert "begun with weights of vgg16 trained on `1`; no photograph before either" in text
    assert "| selection | one epoch; NE on " in text
    # As one: the second, shipped with what was before it.
    middle = tmp_path / "weights" / "middle"
    assert ship("second", "--out", middle, "--before", first)[0] == 0
    assert run(*on, "--init", middle, "--set", "lr=0.002", "--out", "fourth")[0] == 0
    assert ship("fourth", "--out", out, "--before", middle)[0] == 0
    assert (out / "README.md").read_text().count("| trained before |") == 2
    for wrong in ([first], ["second", "third"]):
        code, _, notes = ship("third", "--out", out, "--before", *wrong)
        assert code == 2
        assert "holds other weights than those that the later training began with" in notes


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
