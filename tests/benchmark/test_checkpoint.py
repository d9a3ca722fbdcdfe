"""Checkpoints come back as they were, and say what is wrong with those that cannot."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmark import checkpoint, models
from benchmark.checkpoint import FLOOR, Checkpoint, CheckpointError, find, read
from benchmark.state import TrainingState
from ffld.schema import FFLD, FLD8
from tests.benchmark.tiny_model import TINY

ABOUT = Checkpoint(
    model=TINY,
    config={"input_size": 32, "channels": 4},
    schema="fld8",
    schema_fingerprint=FLD8.fingerprint,
    input_size=32,
    padding=0.1,
    dataset="dots",
    revision="1",
    samples=48,
    seed=0,
    val_ne=0.05,
)


@pytest.fixture
def saved(tmp_path):
    model = models.build(TINY, FLD8, **ABOUT.config)
    floor = models.build(FLOOR, FLD8, input_size=32)
    floor.points.uniform_()
    ABOUT.save(tmp_path / "checkpoint", model, floor)
    return tmp_path / "checkpoint", model, floor


def _same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_round_trip(saved):
    folder, model, floor = saved
    assert find(folder) == find(folder.parent) == folder
    about = read(folder)
    assert about == ABOUT
    again, floor_again = about.build(folder, FLD8)
    assert _same(model.state_dict(), again.state_dict())
    assert _same(floor.state_dict(), floor_again.state_dict())
    assert sorted(path.name for path in folder.iterdir()) == [
        "checkpoint.json", "floor.safetensors", "model.safetensors",
    ]  # fmt: skip


def test_another_schema_is_refused(saved):
    with pytest.raises(CheckpointError, match=r"schema 'fld8'.*schema 'ffld'"):
        ABOUT.build(saved[0], FFLD)


def test_missing_checkpoints_say_what_is_there(tmp_path):
    with pytest.raises(CheckpointError, match="no such folder"):
        find(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match=r"holds no checkpoint\.json"):
        find(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not readable JSON"), ("[]", "holds list"), ('{"model": "lgr"}', "expected model, con")],
)
def test_a_broken_description_is_refused(saved, text, said):
    (saved[0] / "checkpoint.json").write_text(text)
    with pytest.raises(CheckpointError, match=said):
        read(saved[0])


def test_weights_that_do_not_fit_or_are_cut_off_are_refused(saved):
    folder, _, _ = saved
    about = replace(ABOUT, config={"input_size": 32, "channels": 5})
    with pytest.raises(CheckpointError, match="does not fit the model"):
        about.build(folder, FLD8)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-7])
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        ABOUT.build(folder, FLD8)
    weights.unlink()
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        ABOUT.build(folder, FLD8)


def _step(model, optimizer):
    optimizer.zero_grad()
    model(torch.rand(4, 3, 32, 32)).square().mean().backward()
    optimizer.step()


def test_a_training_state_continues_to_the_same_weights(tmp_path):
    def fresh():
        torch.manual_seed(0)
        model = models.build(TINY, FLD8, **ABOUT.config)
        return model, torch.optim.Adam(model.parameters(), lr=0.01)

    model, optimizer = fresh()
    _step(model, optimizer)
    best = {name: value.clone() for name, value in model.state_dict().items()}
    history = [{"epoch": 1, "val_ne": 0.1 + 0.2}]
    TrainingState(history, best).save(tmp_path / "state", model, optimizer)
    _step(model, optimizer)

    again, other = fresh()
    torch.rand(99)
    state = TrainingState.load(tmp_path / "state", again, other)
    assert state.history == history
    assert _same(best, state.best)
    _step(again, other)
    assert _same(model.state_dict(), again.state_dict())


def test_a_state_of_another_training_is_refused(tmp_path):
    model = models.build(TINY, FLD8, channels=4)
    optimizer = torch.optim.Adam(model.parameters())
    TrainingState([], {}).save(tmp_path / "state", model, optimizer)
    other = models.build(TINY, FLD8, channels=5)
    with pytest.raises(CheckpointError, match="is of another training"):
        TrainingState.load(tmp_path / "state", other, torch.optim.Adam(other.parameters()))
    checkpoint.save_tensors(tmp_path / "state", {"model/x": torch.ones(1)})
    with pytest.raises(CheckpointError, match="is of another training"):
        TrainingState.load(tmp_path / "state", model, optimizer)


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "weights"
    checkpoint.save_tensors(path, {"a": torch.ones(2)})

    def fail(tensors, file, metadata):
        save_file(tensors, file)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save_file", fail)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save_tensors(path, {"a": torch.zeros(2)})
    assert load_file(path)["a"].tolist() == [1, 1]
    assert [file.name for file in tmp_path.iterdir()] == ["weights"]


def test_only_json_and_tensors_are_written(saved):
    folder, _, _ = saved
    json.loads((folder / "checkpoint.json").read_text())
    for name in ("model", "floor"):
        assert load_file(folder / f"{name}.safetensors")
