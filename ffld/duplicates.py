"""Images that two splits share, or nearly share.

The perceptual hash of an image has 64 bits: the picture in grey is averaged to 32 x 32 pixels, and
of its discrete cosine transform the 8 x 8 lowest frequencies are kept, one bit each: whether the
coefficient lies above the median of the 63 that aren't the mean. Compression, brightness and a
shift by a pixel or two hardly change it; a mirrored image has another hash. Where two hashes are
close, the garments decide: grey thumbnails of the two boxes, 32 x 32, must correlate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from joblib import delayed
from tqdm import tqdm

from ffld.draw import draw_sample, sheet
from ffld.ids import image_of
from ffld.sample import DataError, Split
from ffld.workers import workers

DISTANCE, CORRELATION = 8, 0.8  # most bits that differ; least correlation of the boxes

_SIDE = 32  # pixels of the thumbnails
_STEP = 50  # samples whose images a worker reads in one go
_ROOM = 1_000_000  # pairs of hashes that are compared at once
_SHEET = 24  # pairs on one sheet
_ONES = np.array([byte.bit_count() for byte in range(256)], np.uint8)


@dataclass(frozen=True)
class Pair:
    """Two images that are the same or nearly so, by those of their garments that are most alike.

    Attributes:
        first, second: ids of these samples in the two splits.
        rows: their positions in the two splits.
        distance: bits in which the perceptual hashes differ.
        correlation: of the grey pixels in the two boxes, from -1 to 1.
        identical: whether all pixels are equal.
    """

    first: str
    second: str
    rows: tuple[int, int]
    distance: int
    correlation: float
    identical: bool


class Look(NamedTuple):
    """What an image is compared by.

    Attributes:
        hash: 64 bits, as defined above.
        digest: 16 bytes of the SHA-256 of size and pixels.
        crop: (1024,) uint8, grey pixels of the box.
    """

    hash: int
    digest: bytes
    crop: np.ndarray


@dataclass(frozen=True)
class Looks:
    """Of N images: hashes (N,) uint64, digests (N, 2) uint64, crops (N, 1024) uint8."""

    hashes: np.ndarray
    digests: np.ndarray
    crops: np.ndarray

    @classmethod
    def of(cls, looks: Sequence[Look]) -> Looks:
        """The looks of some images as arrays."""
        digests = np.frombuffer(b"".join(one.digest for one in looks), np.uint64)
        return cls(
            np.array([one.hash for one in looks], np.uint64),
            digests.reshape(-1, 2),
            np.array([one.crop for one in looks]),
        )


def near_duplicates(
    a: Split, b: Split, *, distance: int = DISTANCE, correlation: float = CORRELATION
) -> list[Pair]:
    """All pairs of an image of `a` and one of `b` that show nearly the same, the closest first.

    Images are read on all cores. Identical ones are found whatever their boxes are.

    Args:
        distance: bits of the perceptual hashes that may differ, 0 to 16.
        correlation: of the two boxes, at least.

    Raises:
        DataError: a threshold out of range, or images that can't be read.
    """
    if not 0 <= distance <= 16:
        raise DataError(f"distance is {distance}; give a number of bits from 0 to 16")
    if not -1 <= correlation <= 1:
        raise DataError(f"correlation is {correlation}; give a number from -1 to 1")
    ids = a.ids, b.ids
    pairs = [
        Pair(ids[0][i], ids[1][j], (i, j), bits, alike, same)
        for i, j, bits, alike, same in close(_looks(a), _looks(b), distance, correlation)
    ]
    pairs.sort(key=lambda pair: (not pair.identical, pair.distance, -pair.correlation))
    closest: dict[tuple[str, str], Pair] = {}  # of the garments of two images
    for pair in pairs:
        closest.setdefault((image_of(pair.first), image_of(pair.second)), pair)
    return list(closest.values())


def close(
    one: Looks, other: Looks, distance: int = DISTANCE, correlation: float = CORRELATION
) -> Iterator[tuple[int, int, int, float, bool]]:
    """Positions, bits, correlation and whether all pixels are equal, of each close pair, once."""
    seen = set()
    for i, j, bits in _close(one.hashes, other.hashes, distance):
        same = (one.digests[i] == other.digests[j]).all(1)
        alike = _correlations(one.crops[i], other.crops[j])
        for k in np.flatnonzero(same | (alike >= correlation)).tolist():
            pair = int(i[k]), int(j[k])
            if pair not in seen:
                seen.add(pair)
                yield *pair, int(bits[k]), float(alike[k]), bool(same[k])


def look(image: np.ndarray, box: np.ndarray) -> Look:
    """What is compared of an (H, W, 3) uint8 RGB image and the garment's box in it."""
    digest = hashlib.sha256(str(image.shape).encode() + image.tobytes()).digest()[:16]
    x1, y1 = np.floor(box[:2]).astype(int).tolist()
    x2, y2 = np.ceil(box[2:]).astype(int).tolist()
    grey = cv2.cvtColor(image[y1:y2, x1:x2], cv2.COLOR_RGB2GRAY)
    crop = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).ravel()
    return Look(perceptual_hash(image), digest, crop)


def table(pairs: Sequence[Pair]) -> str:
    """Pairs for a reader, one a line."""
    width = max([5, *(len(pair.first) for pair in pairs)])
    lines = [f"{'bits':>4}  {'correlation':11}  {'first':{width}}  second"]
    for pair in pairs:
        alike = "identical" if pair.identical else f"{pair.correlation:.3f}"
        lines.append(f"{pair.distance:4}  {alike:11}  {pair.first:{width}}  {pair.second}")
    return "\n".join(lines)


def contact_sheet(a: Split, b: Split, pairs: Sequence[Pair], side: int = 240) -> np.ndarray:
    """The first 24 pairs, two in a row, as one picture."""
    tiles = []
    for pair in pairs[:_SHEET]:
        for split, row in zip((a, b), pair.rows, strict=True):
            sample = split[row]
            tiles.append(
                draw_sample(sample.image, sample.box, sample.xy, sample.visibility, split.schema,
                            title=f"{sample.id}  {pair.distance} bits", side=side)
            )  # fmt: skip
    return sheet(tiles, 4)


def perceptual_hash(image: np.ndarray) -> int:
    """64 bits, as defined above, of an (H, W, 3) uint8 RGB image."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:8, :8].ravel()
    return int.from_bytes(np.packbits(low > np.median(low[1:])).tobytes(), "big")


def _looks(split: Split) -> Looks:
    boxes = split.targets.box
    chunks = [range(at, min(at + _STEP, len(split))) for at in range(0, len(split), _STEP)]
    # without its targets a split is small enough to be sent to every worker
    work = (
        delayed(_some)(split._with_rows([split._rows[row] for row in chunk]), boxes[list(chunk)])
        for chunk in chunks
    )
    parts = []
    with tqdm(total=len(split), desc=f"reading {split.split}", unit="sample", leave=False) as bar:
        results = workers()(work)
        for chunk, part in zip(chunks, results, strict=True):
            parts += part
            bar.update(len(chunk))
    return Looks.of(parts)


def _some(split: Split, boxes: np.ndarray) -> list[Look]:
    cv2.setNumThreads(1)
    looks = []
    image, shown = None, None
    for row, box in enumerate(boxes):
        if image is None or image_of(split.ids[row]) != shown:  # of its garments, which follow
            image, shown = split.image(row), image_of(split.ids[row])
        looks.append(look(image, box))
    return looks


def _close(
    a: np.ndarray, b: np.ndarray, distance: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Positions in `a` and `b` and bits of the pairs of hashes that differ in at most `distance`.

    Cut into distance + 1 blocks, such hashes agree in a block, so only those that do are compared;
    a pair that agrees in several comes several times.
    """
    cuts = np.linspace(0, 64, distance + 2).astype(int).tolist()
    for low, high in pairwise(cuts):
        shift, mask = np.uint64(low), np.uint64(2 ** (high - low) - 1)
        keys, others = (a >> shift) & mask, (b >> shift) & mask
        order = np.argsort(others, kind="stable")
        start = np.searchsorted(others[order], keys, "left")
        count = np.searchsorted(others[order], keys, "right") - start
        portion = np.cumsum(count) // _ROOM
        for rows in np.split(np.arange(len(a)), np.flatnonzero(np.diff(portion)) + 1):
            i = np.repeat(rows, count[rows])
            skip = np.cumsum(count[rows]) - count[rows]
            j = order[start[i] + np.arange(len(i)) - np.repeat(skip, count[rows])]
            bits = _ONES[(a[i] ^ b[j]).view(np.uint8)].reshape(-1, 8).sum(1)
            near = np.flatnonzero(bits <= distance)
            for at in range(0, len(near), _ROOM // _SIDE**2):
                some = near[at : at + _ROOM // _SIDE**2]
                yield i[some], j[some], bits[some]


def _correlations(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """(N,) of the rows of two (N, M) arrays; 0 where a row is constant."""
    p, q = (x - x.mean(1, keepdims=True) for x in (p.astype(np.float32), q.astype(np.float32)))
    lengths = np.sqrt((p * p).sum(1) * (q * q).sum(1))
    return (p * q).sum(1) / np.maximum(lengths, 1e-6)
