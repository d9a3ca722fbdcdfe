"""One recipe for every model: Adam, warm-up, steps, early stop on validation NE.

After each epoch the whole state is on disk, so that a training stopped at any moment continues to
the same weights as one that was never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from benchmark import world
from benchmark.crops import Crops
from benchmark.evaluate import evaluate
from benchmark.feeding import batch_count, batches, predict
from benchmark.models import Batch
from benchmark.resident import Resident, placed
from benchmark.settings import Settings
from benchmark.state import TrainingState
from benchmark.step import Gauge, Step

History = list[dict[str, float]]


class TrainingError(ValueError):
    """A training that cannot go on; the message says why and what to change."""


@dataclass(frozen=True)
class Task:
    """What to train on, and how.

    Attributes:
        train: crops with margin; val: crops without.
        state: file of the unfinished training's state.
        log: called after every epoch with its history so far.
    """

    train: Crops
    val: Crops
    settings: Settings
    seed: int
    device: torch.device
    state: Path
    log: Callable[[History], None]


def train(model: nn.Module, task: Task) -> History:
    """Train from the last saved epoch on; leaves the best weights on validation in the model.

    In a job of several processes the first one writes, and all end with the same weights.
    """
    step = Step.of(model, task.settings, task.device)
    samples = placed(task.train, task.settings, task.device)
    history: History = []
    best: dict[str, Tensor] = {}
    if world.from_first(task.state.exists):
        state = TrainingState.load(task.state, model, step.optimizer, step.average)
        history, best = state.history, dict(state.best)
        task.log(history)
    while not finished(history, task.settings):
        record = _epoch(step, samples, task, len(history))
        if record["val_ne"] < best_ne(history):
            best = {k: v.detach().clone() for k, v in step.learnt.state_dict().items()}
        history = [*history, record]
        if world.rank() == 0:
            TrainingState(history, best).save(task.state, model, step.optimizer, step.average)
        task.log(history)
    model.load_state_dict(best)
    return history


def finished(history: History, settings: Settings) -> bool:
    """Whether all epochs were run, or `patience` of them brought nothing."""
    if len(history) >= settings.epochs:
        return True
    values = [record["val_ne"] for record in history]
    return bool(values) and len(values) - 1 - values.index(min(values)) >= settings.patience


def best_ne(history: History) -> float:
    """The least validation NE so far; infinite before the first epoch."""
    return min((record["val_ne"] for record in history), default=math.inf)


def learning_rate(step: int, epoch: float, settings: Settings) -> float:
    """Rate at an optimiser step (from 0, over all epochs), after so many epochs and part of one."""
    rate = settings.lr * min(1.0, (step + 1) / max(1, settings.warmup))
    passed, begun = divmod(int(epoch), settings.period)
    match settings.schedule:
        case "cosine":
            return rate * (1 + math.cos(math.pi * epoch / settings.epochs)) / 2
        case "milestones":
            passed = sum(int(epoch) >= round(m * settings.epochs) for m in settings.milestones)
        case "slope":
            rate *= 1 - 0.9 * begun / settings.period
    return rate * 0.1**passed


def _epoch(step: Step, samples: Crops | Resident, task: Task, epoch: int) -> dict[str, float]:
    """Train for one epoch and validate; the record of it."""
    settings, started = task.settings, time.perf_counter()
    count = batch_count(task.train, settings)
    title = f"epoch {epoch + 1}/{settings.epochs}"
    if world.size() > 1:  # the saved random state is the first process's alone
        own = np.random.default_rng([task.seed, epoch, world.rank()])
        torch.manual_seed(int(own.integers(2**63)))
    quiet = world.rank() > 0
    with tqdm(total=count, desc=title, unit=" batches", mininterval=0.5, disable=quiet) as progress:
        source = batches(samples, settings, seed=task.seed, epoch=epoch, device=task.device)
        loss = _train_epoch(step, source, task, epoch, progress)
        world.agree(step.model)
        if step.average:
            world.agree(step.average)
        seconds = time.perf_counter() - started
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} in epoch {epoch + 1}; try a lower rate, such as --set "
                f"lr={settings.lr / 10:g}"
            )
        ne = _validation_ne(step.learnt, task)
        progress.set_postfix_str(f"loss {loss:.4f}, validation NE {ne:.4f}")
    images = count * min(settings.batch_size, len(task.train))
    return {
        "epoch": epoch + 1,
        "lr": step.optimizer.param_groups[0]["lr"],
        "loss": loss,
        "val_ne": ne,
        "seconds": round(seconds, 3),
        "images_per_second": round(images / seconds, 2),
    }


def _train_epoch(
    step: Step, source: Iterable[Batch], task: Task, epoch: int, progress: tqdm
) -> float:
    """Mean loss over the epoch's batches; the host waits for the device at its end alone."""
    step.loss_of.train()
    total, gauge = torch.zeros((), device=task.device), Gauge()
    for done, batch in enumerate(source, start=1):
        passed = epoch + (done - 1) / progress.total
        rate = learning_rate(round(passed * progress.total), passed, task.settings)
        for group in step.optimizer.param_groups:
            group["lr"] = rate
        total += step(batch)
        if done % 10 == 0:
            progress.set_postfix_str(f"loss {gauge.read(total / done):.4f}", refresh=False)
        progress.update()
    return world.mean(total).item() / progress.total


def _validation_ne(model: nn.Module, task: Task) -> float:
    predictions = predict(model, task.val, device=task.device, batch_size=task.settings.batch_size)
    ne = evaluate(predictions, task.val.targets, resamples=0).scores["ne"]["visible"].value
    if math.isnan(ne):
        raise TrainingError("no visible landmark to validate on; raise val_limit")
    return ne
