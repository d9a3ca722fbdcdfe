"""Times that can be compared on a machine that does other things too.

What is compared is measured in turns, round by round; medians over rounds are reported, and ratios
are taken within a round, so that what disturbs the machine for longer disturbs both sides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

Work = Callable[[], object]


@dataclass(frozen=True)
class Floor:
    """What the machine does at its best, measured.

    Attributes:
        flops: of a large matrix product in float32, a second.
        bytes: read and written by a copy in memory, a second.
    """

    flops: float
    bytes: float

    def seconds(self, flops: float, traffic: float) -> float:
        """The least that so many operations and bytes take."""
        return max(flops / self.flops, traffic / self.bytes)

    def or_better(self, other: Floor) -> Floor:
        """The better of two measurements in each, one of which may have been disturbed."""
        return Floor(max(self.flops, other.flops), max(self.bytes, other.bytes))


def wait(device: torch.device) -> None:
    """Until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(work: Work, device: torch.device) -> float:
    """How long a piece of work takes, the device's part included; by its own events on CUDA."""
    wait(device)
    if device.type == "cuda":
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        work()
        last.record()
        wait(device)
        return first.elapsed_time(last) / 1000
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(
    works: Mapping[str, Work], device: torch.device, rounds: int, least: float = 0.05
) -> dict[str, np.ndarray]:
    """Seconds of one call of each work, (rounds,) for each.

    Args:
        least: seconds that a work is repeated for within a round.
    """
    calls = {}
    for name, work in works.items():
        work()  # warms up
        calls[name] = max(1, round(least / seconds(work, device)))
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(seconds(_repeated(work, calls[name]), device) / calls[name])
    return {name: np.array(values) for name, values in found.items()}


def best_batch(
    work: Callable[[int], Work], device: torch.device, largest: int, *, least: int = 1
) -> int:
    """The number of samples at once, a power of two, that takes the least time a sample.

    Each size is repeated for as long as in a round, lest a short work slip through where a long one
    is interrupted.

    Args:
        work: from a number of samples to what is done with them; running out of memory ends the
            search.
        least: the first size to be tried; taken whatever the largest may be.
    """
    best, shortest, size = least, float("inf"), least
    while size <= largest:
        try:
            each = in_turns({"work": work(size)}, device, rounds=3)["work"].min() / size
        except torch.OutOfMemoryError:
            break
        if each < shortest:
            best, shortest = size, each
        size *= 2
    return best


def floor(device: torch.device, side: int | None = None, rounds: int = 5) -> Floor:
    """Measure the machine with torch's own matrix product and copy."""
    side = side or (8192 if device.type == "cuda" else 1024)
    a, b = torch.rand(2, side, side, device=device)
    whole = torch.rand(max(side * side, 1 << 24), device=device)
    other = torch.empty_like(whole)
    works = {"product": lambda: a @ b, "copy": lambda: other.copy_(whole)}
    found = {name: values.min() for name, values in in_turns(works, device, rounds).items()}
    return Floor(2 * side**3 / found["product"], 2 * 4 * whole.numel() / found["copy"])


def traffic(model: nn.Module, run: Work) -> int:
    """Bytes that a pass must move: weights once, every layer's output written and read once.

    Args:
        run: calls the model once.
    """
    held = [*model.parameters(), *model.buffers()]
    total = sum(tensor.numel() * tensor.element_size() for tensor in held)

    def count(module: nn.Module, given: object, made: object) -> None:
        nonlocal total
        if isinstance(made, torch.Tensor):
            total += 2 * made.numel() * made.element_size()

    leaves = [module for module in model.modules() if not list(module.children())]
    hooks = [leaf.register_forward_hook(count) for leaf in leaves]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return total


def ratio(one: np.ndarray, other: np.ndarray) -> float:
    """Median over rounds of one's time over the other's in the same round."""
    return float(np.median(one / other))


def _repeated(work: Work, calls: int) -> Work:
    def run() -> None:
        for _ in range(calls):
            work()

    return run
