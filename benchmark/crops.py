"""Every image of a split read once, as model-sized crops in one array on disk.

Rendering or decoding costs far more than training's own warp. So each image is read once, by
worker processes, and its padded box is kept as uint8 in the user's cache folder. An interrupted
array is completed by the next run. An array is named after all that its pixels follow from, the
renderer's code or the files read included: where any of it changes, crops are made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from filelock import FileLock, Timeout
from tqdm import tqdm

import ffld
from benchmark import source as built
from benchmark.settings import SettingsError
from ffld import transforms
from ffld.cache import CROPS_LOCK, cache_folder, mark_used
from ffld.render.edition import source_hash
from ffld.sample import Split, Targets
from ffld.transforms import BOX_PADDING, crop, translation, warp

_CHUNK = 16  # samples that a worker cuts in one go: a row group of what `ffld.build` wrote
_FEW = 64  # samples below which starting workers costs more than it saves
_BLOCK = 512  # samples between two writes to disk


@dataclass(frozen=True)
class Source:
    """How to open a split, as `ffld.load` is told; worker processes open it again."""

    dataset: str
    split: str
    limit: int | None = None
    root: str | None = None
    approximate: bool = False
    dials: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None

    @classmethod
    def of_run(cls, configuration: Mapping[str, Any], root: Path | None = None) -> Source:
        """What a run scored: the samples that its configuration names, rendered if they can be.

        Args:
            root: where the copy of photographs lies, unless where the run found it.
        """
        return cls(
            dataset=configuration["dataset"],
            split=configuration["split"],
            limit=configuration["settings"]["test_limit"],
            root=str(root) if root else configuration["root"],
            approximate=configuration["approximate"],
            dials=configuration["dials"],
        )

    def open(self) -> Split:
        """The split; DataError where it cannot be had."""
        return ffld.load(
            self.dataset,
            self.split,
            root=self.root,
            limit=self.limit,
            approximate=self.approximate,
            **({"dials": self.dials} if self.dials else {}),
            **({"source": self.source} if self.source else {}),
        )


@dataclass(frozen=True, eq=False)
class Crops:
    """N samples, ready to be fed to a model.

    Attributes:
        images: (N, T, T, 3) uint8, T = size + 2 * margin: the input frame and what surrounds it.
        matrices: (N, 3, 3), original pixels to the input frame.
        size: side of the input frame, pixels.
        margin: pixels kept around it on each side, for augmentation.
    """

    images: np.ndarray
    targets: Targets
    matrices: np.ndarray
    size: int
    margin: int

    def __len__(self) -> int:
        return len(self.images)


def cut(
    source: Source, split: Split, size: int, *, margin: int = 0, padding: float = BOX_PADDING
) -> Crops:
    """The crops of an opened split, from the cache as far as they are there.

    Raises:
        DataError: an image that cannot be read.
        SettingsError: a cache folder that cannot be written or has no room.
    """
    targets = split.targets
    matrices = np.stack([crop(box, size, padding) for box in targets.box])
    frames = translation(margin, margin) @ matrices
    side = size + 2 * margin
    path = _folder() / f"{_key(source, split, frames, side)}.npy"
    mark_used(path)
    if not _still_true(path, None, split, frames, side):
        with _one_at_a_time():
            # Another run may have made them while this one waited.
            if not _still_true(path, None, split, frames, side):
                _make(path, source, split, frames, side)
    return Crops(np.load(path, mmap_mode="r"), targets, matrices, size, margin)


def cores() -> int:
    """Processor cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _key(source: Source, split: Split, frames: np.ndarray, side: int) -> str:
    targets = split.targets
    about = [targets.dataset, targets.split, targets.revision, side, targets.ids.tolist()]
    about += [cv2.__version__, Path(transforms.__file__).read_text(encoding="utf-8")]
    digest = hashlib.sha256(json.dumps([*about, _origin(source, split)]).encode())
    digest.update(np.ascontiguousarray(frames).tobytes())
    return f"{targets.dataset}-{targets.split}-{digest.hexdigest()[:16]}"


def _origin(source: Source, split: Split) -> list[Any]:
    """What the images of a split are of: they are the same as long as it is.

    Of a built set its manifest, which names every shard's SHA-256 and which these were compared
    with when it was opened; of photographs each file's size and time of change, since to read them
    takes as long as to crop them; of rendered images the code that paints them.
    """
    files = [split.file(position) for position in range(len(split))]
    if files and files[0] is not None:
        states = [os.stat(file) for file in files]
        return ["read", *((state.st_size, state.st_mtime_ns) for state in states)]
    if folder := source.source or source.root:
        return ["built", built.identity(folder)]
    return ["rendered", source_hash(), np.__version__]


def _still_true(path: Path, done: Path | None, split: Split, frames: np.ndarray, side: int) -> bool:
    """Whether there are crops, the first, middle and last of which the images give today too."""
    try:
        images = np.load(path, mmap_mode="r")
        rows = np.arange(len(images)) if done is None else np.flatnonzero(np.load(done))
        if images.shape != (len(split), side, side, 3):
            return False
    except (OSError, ValueError):  # none, or cut off while it was made
        return False
    probes = {int(rows[position]) for position in (0, len(rows) // 2, -1)} if len(rows) else set()
    return all(
        np.array_equal(images[row], warp(split.image(row), frames[row], side)) for row in probes
    )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Crops are made by one run at a time: it uses all cores, and two may want the same ones."""
    lock = FileLock(cache_folder() / CROPS_LOCK)
    try:
        lock.acquire(timeout=1)
    except Timeout:
        print("waiting for another run that is making its crops", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _folder() -> Path:
    folder = cache_folder() / "crops"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"cannot make the cache {folder} ({error.strerror}); set FFLD_CACHE to another folder"
        ) from error
    return folder


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SettingsError(
            f"the crops need {needed / 1e9:.1f} GB in {folder}, {free / 1e9:.1f} GB are free; set "
            "FFLD_CACHE to a folder with room, or lower train_limit or --limit"
        )


def _make(path: Path, source: Source, split: Split, frames: np.ndarray, side: int) -> None:
    """Write the crops, going on where an interrupted run stopped."""
    path.unlink(missing_ok=True)
    part, done = path.with_suffix(".part"), path.with_suffix(".done")
    if not _still_true(part, done, split, frames, side):
        part.unlink(missing_ok=True)
        done.unlink(missing_ok=True)
        _check_room(path.parent, len(split) * side * side * 3)
    _fill(part, done, source, split, frames, side)
    os.replace(part, path)
    done.unlink()


def _fill(
    part: Path, done: Path, source: Source, split: Split, frames: np.ndarray, side: int
) -> None:
    images = _array(part, (len(split), side, side, 3), np.uint8)
    finished = _array(done, (len(split),), bool)
    missing = np.flatnonzero(~finished)
    rendered = ffld.spec(source.dataset).procedural and source.source is None
    verb = "rendering" if rendered else "reading"
    progress = tqdm(
        _read(source, split, missing, frames, side),
        desc=f"{verb} {source.split}",
        total=len(missing),
        unit=" images",
        smoothing=0.05,
    )
    for count, (row, image) in enumerate(zip(missing, progress, strict=True), start=1):
        images[row] = image
        if count % _BLOCK == 0 or count == len(missing):
            images.flush()  # before it is said to be done
            finished[missing[:count]] = True
    images.flush()


def _array(path: Path, shape: tuple[int, ...], kind: type) -> np.memmap:
    mode = "r+" if path.exists() else "w+"
    return np.lib.format.open_memmap(path, mode=mode, dtype=kind, shape=shape)


def _read(
    source: Source, split: Split, rows: np.ndarray, frames: np.ndarray, side: int
) -> Iterator[np.ndarray]:
    """The crops of some rows, in their order."""
    workers = min(cores(), len(rows) // _FEW)
    if workers < 2:
        yield from (warp(split.image(row), frames[row], side) for row in rows)
        return
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_open_in_worker, initargs=(source,)
    )
    try:
        sides = [side] * len(rows)
        yield from pool.map(_cut_in_worker, rows, frames[rows], sides, chunksize=_CHUNK)
    finally:
        pool.shutdown(cancel_futures=True)


_opened: Split | None = None  # in a worker process: its split


def _open_in_worker(source: Source) -> None:
    global _opened
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops its workers
    threading.Thread(target=_die_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    _opened = source.open()


def _die_with_parent() -> None:
    parent_process().join()
    os._exit(1)


def _cut_in_worker(row: int, frame: np.ndarray, side: int) -> np.ndarray:
    return warp(_opened.image(row), frame, side)
