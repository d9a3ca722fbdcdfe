"""The schedule, the early stop, and a training that continues exactly where it was stopped."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from benchmark import models
from benchmark.crops import Source, cut
from benchmark.settings import CPU
from benchmark.step import Step
from benchmark.train import Task, TrainingError, best_ne, finished, learning_rate, train
from ffld.schema import FLD8
from tests.benchmark.tiny_model import TINY

SETTINGS = replace(CPU, input_size=32, epochs=4, batch_size=16, warmup=3, lr=0.02)


def _history(*values):
    return [{"epoch": number + 1, "val_ne": value} for number, value in enumerate(values)]


def test_the_rate_warms_up_and_falls_at_its_milestones():
    settings = replace(CPU, lr=1.0, warmup=4, epochs=10, milestones=(0.5, 0.8))
    assert [learning_rate(step, 0, settings) for step in (0, 1, 3, 4)] == [0.25, 0.5, 1, 1]
    rates = [learning_rate(100, epoch, settings) for epoch in range(10)]
    assert rates == pytest.approx([1] * 5 + [0.1] * 3 + [0.01] * 2)


def test_the_rate_falls_by_half_a_wave():
    settings = replace(CPU, lr=1.0, warmup=4, epochs=10, schedule="cosine")
    assert learning_rate(1, 0, settings) == pytest.approx(0.5)
    rates = [learning_rate(100, epoch, settings) for epoch in (0, 2.5, 5, 7.5, 10)]
    assert rates == pytest.approx([1, 0.853553, 0.5, 0.146447, 0], abs=1e-6)


def test_the_paper_s_fall_of_the_rate_has_two_readings():
    settings = replace(CPU, lr=1.0, warmup=0, epochs=100, schedule="steps", period=10)
    rates = [learning_rate(9, epoch, settings) for epoch in (0, 9, 10, 19, 20)]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01])
    slope = replace(settings, schedule="slope")
    rates = [learning_rate(9, epoch, slope) for epoch in (0, 5, 10, 15, 20)]
    assert rates == pytest.approx([1, 0.55, 0.1, 0.055, 0.01])


def test_training_stops_when_patience_is_out():
    settings = replace(CPU, epochs=9, patience=2)
    assert not finished([], settings)
    assert not finished(_history(0.5, 0.6), settings)
    assert finished(_history(0.5, 0.6, 0.5), settings)  # equal is not better
    assert not finished(_history(0.5, 0.6, 0.4, 0.7), settings)
    assert finished(_history(*[0.1] * 9), replace(settings, patience=99))
    assert best_ne(_history(0.5, 0.3, 0.4)) == 0.3


@pytest.fixture
def task(dots, tmp_path):
    return Task(
        train=cut(Source("dots", "train"), dots["train"].open(), 32, margin=4),
        val=cut(Source("dots", "val"), dots["val"].open(), 32),
        settings=SETTINGS,
        seed=0,
        device=torch.device("cpu"),
        state=tmp_path / "state.safetensors",
        log=lambda history: None,
    )


def _model(task):
    torch.manual_seed(task.seed)
    return models.build(TINY, FLD8, input_size=32)


def _trained(task):
    model = _model(task)
    return model, train(model, task)


def test_training_learns_and_keeps_the_best_weights(task):
    model, states = _model(task), []

    def log(history):
        states.append({name: value.clone() for name, value in model.state_dict().items()})

    history = train(model, replace(task, log=log, settings=replace(SETTINGS, lr=0.05)))
    assert len(states) == len(history) == 4
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    best = min(range(4), key=lambda epoch: history[epoch]["val_ne"])
    for name, value in model.state_dict().items():
        assert torch.equal(value, states[best][name])


def test_mixed_precision_is_bfloat16_on_a_cpu_too(task):
    seen = set()

    class Watched(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            seen.add((self.training, self.layer(x).dtype))
            return self.layer(x)

    model = _model(task)
    model.layers[0] = Watched(model.layers[0])
    history = train(model, replace(task, settings=replace(SETTINGS, mixed_precision=True)))
    assert seen == {(True, torch.bfloat16), (False, torch.float32)}  # training, validation
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    assert history[-1]["loss"] < history[0]["loss"]


@pytest.mark.parametrize(("stop", "ema"), [(1, 0.0), (3, 0.0), (2, 0.9)])
def test_a_stopped_training_continues_to_the_same_weights(task, stop, ema):
    task = replace(task, settings=replace(SETTINGS, ema=ema))
    whole, history = _trained(replace(task, state=task.state.with_name("whole")))

    def interrupt(history):
        if len(history) == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _trained(replace(task, log=interrupt))
    resumed, again = _trained(task)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    for one, other in zip(history, again, strict=True):
        assert {k: v for k, v in one.items() if "second" not in k} == {
            k: v for k, v in other.items() if "second" not in k
        }


def test_the_average_of_the_weights_is_validated_and_kept(task, monkeypatch):
    validated = []
    monkeypatch.setattr(
        "benchmark.train._validation_ne",
        lambda model, _: validated.append(copy.deepcopy(model.state_dict())) or 1 / len(validated),
    )
    kept, steps, taken = _model(task), [], Step.__call__

    def step(self, batch):
        loss = taken(self, batch)
        steps.append({name: value.clone() for name, value in self.model.named_parameters()})
        return loss

    monkeypatch.setattr(Step, "__call__", step)
    train(kept, replace(task, settings=replace(SETTINGS, ema=0.6)))
    expected = steps[0]
    for count, weights in enumerate(steps[1:], start=1):
        decay = min(0.6, (1 + count) / (10 + count))
        expected = {k: decay * v + (1 - decay) * weights[k] for k, v in expected.items()}
    for name, value in expected.items():
        torch.testing.assert_close(validated[-1][name], value)
        assert not torch.equal(value, steps[-1][name])
    assert all(torch.equal(validated[-1][k], v) for k, v in kept.state_dict().items())


def test_a_loss_that_explodes_is_an_error(task):
    with pytest.raises(TrainingError, match=r"try a lower rate, such as --set lr=1e\+30"):
        _trained(replace(task, settings=replace(SETTINGS, lr=1e31, warmup=0, clip=1e30)))
