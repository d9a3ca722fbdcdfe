"""One step of training, in which the host never waits for the device."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from benchmark import world
from benchmark.models import Batch, check_loss
from benchmark.settings import Settings


@dataclass(frozen=True, eq=False)
class Step:
    """Loss, gradient, clipping, Adam and the moving average of the weights.

    Attributes:
        model: what is trained, on its device.
        loss_of: batch -> loss; its parameters are the model's.
        precision: "cuda" or "cpu" where the loss is computed in bfloat16; None for float32.
        average: of the model; None where the settings ask for none.
    """

    model: nn.Module
    loss_of: nn.Module
    optimizer: torch.optim.Optimizer
    clip: float
    precision: str | None
    average: AveragedModel | None

    @property
    def learnt(self) -> nn.Module:
        """What validation scores and training leaves: the average, or else the model."""
        return self.average.module if self.average else self.model

    @classmethod
    def of(cls, model: nn.Module, settings: Settings, device: torch.device) -> Step:
        """The step of a model, which goes to the device; processes of a job share its batches."""
        model.to(device, memory_format=torch.channels_last)
        loss_of = world.sharing(model)
        if settings.compile != "false":
            mode = "reduce-overhead" if settings.compile == "graphs" else None
            loss_of = torch.compile(loss_of, mode=mode)
        optimizer = torch.optim.Adam(model.parameters(), lr=settings.lr, fused=True)
        average = moving_average(model, settings.ema) if settings.ema else None
        precision = _precision(settings, device)
        return cls(model, loss_of, optimizer, settings.clip, precision, average)

    def __call__(self, batch: Batch) -> Tensor:
        """Take one step; its loss, on the device.

        Raises:
            ModelError: the model's loss is no scalar.
        """
        self.optimizer.zero_grad(set_to_none=True)  # first, so that graphs may reuse their memory
        with self._arithmetic():
            loss = self.loss_of(batch)
        check_loss(self.model, loss)
        loss.backward()
        nn.utils.clip_grad_norm_(self.loss_of.parameters(), self.clip)
        self.optimizer.step()
        if self.average:
            self.average.update_parameters(self.model)
        return loss.detach()

    def _arithmetic(self) -> AbstractContextManager:
        if self.precision is None:
            return nullcontext()
        return torch.autocast(self.precision, torch.bfloat16)


def moving_average(model: nn.Module, decay: float) -> AveragedModel:
    """An exponential moving average of weights and running statistics, one update a step.

    After n updates it decays by at most (1 + n) / (10 + n), so that the random weights of the start
    are forgotten however short the training is.
    """

    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], _: Tensor) -> None:
        if not averaged[0].is_floating_point():  # counters, indices
            for mean, value in zip(averaged, current, strict=True):
                mean.copy_(value)
            return
        count = int(average.n_averaged)  # on the host, wherever the model is
        ramped = min(decay, (1 + count) / (10 + count))
        get_ema_multi_avg_fn(ramped)(averaged, current, None)

    average = AveragedModel(model, multi_avg_fn=update, use_buffers=True)
    return average


class Gauge:
    """A number of the device's that is shown while it works: the latest that has arrived."""

    def __init__(self) -> None:
        self._latest = float("nan")
        self._coming: tuple[Tensor, torch.cuda.Event] | None = None

    def read(self, number: Tensor) -> float:
        """Ask for a number, unless one is on its way; NaN until the first is here."""
        if not number.is_cuda:
            return number.item()
        if self._coming is not None and self._coming[1].query():
            self._latest, self._coming = self._coming[0].item(), None
        if self._coming is None:
            copy, event = number.to("cpu", non_blocking=True), torch.cuda.Event()
            event.record()
            self._coming = copy, event
        return self._latest


def choose_algorithms(deterministic: bool) -> None:
    """Those that give the same bytes again, as far as there are any, or the fastest ones.

    To be called before the process first computes on CUDA.
    """
    if deterministic:  # cuBLAS reads it once; without it, products may be summed in another order
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = not deterministic


def _precision(settings: Settings, device: torch.device) -> str | None:
    """bfloat16 where it was asked for and the device has it; it needs no loss scaling."""
    has = device.type == "cpu" or torch.cuda.is_bf16_supported()
    return device.type if settings.mixed_precision and has else None
