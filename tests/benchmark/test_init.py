"""Training on from given weights."""

import json

import pytest

from benchmark import checkpoint, models
from benchmark.checkpoint import Checkpoint
from ffld.schema import FFLD, FLD8
from tests.benchmark.tiny_model import QUICK, SHORT, TINY

BEST = "metrics.jsonl"


def _first_epoch(path):
    return json.loads((path / BEST).read_text().splitlines()[0])


def test_training_goes_on_from_given_weights_and_with_their_model_s_settings(run, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    # The random weights of another seed have a loss of their own; the trained ones a lower one.
    assert (
        run(*QUICK, "--model", TINY, "--epochs", 8, "--set", "channels=24", "--out", first)[0] == 0
    )
    on = ["--dataset", "dots", "--device", "cpu", "--epochs", 1, "--set", "batch_size=16"]
    code, _, notes = run(*on, "--init", first, "--seed", 1, "--out", second)
    assert code == 0
    assert f"starting from the weights in {first}/checkpoint" in notes
    assert _first_epoch(second)["loss"] < 0.8 * _first_epoch(first)["loss"]
    made = json.loads((second / "config.json").read_text())["configuration"]
    assert (made["model"], made["settings"]["input_size"]) == (TINY, 32)
    assert made["overrides"]["channels"] == 24
    assert made["init"]["seed"] == 0
    assert made["init"]["sha256"]
    code, _, notes = run(*on, "--init", first, "--seed", 1, "--out", second)
    assert code == 0
    assert "this run is finished" in notes


def test_other_weights_to_start_from_are_another_run(run, tmp_path):
    for seed in (0, 1):
        arguments = [*QUICK, "--model", TINY, "--epochs", 1, "--seed", seed]
        assert run(*arguments, "--out", tmp_path / str(seed))[0] == 0
    out = ["--dataset", "dots", "--device", "cpu", "--epochs", 1, "--out", tmp_path / "on"]
    assert run(*out, "--init", tmp_path / "0")[0] == 0
    code, _, notes = run(*out, "--init", tmp_path / "1")
    assert code == 2
    assert "holds a run of another configuration" in notes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--checkpoint", "RUN"], "--checkpoint scores weights, --init trains them further"),
        (["--model", "vgg16"], "is of model 'tests.benchmark.tiny_model:build', not 'vgg16'"),
        (["--set", "pretrained=true"], "each say what to start from"),
        (["--set", "channels=8"], "does not fit the model"),
        (["--init", "/nowhere"], "checkpoint '/nowhere': no such folder"),
    ],
)
def test_what_cannot_be_started_from_is_one_error_line(run, tmp_path, arguments, said):
    assert run(*SHORT, "--out", tmp_path / "run")[0] == 0
    given = [str(tmp_path / "run") if word == "RUN" else word for word in arguments]
    start = ["--dataset", "dots", "--device", "cpu", "--epochs", 1]
    code, _, notes = run(*start, "--init", tmp_path / "run", *given)
    assert code == 2
    assert said in notes.strip().splitlines()[-1]


@pytest.mark.parametrize("name", ["lgr", "gcn", "pyranet", "bcrnn"])
def test_weights_of_another_schema_begin_all_but_what_counts_landmarks(name, tmp_path):
    small = {"input_size": 48, "width": 0.0625}
    source = models.build(name, FFLD, **small)
    floor = models.build(checkpoint.FLOOR, FFLD, input_size=48)
    about = Checkpoint(
        model=name, config=small, schema=FFLD.name, schema_fingerprint=FFLD.fingerprint,
        input_size=48, padding=0.1, dataset="ffld", revision="ffld-1.0", samples=1, seed=0,
        val_ne=None,
    )  # fmt: skip
    about.save(tmp_path, source, floor)
    model = models.build(name, FLD8, **small)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    kept = checkpoint.start_from(tmp_path, model, FLD8)
    assert 0 < len(kept) < len(before) / 2
    given, taken = source.state_dict(), model.state_dict()
    for key, value in taken.items():
        assert value.equal(before[key] if key in kept else given[key]), key
