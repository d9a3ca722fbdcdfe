"""How fast labels and images of a procedural dataset are made, and where the time goes.

Rates of one core are CPU time, so other work on the machine hardly shows in them; rates of several
processes are wall-clock time. An image is rendered with a long side of 256 pixels and encoded as a
JPEG file, once more after the JPEG compression that the renderer's camera may do; a label is made
at the dataset's own size.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from joblib import cpu_count, delayed
from tqdm import tqdm

import ffld
from ffld.render import image, labels
from ffld.render.edition import Edition, annotate_one, render
from ffld.render.geometry.stream import Streams
from ffld.sample import DataError
from ffld.workers import workers

SIDE, QUALITY = 256, 90  # pixels of the long side; quality of the JPEG file

_WARM_UP = 10  # images before the clock starts: banks of noise are made at their first use
_LABELS = 5  # labels that are timed for each image
# Whatever else labels take is "landmarks, box, rivals", and of images "layers and shading".
_STAGES = {
    "scene geometry": (labels, "draw_scene"),
    "identity map": (labels, "target_map"),
    "background": (image, "draw_backdrop"),
    "camera": (image, "photograph"),
}


def bench(dataset: str, limit: int = 200, processes: Sequence[int] | None = None) -> dict[str, Any]:
    """Time a procedural dataset; everything as JSON values.

    Args:
        limit: images that are timed, by every process; five times as many labels.
        processes: numbers of processes to time; by default 1, 2, 4, … up to the number of cores.

    Raises:
        DataError: a dataset that isn't rendered, a limit or a number of processes below 1.
    """
    counts = _powers(cpu_count()) if processes is None else list(processes)
    if min([limit, *counts]) < 1:
        raise DataError(f"{limit} images by {counts} processes can't be timed; give at least 1")
    edition = _edition(dataset)
    small = replace(edition, mix=replace(edition.mix, long_side=(SIDE,)))
    threads = cv2.getNumThreads()
    total = _WARM_UP + (_LABELS + 2) * limit + limit * sum(counts)
    with tqdm(total=total, desc=f"timing {dataset}", leave=False, file=sys.stderr) as bar:
        _encoded(small, range(_WARM_UP), bar)
        labelled = _cpu_seconds(_labelled, edition, range(_LABELS * limit), bar)
        rendered = _cpu_seconds(_encoded, small, range(limit), bar)
        stages = _stages(small, range(limit), bar)
        scaling = [_scaled(small, limit, count, bar) for count in counts]
    cv2.setNumThreads(threads)
    images = sum(edition.splits.values())
    return {
        "dataset": dataset,
        "revision": edition.revision,
        "images": limit,
        "long_side": SIDE,
        "jpeg_quality": QUALITY,
        "labels_per_second_and_core": _LABELS * limit / labelled,
        "images_per_second_and_core": limit / rendered,
        "milliseconds_per_image": {name: 1000 * s / limit for name, s in stages.items()},
        "scaling": scaling,
        "dataset_images": images,
        "dataset_hours": images / scaling[-1]["images_per_second"] / 3600,
    }


def table(result: dict[str, Any]) -> str:
    """The result of `bench` for a reader."""
    stages, scaling = result["milliseconds_per_image"], result["scaling"]
    total = sum(stages.values())
    lines = [
        f"{result['revision']}, CPU time of one core (images: JPEG, long side {SIDE})",
        f"  labels  {result['labels_per_second_and_core']:8,.0f} a second",
        f"  images  {result['images_per_second_and_core']:8,.1f} a second",
        "",
        f"{'stage of an image':28}{'ms':>8}{'share':>8}",
        *(f"  {name:26}{ms:8.2f}{ms / total:8.0%}" for name, ms in stages.items()),
        "",
        f"{'processes, wall-clock time':28}{'images/s':>8}{'MB each':>8}",
        *(f"  {row['processes']:<26}{row['images_per_second']:8,.1f}{row['peak_mb']:8,.0f}"
          for row in scaling),
        "",
        f"All {result['dataset_images']:,} images take {result['dataset_hours']:.1f} hours on "
        f"{_processes(scaling[-1]['processes'])}.",
    ]  # fmt: skip
    return "\n".join(lines)


def _processes(count: int) -> str:
    return f"{count} process" if count == 1 else f"{count} processes"


def _powers(cores: int) -> list[int]:
    return [*(2**k for k in range(cores.bit_length()) if 2**k < cores), cores]


def _edition(dataset: str) -> Edition:
    if not ffld.spec(dataset).procedural:
        rendered = ", ".join(name for name in ffld.available() if ffld.spec(name).procedural)
        raise DataError(
            f"dataset {dataset!r} is photographs, which nobody renders; time one of {rendered}"
        )
    return importlib.import_module(f"ffld.datasets.{dataset.replace('-', '_')}").EDITION


def _cpu_seconds(work: Callable, edition: Edition, indices: range, bar: tqdm) -> float:
    start = time.process_time()
    work(edition, indices, bar)
    return time.process_time() - start


def _labelled(edition: Edition, indices: Sequence[int], bar: tqdm) -> None:
    for index in indices:
        annotate_one(edition, "train", "", index)
        bar.update()


def _encoded(edition: Edition, indices: Sequence[int], bar: tqdm | None = None) -> float:
    """Render and encode; returns the process's peak memory so far in MB, 0 where unknown."""
    cv2.setNumThreads(1)
    for index in indices:
        _encode(render(edition, "train", "", index))
        if bar is not None:
            bar.update()
    return _peak_memory()


def _encode(picture: np.ndarray) -> None:
    cv2.imencode(".jpg", picture[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, QUALITY))


def _stages(edition: Edition, indices: Sequence[int], bar: tqdm) -> dict[str, float]:
    """CPU seconds of each stage, in the order in which an image is made."""
    with _watched() as seconds:
        for index in indices:
            streams = Streams(edition.seed, "train", index)
            times = [time.process_time()]
            labelled = labels.label(edition.mix, streams, edition.landmarks, edition.schema)
            times.append(time.process_time())
            picture = image.paint(labelled, streams)
            times.append(time.process_time())
            _encode(picture)
            times.append(time.process_time())
            parts = np.diff(times).tolist()
            seconds.update(dict(zip(("labels", "picture", "JPEG file"), parts, strict=True)))
            bar.update()
    rest = seconds["labels"] - seconds["scene geometry"] - seconds["identity map"]
    layers = seconds["picture"] - seconds["background"] - seconds["camera"]
    return {
        "scene geometry": seconds["scene geometry"],
        "identity map": seconds["identity map"],
        "landmarks, box, rivals": rest,
        "background": seconds["background"],
        "layers and shading": layers,
        "camera": seconds["camera"],
        "JPEG file": seconds["JPEG file"],
    }


@contextmanager
def _watched() -> Iterator[Counter]:
    """Within it, the CPU seconds of the functions of _STAGES are added up by stage."""
    seconds: Counter = Counter()
    originals = {stage: getattr(*place) for stage, place in _STAGES.items()}

    def timed(stage: str) -> Callable:
        def call(*arguments: Any) -> Any:
            start = time.process_time()
            try:
                return originals[stage](*arguments)
            finally:
                seconds[stage] += time.process_time() - start

        return call

    try:
        for stage, (module, name) in _STAGES.items():
            setattr(module, name, timed(stage))
        yield seconds
    finally:
        for stage, (module, name) in _STAGES.items():
            setattr(module, name, originals[stage])


def _scaled(edition: Edition, limit: int, processes: int, bar: tqdm) -> dict[str, float]:
    """Images a second of some processes, each of which renders `limit` of them."""
    bar.set_postfix_str(_processes(processes))
    with workers(processes) as pool:
        list(pool(delayed(_encoded)(edition, range(_WARM_UP)) for _ in range(processes)))
        step = -(-limit // 8)
        chunks = [range(at, min(at + step, limit * processes))
                  for at in range(0, limit * processes, step)]  # fmt: skip
        start, peaks = time.perf_counter(), []
        for chunk, peak in zip(chunks, pool(delayed(_encoded)(edition, c) for c in chunks),
                               strict=True):  # fmt: skip
            peaks.append(peak)
            bar.update(len(chunk))
        seconds = time.perf_counter() - start
    return {
        "processes": processes,
        "images_per_second": limit * processes / seconds,
        "peak_mb": max(peaks),
    }


def _peak_memory() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
