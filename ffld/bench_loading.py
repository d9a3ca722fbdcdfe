"""How fast images of a built dataset are read and cropped, beside decoding their bytes alone.

The bytes of JPEG files have to be decoded whatever the loader is; the rest is what it adds. Each
process takes a run of images, has their bytes in memory, and times in turn, block by block:
decoding them, reading the same images through `ffld.load(..., source=DIR)`, and reading and
cropping them to a model's input. Rates are wall-clock, the sum of the processes' own; how much of
each step is decoding is CPU time, in which other work on the machine hardly shows.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from joblib import cpu_count, delayed
from tqdm import tqdm

import ffld
from ffld import shards
from ffld.built import image_files
from ffld.sample import DataError, Split
from ffld.transforms import crop, warp
from ffld.workers import workers

SIZES = (96, 224)  # sides of a model's input, pixels

_BLOCK = 32  # images between two changes of what is timed
_DECODED, _READ = "decoded", "read"


def bench_loading(
    dataset: str,
    source: str | Path,
    limit: int = 2000,
    processes: Sequence[int] | None = None,
    split: str = "train",
) -> dict[str, Any]:
    """Time the reading of a built dataset; everything as JSON values.

    Args:
        source: the folder that `python -m ffld build` wrote.
        limit: images that every process reads.
        processes: numbers of processes to time; by default 1 and as many as there are cores.

    Raises:
        DataError: no such build, or fewer images than the processes are to read.
    """
    counts = sorted({1, cpu_count()}) if processes is None else list(processes)
    samples = ffld.load(dataset, split, source=source)
    if min([limit, *counts]) < 1:
        raise DataError(f"{limit} images by {counts} processes can't be timed; give at least 1")
    limit = min(limit, len(samples) // max(counts))
    if limit < 1:
        raise DataError(f"{len(samples)} images are too few for {max(counts)} processes")
    with tqdm(total=sum(counts), desc="timing", leave=False, file=sys.stderr) as bar:
        rows = [_timed(samples, Path(source), limit, count, bar) for count in counts]
    return {
        "dataset": dataset,
        "revision": ffld.spec(dataset).revision,
        "split": split,
        "images": limit,
        "sizes": list(SIZES),
        "loading": rows,
    }


def table(result: dict[str, Any]) -> str:
    """The result of `bench_loading` for a reader."""
    steps = [_DECODED, _READ, *(f"cropped to {size}" for size in result["sizes"])]
    lines = [
        f"{result['revision']} {result['split']}, images a second (wall-clock), and how much of "
        "the CPU time is decoding",
        f"{'processes':12}" + "".join(f"{step:>20}" for step in steps),
    ]
    for row in result["loading"]:
        rates, shares = row["images_per_second"], row["decoding_share"]
        cells = (f"{rates[step]:,.0f} ({shares[step]:.2f})" for step in steps)
        lines.append(f"{row['processes']:<12}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)


def _timed(samples: Split, source: Path, limit: int, processes: int, bar: tqdm) -> dict[str, Any]:
    parts = [range(turn * limit, (turn + 1) * limit) for turn in range(processes)]
    work = (delayed(_seconds)(samples, source, part) for part in parts)
    found = []
    for seconds in workers(processes)(work):
        found.append(seconds)
        bar.update()
    steps = list(found[0])
    cpu = {step: sum(seconds[step][1] for seconds in found) for step in steps}
    return {
        "processes": processes,
        "images_per_second": {s: sum(limit / seconds[s][0] for seconds in found) for s in steps},
        "decoding_share": {step: cpu[_DECODED] / cpu[step] for step in steps},
    }


def _seconds(samples: Split, source: Path, part: range) -> dict[str, np.ndarray]:
    """How long each step takes for a run of images: (2,), wall-clock and CPU seconds."""
    cv2.setNumThreads(1)
    files = samples.select(part)
    boxes = files.targets.box
    blobs = image_files(source, samples.split, part)
    steps: dict[str, Callable[[int], Any]] = {
        _DECODED: lambda n: shards.decode(blobs[n]),
        _READ: files.image,
        **{
            f"cropped to {size}": lambda n, size=size: warp(
                files.image(n), crop(boxes[n], size), size
            )
            for size in SIZES
        },
    }
    seconds = {name: np.zeros(2) for name in steps}
    for at in range(0, len(part), _BLOCK):
        block = range(at, min(at + _BLOCK, len(part)))
        for name, step in steps.items():
            start = np.array([time.perf_counter(), time.process_time()])
            for n in block:
                step(n)
            seconds[name] += np.array([time.perf_counter(), time.process_time()]) - start
    return seconds
