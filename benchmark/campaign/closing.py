"""What a campaign brings back: everything worth keeping, in few files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmark import checkpoint, experiment, folder
from benchmark.campaign.stages import REHEARSAL
from benchmark.checkpoint import CheckpointError
from benchmark.code import commit
from benchmark.plan import Request, RunError, resolve
from benchmark.result import Result
from benchmark.suite import records
from benchmark.suite.jobs import Job
from benchmark.suite.profiles import Profile
from benchmark.suite.work import OF_ONE_RUN
from ffld.atomic import replacing

PIECE = 40_000_000  # bytes, at most, of one file of weights

_SPEED, _PACK, _TRANSFER, _SUMMARY = "speed.json", "runs.parquet", "transfer.json", "campaign.json"
_WEIGHTS = "model.safetensors"
_SHARE = 0.8  # of the time left that measuring the machine may take


@dataclasses.dataclass(frozen=True)
class Closing:
    """What follows training; `end` is the monotonic time at which it must be done, if any."""

    out: Path
    profile: Profile
    finished: Sequence[Job]
    photographs: Sequence[tuple[str, Path]]
    end: float | None

    @property
    def into(self) -> Path:
        """The folder that is written."""
        return self.out / "brought"

    def carry_out(self, failures: Collection[str]) -> list[str]:
        """Write the folder: what must not be lost first, what can wait last.

        Args:
            failures: of training.

        Returns:
            What failed here, one sentence a run.
        """
        self.keep(failures)
        failed: list[str] = []
        _write(self.into / _TRANSFER, list(self._transfers(failed)))
        self._speed(self.into / _SPEED)
        return failed

    def keep(self, failures: Collection[str]) -> None:
        """Write what must not be lost: runs, weights, and what they are."""
        self.into.mkdir(parents=True, exist_ok=True)
        runs = [records.of_folder(job.plan.folder) for job in self.finished]
        records.save(runs, self.into / _PACK)
        weights = self._weights(self.into)
        _write(self.into / _SUMMARY, self._summary(weights, failures))

    def _weights(self, into: Path) -> Mapping[str, Any]:
        """The reference's first seed in half precision, in pieces; nothing if it is not there."""
        ours = next((job for job in self.finished if job.entry.is_reference and not job.seed), None)
        if ours is None:
            return {}
        found = checkpoint.find(ours.plan.folder)
        about = checkpoint.read(found)
        model, floor = about.build(found, ours.plan.spec.schema)
        to = into / "weights"
        to.mkdir(exist_ok=True)
        about.save(to, model, floor, half=True)
        content = (to / _WEIGHTS).read_bytes()
        for old in to.glob(f"{_WEIGHTS}.*"):
            old.unlink()
        if len(content) > PIECE:
            for number, start in enumerate(range(0, len(content), PIECE)):
                _write_bytes(to / f"{_WEIGHTS}.{number:02}", content[start : start + PIECE])
            (to / _WEIGHTS).unlink()
        digest = hashlib.sha256(content).hexdigest()
        return {"run": ours.title, "bytes": len(content), "sha256": digest}

    def _transfers(self, failed: list[str]) -> Iterator[Mapping[str, Any]]:
        """NE of every finished model on photographs, as far as it can be scored there."""
        for name, root in self.photographs:
            for job in self.finished:
                to = self.out / "transfer" / f"{name}-{job.plan.folder.name}"
                late = self.end is not None and time.monotonic() > self.end
                if late and not (to / folder.RESULT).is_file():
                    _say(f"time is up before {job.title} was scored on {name}")
                    continue
                request = Request(
                    dataset=name, root=root, checkpoint=job.plan.folder, out=to,
                    device=self.profile.device,
                )  # fmt: skip
                try:
                    experiment.run(resolve(request))
                except CheckpointError:  # of another schema
                    continue
                except OF_ONE_RUN as error:
                    failed.append(f"{job.title} on {name}: {error}")
                    _say(f"failed: {failed[-1]}")
                    continue
                score = Result.load(to / folder.RESULT).scores["ne"]["visible"]
                yield {"run": job.title, "trained on": job.entry.dataset, "scored on": name,
                       "ne": score.value, "low": score.low, "high": score.high,
                       "count": score.count}  # fmt: skip

    def _speed(self, path: Path) -> None:
        """Measure the machine once, in a process of its own that ends in time."""
        if path.is_file():
            return
        left = None if self.end is None else _SHARE * (self.end - time.monotonic())
        if left is not None and left < 1:
            return
        words = [sys.executable, "-m", "benchmark.speed", "--device", self.profile.device]
        words += ["--out", str(path)]
        if self.profile is REHEARSAL:
            words += ["--rounds", "1", "--largest", "2", "--samples", "8", "--models", "lgr"]
        for name, value in (("input_size", self.profile.size), ("width", self.profile.width)):
            words += ["--set", f"{name}={value}"]
        try:
            # Its table belongs on the terminal, beside progress.
            done = subprocess.run(words, stdout=sys.stderr, timeout=left, check=False)
        except subprocess.TimeoutExpired:
            _say(f"measuring speed was stopped after {left:.0f} s; the same command tries again")
            return
        if done.returncode:
            raise RunError(f"measuring speed failed; see above, or run {' '.join(words[1:])}")

    def _summary(self, weights: Mapping[str, Any], failures: Collection[str]) -> Mapping[str, Any]:
        cuda = torch.cuda.is_available()
        return {
            "profile": dataclasses.asdict(self.profile),
            "commit": commit(),
            "machine": torch.cuda.get_device_name() if cuda else platform.machine(),
            "torch": torch.__version__,
            "weights": weights,
            "runs": [_told(job) for job in self.finished],
            "failures": list(failures),
        }


def _told(job: Job) -> Mapping[str, Any]:
    history = records.history(job.plan.folder)
    score = Result.load(job.plan.folder / folder.RESULT).scores["ne"]["visible"]
    return {
        "run": job.title,
        "dataset": job.entry.dataset,
        "rows": job.names,
        "ne": score.value,
        "training_seconds": round(sum(record["seconds"] for record in history), 1),
        "command": job.command,
    }


def _write(path: Path, content: object) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _write_bytes(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
