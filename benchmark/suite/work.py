"""Carrying the plan out: one run after another, for as long as there is time."""

from __future__ import annotations

import gc
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import torch

from benchmark import PredictionsError, experiment, folder
from benchmark.checkpoint import CheckpointError
from benchmark.device import device_of
from benchmark.models import ModelError
from benchmark.plan import RunError
from benchmark.result import Result, ResultError
from benchmark.settings import SettingsError
from benchmark.suite.estimate import Estimator
from benchmark.suite.jobs import Job, missing
from benchmark.train import TrainingError
from ffld.atomic import replacing
from ffld.sample import DataError

# What may be wrong with one run and not with the next; memory is full where a model is too large.
OF_ONE_RUN = (
    CheckpointError, DataError, ModelError, PredictionsError, ResultError, RunError, SettingsError,
    TrainingError, MemoryError, torch.OutOfMemoryError,
)  # fmt: skip
_AGAIN = 20.0  # seconds after which an alarm that was not heard rings again


class _OutOfTime(BaseException):
    """Raised wherever the work is; a run's folder can be left at any moment."""


def carry_out(planned: Sequence[Job], seconds: float | None) -> dict[tuple[str, int], str]:
    """Do what is missing until it is done or the time is up; runs go on where they stopped.

    A run that is not likely to end an epoch in the time left is not begun. One that fails does not
    keep the others from being done: it is left, and tried after all others by the next call.

    Returns:
        What failed, one sentence a run, by the run's key.

    Raises:
        DeviceError: the profile's device is not here.
    """
    end = None if seconds is None else time.monotonic() + seconds
    left = list(missing(planned))
    for name in {job.entry.profile.device for job in left}:
        device_of(name)
    estimator, threads = Estimator(planned), torch.get_num_threads()
    failures: dict[tuple[str, int], str] = {}
    for number, job in enumerate(left, start=1):
        torch.set_num_threads(threads)  # a run that goes on takes those that it was begun with
        estimator.observe()
        remaining = None if end is None else end - time.monotonic()
        if remaining is not None and remaining < min(estimator.epoch(job), estimator.left(job)):
            continue
        about = _minutes(estimator.left(job))
        _say(f"[{number}/{len(left)}] {job.title} ({'; '.join(job.names)}): about {about}")
        started = time.monotonic()
        try:
            with _alarm(remaining):
                experiment.run(job.plan)
        except _OutOfTime:
            _say(f"time is up in {job.title}; the same command goes on")
            break
        except OF_ONE_RUN as error:
            failures[job.key] = f"{job.title}: {' '.join(str(error).split()) or repr(error)}"
        if job.key in failures:
            _give_up(job, failures[job.key])
            continue
        job.failure.unlink(missing_ok=True)
        ne = Result.load(job.plan.folder / folder.RESULT).scores["ne"]["visible"].value
        _say(f"{job.title}: NE {ne:.4f} in {_minutes(time.monotonic() - started)}")
    return failures


def _give_up(job: Job, why: str) -> None:
    """Say why, keep it for the next call, and free the memory that the run has left behind."""
    _say(f"failed: {why}")
    with suppress(OSError), replacing(job.failure) as temporary:  # nothing can be written, perhaps
        temporary.write_text(why + "\n", encoding="utf-8")
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """Interrupt the block after so many seconds, where the system has such alarms."""
    if seconds is None or not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(*_: object) -> None:
        raise _OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    # Again, since what is raised while Python clears objects away is lost.
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
