"""Models for prediction alone, faster: what follows from weights alone is computed once.

A copy is made, so that nothing kept can fall behind its weights: what the kept was computed from
stays with the model, which can be trained on and be frozen again.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import NoReturn

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from benchmark.models import ModelError
from benchmark.network import HeatmapNet


@torch.no_grad()
def frozen(model: nn.Module) -> nn.Module:
    """A copy of a model that predicts the same within rounding, and takes no other weights.

    In a `HeatmapNet`, batch normalisation right after a convolution of an `nn.Sequential`, which
    nothing else may read, becomes part of it; weights lie in memory as convolutions of
    channels-last maps read them; every module that has a method `freeze` gives way to what this
    returns, which keeps what follows from its parameters. Any other model is copied as it is.
    """
    found = copy.deepcopy(model).eval().requires_grad_(False)
    if isinstance(found, HeatmapNet):
        found.to(memory_format=torch.channels_last)
        _freeze(found)
        found.register_load_state_dict_pre_hook(_refuse)
    return found.eval()  # the new modules in it, too


def _freeze(module: nn.Module) -> None:
    """Everything below a module."""
    if type(module) is nn.Sequential:
        _fold(module)
    for name, child in module.named_children():
        if hasattr(child, "freeze"):
            module.register_module(name, child.freeze())
        else:
            _freeze(child)


def _fold(chain: nn.Sequential) -> None:
    for (before, first), (after, second) in pairwise(list(_links(chain))):
        convolution, norm = before[first], after[second]
        fixed = isinstance(norm, nn.BatchNorm2d) and norm.track_running_stats
        if fixed and type(convolution) is nn.Conv2d:
            before[first] = fuse_conv_bn_eval(convolution, norm)
            after[second] = nn.Identity()  # others keep their positions


def _links(chain: nn.Sequential) -> Iterator[tuple[nn.Sequential, int]]:
    """Where the modules of a chain stand in it, or in chains within it, in the order they run."""
    for position, module in enumerate(chain):
        if type(module) is nn.Sequential:
            yield from _links(module)
        else:
            yield chain, position


def _refuse(*_: object) -> NoReturn:
    raise ModelError("a frozen model takes no weights; load them into the model and freeze that")
