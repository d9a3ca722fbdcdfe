"""Pyramids: their resampling is torch's, their sizes are PyraNet's."""

import pytest
import torch
from torch.nn import functional as F

from benchmark.backbone import ScaledResidual
from benchmark.pyramid import PYRAMIDS, PyramidBranch, PyramidResidual, Scales, pyramid

CHANNELS = 24


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def features(height=14, width=10):
    return torch.randn(2, CHANNELS, height, width)


@pytest.mark.parametrize("kind", PYRAMIDS)
def test_shapes_are_kept_down_to_a_single_cell(kind):
    for height, width in ((14, 10), (4, 4), (1, 1)):
        maps = features(height, width)
        assert pyramid(kind, CHANNELS).eval()(maps).shape == maps.shape


def test_scales_pool_and_interpolate_as_torch_does():
    scales, maps = Scales(6, 4), torch.randn(2, 6, 14, 10)
    total = 0
    for branch, small in zip(scales.branches, [(12, 8), (10, 7), (8, 6), (7, 5)], strict=True):
        seen = branch(F.adaptive_avg_pool2d(maps, small))
        total = total + F.interpolate(seen, (14, 10), mode="bilinear")
    assert torch.allclose(scales(maps), total, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_a_fresh_branch_is_the_identity(training):
    branch, maps = PyramidBranch(CHANNELS).train(training), features()
    assert torch.equal(branch(maps), maps)
    torch.nn.init.ones_(branch.residual.weight)
    assert isinstance(branch.residual, ScaledResidual)
    assert not torch.allclose(branch(maps), maps, atol=0.1)


def test_the_residual_module_has_pyranet_s_number_of_parameters():
    # 512 -> 256 -> 256 and 512 -> 56 -> (4 x 56) -> 256, then 256 -> 512, normalised before each
    assert sum(p.numel() for p in PyramidResidual(512).parameters()) == 1_012_728


def test_large_maps_need_no_large_matrices():
    maps = torch.randn(1, 9, 224, 224)  # a dense resampling matrix would have 224^4 elements
    assert PyramidBranch(9).eval()(maps).shape == maps.shape


def test_prediction_before_training_leaves_gradients_possible():
    """Matrices made under inference mode are kept, and must serve training later."""
    branch, maps = PyramidBranch(CHANNELS), features(9, 11)
    with torch.inference_mode():
        branch(maps)
    torch.nn.init.ones_(branch.residual.weight)
    branch(maps).sum().backward()
    assert branch.reduce[0].weight.grad.isfinite().all()
