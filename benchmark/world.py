"""The processes of a job: this one alone, or those that torchrun started.

All of them do the same on parts of every batch and of every split. The first (rank 0) speaks and
writes; what it writes must lie where all can read it. Where there is one process, everything here
does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

_T = TypeVar("_T")

_PATIENCE = timedelta(days=1)  # the others wait while the first renders; a dead one shows at once


class LostProcess(RuntimeError):
    """Another process of the job has ended; the message says how to go on."""


def rank() -> int:
    """The number of this process, from 0."""
    return int(os.environ["RANK"]) if size() > 1 else 0


def size() -> int:
    """How many processes there are."""
    started = {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()
    return int(os.environ["WORLD_SIZE"]) if started else 1


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Work together with the other processes, each on a device of its own.

    Raises:
        LostProcess: one of them has ended.
    """
    if size() == 1:
        yield
        return
    import torch
    from torch import distributed

    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield
        distributed.barrier()  # who leaves first would be missed
    except RuntimeError as error:
        if isinstance(error, distributed.DistError) or "gloo" in str(error):
            raise LostProcess(
                "another process of the job has ended; the same command goes on where it stopped"
            ) from error
        raise
    finally:
        distributed.destroy_process_group()


def part(rows: Sequence[_T]) -> Sequence[_T]:
    """This process's rows: every size()-th."""
    return rows[rank() :: size()]


def from_first(make: Callable[[], _T]) -> _T:
    """What the first process makes, for all of them."""
    if size() == 1:
        return make()
    from torch import distributed

    box = [make() if rank() == 0 else None]
    distributed.broadcast_object_list(box, 0)
    return box[0]


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process goes through the block before the others do."""
    if size() == 1:
        yield
        return
    from torch import distributed

    if rank():
        distributed.barrier()
    yield
    if not rank():
        distributed.barrier()


def whole(found: np.ndarray) -> np.ndarray:
    """What all processes found for their `part` of the rows, in the order of the rows."""
    if size() == 1:
        return found
    from torch import distributed

    parts: list[Any] = [None] * size()
    distributed.all_gather_object(parts, found)
    rows = np.empty((sum(map(len, parts)), *found.shape[1:]), found.dtype)
    for number, one in enumerate(parts):
        rows[number :: size()] = one
    return rows


def mean(value: Tensor) -> Tensor:
    """The mean of a tensor over the processes."""
    if size() > 1:
        from torch import distributed

        distributed.all_reduce(value)
        value /= size()
    return value


def sharing(model: nn.Module) -> nn.Module:
    """A module whose forward is the model's `loss`; `backward` averages gradients over processes.

    On CUDA batch normalisation is over the whole batch. torch has no such layer for CPUs: there
    each process normalises its own part, and the first one's running statistics count.
    """
    import torch
    from torch.nn.parallel import DistributedDataParallel

    class Loss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, batch):
            return self.model.loss(batch)

    if size() == 1:
        return Loss()
    if next(model.parameters()).is_cuda:
        torch.nn.SyncBatchNorm.convert_sync_batchnorm(model)
    return DistributedDataParallel(Loss())


def agree(model: nn.Module) -> None:
    """Give all processes the first one's buffers, such as running statistics."""
    if size() > 1:
        from torch import distributed

        for buffer in model.buffers():
            distributed.broadcast(buffer, 0)
