"""Predictions as an entry keeps them: small, and read with care: a file is hostile until checked.

They are rounded in the frame of the box, so that 40,000 samples of 32 landmarks take about a
megabyte, and slots that NE-1 never counts are left out. What remains is what is scored.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmark import Predictions, PredictionsError, boxes
from benchmark.evaluate import counted
from benchmark.predictions import FARTHEST, METADATA_KEY, listed
from ffld.sample import Targets

PRECISION = 1e-4  # of the box's shorter side: no point moves farther than this
LARGEST_FILE = 16 * 2**20  # bytes
LARGEST_CONTENT = 512 * 2**20  # bytes once decompressed; 40,000 x 32 points with ids are 31 MB
MEMORY = 2 * 2**30  # bytes that reading may take, whatever the file says of itself

_MAGIC = b"PAR1"
_one_reader = threading.Lock()  # the limit of memory is the process's


class StoredError(ValueError):
    """A predictions file that is refused; the message lists every reason."""


def kept(targets: Targets) -> np.ndarray:
    """(N, K) bool: the slots that an entry keeps: those that count in NE-1.

    Of a sealed set no landmark is known, so all that the garment type has may come to count.
    """
    if targets.visibility.any():
        return counted(targets, "all")
    return targets.schema.type_mask[targets.type_index]


def aligned(predictions: Predictions, targets: Targets) -> Predictions:
    """The predictions in the order of `targets`, with a point in every slot that is kept.

    Raises:
        PredictionsError: lists all that keeps them from being scored, now or once it is known.
    """
    found = predictions.align(targets)
    gaps = kept(targets) & ~(np.abs(found.xy) <= FARTHEST).all(axis=-1)  # True for NaN
    if gaps.any():
        names = [f"{found.ids[n]} {targets.schema.landmarks[k]}" for n, k in np.argwhere(gaps)]
        raise PredictionsError(
            "predictions: points that the garment type has but not finite (NaN, infinite or "
            f"absurd): {listed(names)}"
        )
    return found


def quantised(predictions: Predictions, targets: Targets) -> Predictions:
    """The predictions in the order of `targets`, rounded, without slots that never count.

    A sample's points are rounded to multiples of the largest power of two for which no point moves
    by more than `PRECISION` of the shorter side of its box; confidences to 8 binary digits.

    Raises:
        PredictionsError: the predictions do not fit the targets.
    """
    exact, needed = aligned(predictions, targets), kept(targets)
    shorter = boxes.sides(targets.box).min(axis=-1)
    # Rounding moves each axis by half a step at most, so the point by step / sqrt(2).
    step = np.exp2(np.floor(np.log2(np.sqrt(2) * PRECISION * shorter)))[:, None, None]
    xy = np.where(needed[..., None], np.rint(exact.xy / step) * step, np.nan)
    confidence = exact.confidence
    if confidence is not None:
        mantissa, exponent = np.frexp(np.where(needed, confidence, 0))
        confidence = np.ldexp(np.rint(mantissa * 256) / 256, exponent).astype(np.float32)
    return replace(exact, xy=xy, confidence=confidence)


def digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load(path: str | Path, *, most: int, landmarks: int) -> Predictions:
    """Read a stranger's predictions file.

    Args:
        most: samples that it may hold.
        landmarks: slots of the schema.

    Raises:
        StoredError: lists what keeps the file from being read, or from being read safely.
    """
    path = Path(path)
    found = list(_file_problems(path))
    if not found:
        try:
            found = list(_stated_problems(pq.ParquetFile(path), most, landmarks))
        except (pa.ArrowException, OSError, ValueError) as error:
            found = [f"is not a readable Parquet file: {' '.join(str(error).split())[:200]}"]
    if found:
        raise StoredError(f"{path.name}: " + "; ".join(found))
    try:
        with _one_reader, _little_memory():
            return Predictions.load(path)
    except PredictionsError as error:
        raise StoredError(str(error)) from error
    except (pa.ArrowException, MemoryError, OSError) as error:
        raise StoredError(
            f"{path.name}: cannot be read within {MEMORY // 2**30} GiB of memory: "
            f"{' '.join(str(error).split())[:200]}"
        ) from error


def _file_problems(path: Path) -> Iterator[str]:
    if path.is_symlink():
        yield "is a link; put the file itself there"
        return
    if not path.is_file():
        yield "there is no such file"
        return
    if (size := path.stat().st_size) > LARGEST_FILE:
        yield f"has {size} bytes, at most {LARGEST_FILE} are allowed"
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            yield "is no Parquet file; write it with `python -m leaderboard new`"


def _stated_problems(file: pq.ParquetFile, most: int, landmarks: int) -> Iterator[str]:
    """What a file's own description rules out, before any of its content is decompressed."""
    about, schema = file.metadata, file.schema_arrow
    if about.num_rows > most:
        yield f"states {about.num_rows} rows, at most {most} samples can be predicted"
    groups = [about.row_group(number) for number in range(min(about.num_row_groups, 10_000))]
    if (size := sum(group.total_byte_size for group in groups)) > LARGEST_CONTENT:
        yield f"states {size} bytes of content, at most {LARGEST_CONTENT} are allowed"
    widths = {"xy": 2 * landmarks, "confidence": landmarks}
    for name, kind in zip(schema.names, schema.types, strict=True):
        if name == "id":
            if kind != pa.string():
                yield f"column 'id' is {kind}, expected string"
        elif name not in widths:
            yield f"holds a column {ascii(name)[:40]}; there are id, xy, confidence"
        elif not (_plain(kind) and kind.list_size == widths[name]):
            yield f"column {name!r} is {str(kind)[:60]}, expected {widths[name]} floats a row"
    for key in (schema.metadata or {}).keys() - {METADATA_KEY}:
        yield f"holds metadata {ascii(key)[:40]}; expected none but what Predictions.save writes"


def _plain(kind: pa.DataType) -> bool:
    return pa.types.is_fixed_size_list(kind) and kind.value_type in (pa.float32(), pa.float64())


@contextmanager
def _little_memory() -> Iterator[None]:
    """Within it the process cannot take more than `MEMORY` besides what it has (Linux only)."""
    try:
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        before = resource.getrlimit(resource.RLIMIT_DATA)
    except (ImportError, OSError):
        yield
        return
    most = taken + MEMORY
    if before[0] != resource.RLIM_INFINITY:
        most = min(most, before[0])
    pool = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own has reserved more than it uses
    resource.setrlimit(resource.RLIMIT_DATA, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
        pa.set_memory_pool(pool)
