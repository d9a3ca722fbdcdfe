"""How long runs will take, from those that were timed and from the operations of the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from benchmark.cost import planned_cost
from benchmark.suite import records
from benchmark.suite.jobs import Job
from benchmark.suite.profiles import Profile

_PREDICTING = 0.4  # time to predict an image, as a share of that to train on it
_TRAINING = 3  # operations of a step, in those of a prediction


class Estimator:
    """Seconds of runs on this machine; what it must render first is not among them."""

    def __init__(self, planned: Iterable[Job]) -> None:
        self._planned = list(planned)
        self._flops: dict[str, float] = {}  # by identity, as the next
        self._pace: dict[str, float] = {}  # seconds a training image
        self._speed: float | None = None
        self.observe()

    def observe(self) -> None:
        """Learn from the epochs in the runs' folders, of runs begun or finished."""
        rates: dict[str, list[float]] = {}
        speeds = []
        for job in self._planned:
            found = [epoch["images_per_second"] for epoch in records.history(job.plan.folder)]
            rates.setdefault(job.entry.identity, []).extend(found)
            speeds += [self.flops(job) * rate for rate in found]
        self._pace = {key: 1 / median(found) for key, found in rates.items() if found}
        self._speed = median(speeds) if speeds else None

    def flops(self, job: Job) -> float:
        """Operations of a training step, for one image."""
        key = job.entry.identity
        if key not in self._flops:
            plan = job.plan
            found = planned_cost(plan.model, plan.spec.schema, **plan.overrides)
            self._flops[key] = _TRAINING * found.flops if found else 0.0
        return self._flops[key]

    def epoch(self, job: Job) -> float:
        """Seconds until its next epoch is done."""
        profile = job.entry.profile
        return self._image(job) * (profile.train + _PREDICTING * profile.val)

    def left(self, job: Job) -> float:
        """Seconds until it is finished."""
        if job.finished:
            return 0.0
        profile = job.entry.profile
        epochs = max(0, profile.epochs - job.epochs) * self.epoch(job)
        return epochs + _PREDICTING * self._image(job) * _tested(job, profile) + profile.overhead

    def total(self, planned: Sequence[Job]) -> float:
        """Seconds for all of them, one after another."""
        return sum(self.left(job) for job in planned)

    def _image(self, job: Job) -> float:
        known = self._pace.get(job.entry.identity)
        return known or self.flops(job) / (self._speed or job.entry.profile.flops)


def _tested(job: Job, profile: Profile) -> int:
    return profile.test or job.plan.spec.splits[job.plan.split]
