"""What a model costs: parameters, floating point operations, and time measured as it must be.

A GPU's work is awaited before a clock is read. The LGR paper's times cannot have been taken so:
.65 ms for VGG16 at 224 x 224, 30.7 GFLOP, would be 47 TFLOP/s on a card of 11.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark import models
from benchmark.models import Inputs
from benchmark.timing import in_turns, ratio
from ffld.schema import LandmarkSchema

_planned: dict[tuple, Cost | None] = {}  # what was counted already


@dataclass(frozen=True)
class Cost:
    """Of one image.

    Attributes:
        parameters: that are trained.
        flops: of `predict`, a multiplication and an addition being two; convolutions and matrix
            products alone are counted.
    """

    parameters: int
    flops: int


@dataclass(frozen=True)
class Latency:
    """Time from an image on the device to its landmarks, one image at a time.

    Attributes:
        milliseconds: median over rounds; low, high: its quartiles.
        ratio: median over rounds of the time over that of the reference in the same round.
    """

    milliseconds: float
    low: float
    high: float
    ratio: float


def one_image(model: nn.Module, device: torch.device | str = "cpu") -> Inputs:
    """A grey image of the model's size."""
    images = torch.full((1, 3, model.input_size, model.input_size), 0.5)
    return Inputs(images, torch.zeros(1, dtype=torch.int64)).to(device)


def cost(model: nn.Module) -> Cost:
    """Parameters and operations of a model, on the device where it is."""
    device = next((p.device for p in model.parameters()), "cpu")
    parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
    with FlopCounterMode(display=False) as counter:
        model.predict(one_image(model, device))
    return Cost(parameters, counter.get_total_flops())


def planned_cost(name: str, schema: LandmarkSchema, **overrides: Any) -> Cost | None:
    """What a model will cost, by its shapes alone: nothing is computed. None for a fitted one."""
    key = (name, schema.fingerprint, *sorted(overrides.items()))
    if key not in _planned:  # datasets of one schema have the same networks
        with torch.device("meta"):
            model = models.build(name, schema, **overrides)
            _planned[key] = None if model.fitted else cost(model)
    return _planned[key]


def latencies(
    timed: Mapping[str, nn.Module], reference: str, device: torch.device, *, rounds: int = 20
) -> dict[str, Latency]:
    """Time models against each other in one go, one image at a time (`benchmark.timing`).

    Args:
        timed: models with weights, whatever they are; they are moved to the device.
        reference: the one that ratios refer to.
    """
    ready = {name: model.to(device).eval() for name, model in timed.items()}
    works = {name: partial(m.predict, one_image(m, device)) for name, m in ready.items()}
    times = in_turns(works, device, rounds)
    return {name: _latency(found, times[reference]) for name, found in times.items()}


def _latency(seconds: np.ndarray, reference: np.ndarray) -> Latency:
    low, middle, high = 1000 * np.quantile(seconds, [0.25, 0.5, 0.75])
    return Latency(float(middle), float(low), float(high), ratio(seconds, reference))
