"""python -m leaderboard.speed: what scoring, verifying, ranking and building cost, by size.

Entries are generated: an edition's test samples with noise, in a folder that is thrown away. Each
figure is of a process of its own, from its start to its end, with the labels in the cache folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import ffld
from benchmark import Predictions
from ffld.atomic import misnamed, replacing
from ffld.console import carried_out
from ffld.sample import DataError, Targets
from leaderboard.draft import Run, draft

_EPILOG = """\
examples:
  python -m leaderboard.speed
      verify entries of up to 40,000 samples, rank and build up to 100 entries of 2,000 samples
  python -m leaderboard.speed --verify 2000 --entries 5 10 --samples 500
      less of it

"evaluate" is benchmark.evaluate alone: all metrics, 1,000 bootstrap resamples, no torch. Memory is
the largest that the process had. The labels of a split that is not in the cache folder yet are
rendered first, a minute for 40,000 of them on one core.
"""
_DATASET, _SPLIT = "ffld", "test"
_EVALUATE = """\
import sys, ffld, benchmark
predictions = benchmark.Predictions.load(sys.argv[1])
targets = ffld.load({dataset!r}, {split!r}, limit=int(sys.argv[2])).targets
import time
start = time.perf_counter()
benchmark.evaluate(predictions, targets)
print(time.perf_counter() - start)
assert "torch" not in sys.modules
"""
_SAID = {
    "method": "Generated", "authors": ["Nobody"], "contact": "nobody@example.org",
    "kind": "baseline", "paper": "none", "weights": "none", "training_data": [],
    "code": {"url": "https://example.org/generated", "commit": "0000000", "command": "none"},
    "given": {"box": "annotated", "garment_type": False}, "test_time_augmentation": "none",
    "input_size": "unknown", "parameters": "unknown", "latency_ms": "unknown",
    "hardware": "unknown",
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What one command took.

    Attributes:
        what, of: the command, and the number of samples or entries that it was for.
        seconds: by the clock; of "evaluate" those of the call, the other two of its whole process.
        cpu_seconds: of all its threads and child processes.
        peak_mb: the most memory that it had, in MB of 10^6 bytes.
    """

    what: str
    of: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


def costs(verify: Sequence[int], entries: Sequence[int], samples: int) -> Iterator[Cost]:
    """Measure, from the smallest to the largest.

    Args:
        verify: samples of the entries that are evaluated and verified.
        entries: how many are ranked and built.
        samples: of each of these.

    Raises:
        DataError: a number below 1, or one that the split does not have.
    """
    whole = ffld.spec(_DATASET).splits[_SPLIT]
    if not 1 <= min([*verify, *entries, samples]) <= max([*verify, samples]) <= whole:
        raise DataError(
            f"there are 1 to {whole:,} samples to verify or rank, and 1 or more entries"
        )
    # What a process needs before it becomes a command counts as the command's: keep this one small.
    small = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with tempfile.TemporaryDirectory() as temporary, small as generating:
        place = Path(temporary)
        for count in sorted(verify):
            (entry,) = generating.submit(_entries, count, place / f"of-{count}", range(1)).result()
            of = f"{count:,} samples"
            yield _evaluated(entry, count, of)
            yield _measured("verify", of, "verify", entry)
        made, submissions = 0, place / "submissions"
        for count in sorted(entries):
            generating.submit(_entries, samples, submissions, range(made, count)).result()
            made, of = count, f"{count} entries of {samples:,} samples"
            yield _measured("rank", of, "rank", "--submissions", submissions)
            out = ["--out", place / "tables"]
            yield _measured("build", of, "build", "--submissions", submissions, *out)


def _entries(samples: int, submissions: Path, numbers: range) -> list[Path]:
    """Generate entries; their folders."""
    targets = ffld.load(_DATASET, _SPLIT, limit=samples).targets
    bar = tqdm(numbers, "generating", file=sys.stderr, leave=False)
    return [_entry(targets, submissions, number) for number in bar]


def _entry(targets: Targets, submissions: Path, number: int) -> Path:
    """An entry whose error grows with its number, from a tenth of the box on."""
    rng = np.random.default_rng(number)
    sides = (targets.box[:, 2:] - targets.box[:, :2])[:, None]
    error = rng.normal(0, 0.08 + 0.001 * number, targets.xy.shape)
    predictions = Predictions(
        dataset=targets.dataset,
        split=targets.split,
        ids=targets.ids,
        xy=np.nan_to_num(targets.xy) + error * sides,
        revision=targets.revision,
        schema_fingerprint=targets.schema.fingerprint,
    )
    said: dict[str, Any] = {**_SAID, "method": f"Generated {number}"}
    folder, _ = draft([Run(submissions, predictions, {})], f"e{number}", said, into=submissions)
    return folder


def _evaluated(entry: Path, count: int, of: str) -> Cost:
    """Of evaluating alone; memory is that of a process that does nothing else."""
    code = _EVALUATE.format(dataset=_DATASET, split=_SPLIT)
    words = ["-c", code, str(entry / "seed-0.parquet"), str(count)]
    output, _, used = _run(words)
    return Cost("evaluate", of, float(output), used.ru_utime + used.ru_stime, _peak_mb(used))


def _measured(what: str, of: str, *words: str | Path) -> Cost:
    _, seconds, used = _run(["-m", "leaderboard", *map(str, words)])
    return Cost(what, of, seconds, used.ru_utime + used.ru_stime, _peak_mb(used))


def _run(words: Sequence[str]) -> tuple[str, float, Any]:
    """Output, seconds and resources of a Python that is called so."""
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, *words], stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise DataError(f"a command failed: {text[-500:]}")
    return text.strip().splitlines()[-1] if text.strip() else "", seconds, used


def _peak_mb(used: Any) -> float:
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m leaderboard.speed",
        description="Time what the leaderboard does, on generated entries.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    numbers = {"type": int, "nargs": "+", "metavar": "N"}
    parser.add_argument("--verify", default=[2000, 10_000, 40_000], help="samples", **numbers)
    parser.add_argument("--entries", default=[10, 30, 100], help="ranked and built", **numbers)
    parser.add_argument("--samples", type=int, default=2000, metavar="N", help="of each of these")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON too")
    options = parser.parse_args(argv)
    return carried_out(lambda: _show(options), lambda: (DataError, OSError))


def _show(options: argparse.Namespace) -> None:
    if options.out and (why := misnamed(options.out, [".json"])):
        raise DataError(f"--out: {why}")
    found = []
    print(f"{'':10}{'of':32}{'seconds':>9}{'CPU s':>9}{'MB':>7}")
    for cost in costs(options.verify, options.entries, options.samples):
        found.append(asdict(cost))
        figures = f"{cost.seconds:9.2f}{cost.cpu_seconds:9.2f}{cost.peak_mb:7.0f}"
        print(f"{cost.what:10}{cost.of:32}{figures}", flush=True)
    if options.out:
        with replacing(options.out) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
