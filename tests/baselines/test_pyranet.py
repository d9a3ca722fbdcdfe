"""Hourglasses, and the loss after each of them."""

import pytest
import torch
from torch import nn

from baselines.pyranet import Hourglass
from benchmark.models import build
from benchmark.pyramid import PyramidResidual, Residual
from ffld.schema import FFLD, FLD8
from tests.benchmark.test_models import make_batch

TINY = {"input_size": 64, "width": 0.125}


@pytest.mark.parametrize("size", [(16, 16), (14, 14), (7, 5), (4, 4), (1, 3)])
def test_an_hourglass_keeps_maps_of_any_size(size):
    features = torch.randn(2, 16, *size, requires_grad=True)
    out = Hourglass(16, 4)(features)
    assert out.shape == features.shape
    (grad,) = torch.autograd.grad(out.sum(), features)
    assert (grad.abs().sum(1) > 0).all()  # no row or column is left out


def test_pyramids_stand_where_maps_are_large():
    modules = list(Hourglass(16, 4).modules())
    assert sum(isinstance(module, PyramidResidual) for module in modules) == 7
    assert sum(isinstance(module, Residual) for module in modules) == 6


def test_every_stack_has_maps_and_a_loss():
    torch.manual_seed(0)
    model, batch = build("pyranet", FLD8, **TINY, stacks=3).eval(), make_batch(FLD8)
    stages = model.stages(batch.inputs)
    assert [stage.shape for stage in stages] == [(4, 8, 16, 16)] * 3
    assert torch.equal(model(batch.inputs), stages[-1])
    errors = [model.map_error(stage, batch) for stage in stages]
    assert torch.allclose(model.loss(batch), sum(errors))
    grads = torch.autograd.grad(errors[0], list(model.parameters()), allow_unused=True)
    later = ("hourglasses.1", "hourglasses.2", "maps.1", "maps.2", "again", "back", "rectified.1")
    for (name, _), grad in zip(model.named_parameters(), grads, strict=True):
        if name.startswith(("stem", "hourglasses.0", "maps.0")):
            assert grad is not None, name
        if name.startswith(later):
            assert grad is None, name


def test_a_stack_sees_what_the_one_before_it_drew():
    torch.manual_seed(0)
    model, batch = build("pyranet", FLD8, **TINY).eval(), make_batch(FLD8)
    before = model.stages(batch.inputs)[-1]
    nn.init.zeros_(model.back[0].weight)
    assert not torch.equal(model.stages(batch.inputs)[-1], before)


def test_nothing_is_drawn_at_random():
    model, batch = build("pyranet", FFLD, **TINY), make_batch(FFLD)
    with torch.no_grad():
        assert torch.equal(model.loss(batch), model.loss(batch))


def test_the_shared_network_starts_without_its_hourglasses():
    model = build("pyranet", FLD8, **TINY, head="shared").eval()
    features = torch.randn(2, 64, 4, 4)
    assert torch.equal(model.middle(features), features)
