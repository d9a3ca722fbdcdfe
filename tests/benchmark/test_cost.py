"""What a model costs, against a pencil and against the order of time."""

import time

import pytest
import torch
from torch import nn

from benchmark import models
from benchmark.cost import cost, latencies, planned_cost
from benchmark.models import build
from ffld.schema import FFLD


class One(nn.Module):
    """A convolution of 3 to 8 channels, and as much sleep as asked for."""

    fitted, input_size = False, 16

    def __init__(self, seconds=0.0):
        super().__init__()
        self.layer = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.frozen = nn.Parameter(torch.zeros(5), requires_grad=False)
        self.seconds = seconds

    @torch.inference_mode()
    def predict(self, inputs):
        time.sleep(self.seconds)
        return self.layer(inputs.images), None


def test_parameters_and_operations_of_one_convolution():
    found = cost(One())
    assert found.parameters == 3 * 8 * 9
    assert found.flops == 2 * (16 * 16) * (3 * 8 * 9)


def test_vgg16_at_224_has_the_operations_that_are_known():
    """15.3 GMAC with its fully connected layers, which ours has not: 13 convolutions, 15.35."""
    model = build("vgg16", FFLD, head="native", coordinates=False)
    assert abs(cost(model).flops / 2e9 - 15.35) < 0.01


def test_ratios_are_to_the_reference():
    found = latencies({"a": One(0.002), "b": One(0.02)}, "a", torch.device("cpu"), rounds=3)
    assert found["a"].ratio == 1
    assert found["b"].ratio > 1.5  # 10, where nothing else runs
    assert found["b"].low <= found["b"].milliseconds <= found["b"].high
    assert found["a"].milliseconds >= 2


@pytest.mark.parametrize("name", ["lgr", "bcrnn", "pyranet", "fashionnet"])
def test_what_is_planned_costs_what_is_built(name):
    sizes = {"input_size": 64, "width": 0.0625}
    expected = cost(build(name, FFLD, **sizes))
    assert planned_cost(name, FFLD, **sizes) == expected


def test_what_is_planned_is_made_of_shapes_alone(monkeypatch):
    """So that a network of 240 million numbers is counted in a moment."""
    made = []
    monkeypatch.setattr(models, "build", lambda *a, **k: made.append(build(*a, **k)) or made[0])
    assert planned_cost("fashionnet", FFLD).parameters > 2e8
    assert all(one.is_meta for one in (*made[0].parameters(), *made[0].buffers()))


def test_a_fitted_model_has_no_cost():
    assert planned_cost("mean-shape", FFLD) is None
