"""The bootstrap over images: what each resample holds, and sums that no order changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ffld.ids import image_of
from ffld.sample import Targets

_ROWS = 2048  # samples in one matrix product, which bounds memory
_EXACT = 2**24  # whole numbers up to here are exact in float32, and so are their sums


def draws(images: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """(images,) int64 for each resample: the images it draws, with replacement.

    NumPy promises the same raw stream of PCG64 for ever, but not the same `Generator.integers`;
    the upper 32 bits scaled to the range favour no image by more than 1 part in 2^32 / images.
    """
    stream = np.random.PCG64(seed)
    half = np.uint64(32)
    for _ in range(resamples):
        raw = stream.random_raw(images) >> half
        yield ((raw * np.uint64(images)) >> half).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Resamples:
    """The bootstrap over the images of a split: drawn once, it serves any scores.

    Attributes:
        targets: in any order, which makes no difference: sums are of rows in `order`.
    """

    targets: Targets
    resamples: int = 1000
    seed: int = 0

    @cached_property
    def order(self) -> np.ndarray:
        """(N,) int64: rows of the targets, by garment type and then by id."""
        return np.lexsort((self.targets.ids, self.targets.type_index))

    def packed(self, column: np.ndarray) -> np.ndarray:
        """(M,) what garment types own of an (N, K) array whose rows stand in `order`.

        In FFLD's schema, two slots of five.
        """
        return column[self.targets.schema.type_mask[self._types]]

    def totals(self, columns: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        """(C, 1 + R, K) sums of each of some `packed` arrays, per garment type and resample.

        Arrays of bool are summed in float32, in which whole numbers of this size are exact.
        """
        exact = [one.dtype == bool and self._small for one in columns]
        kinds = [np.float32 if known else np.float64 for known in exact]
        groups = {kind: np.flatnonzero([one is kind for one in kinds]) for kind in {*kinds}}
        schema = self.targets.schema
        shape = (len(columns), len(self._weights))
        totals = [np.zeros((*shape, owned.sum())) for owned in schema.type_mask]
        row, place = 0, 0  # samples stand by type
        for c, samples in enumerate(np.bincount(self._types, minlength=len(totals))):
            wide = totals[c].shape[-1]
            for count in _chunks(samples):
                rows, slots = slice(row, row + count), slice(place, place + count * wide)
                row, place = rows.stop, slots.stop
                for kind, chosen in groups.items():
                    beside = [columns[number][slots].reshape(count, wide) for number in chosen]
                    product = self._weights[:, rows].astype(kind) @ np.hstack(beside, dtype=kind)
                    for number, part in zip(chosen, np.hsplit(product, len(chosen)), strict=True):
                        totals[c][number] += part
        for number in range(len(columns)):
            whole = np.zeros((len(totals), len(self._weights), len(schema)))
            for c, owned in enumerate(schema.type_mask):
                whole[c][:, owned] = totals[c][number]
            yield whole

    @cached_property
    def _types(self) -> np.ndarray:
        return self.targets.type_index[self.order]

    @cached_property
    def _small(self) -> bool:
        return int(self._weights.sum(axis=1, dtype=np.int64).max()) < _EXACT

    @cached_property
    def _weights(self) -> np.ndarray:
        """(1 + resamples, N) how often each resample holds each sample; first, the split itself.

        Samples of one image, told by their ids, are drawn together.
        """
        names = [image_of(name) for name in self.targets.ids[self.order].tolist()]
        images, slot = np.unique(names, return_inverse=True)
        weights = np.ones((1 + self.resamples, len(self.targets)), np.uint8)
        for row, drawn in enumerate(draws(len(images), self.resamples, self.seed), start=1):
            times = np.bincount(drawn, minlength=len(images))
            if times.max(initial=0) > np.iinfo(weights.dtype).max:
                weights = weights.astype(np.uint16)
            weights[row] = times.astype(weights.dtype)[slot]
        return weights


def _chunks(samples: int) -> list[int]:
    return [min(_ROWS, samples - start) for start in range(0, samples, _ROWS)]


def exactly(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Scores where a mask counts them and 0 elsewhere, on a grid; bool where all are 0 or 1."""
    shown = np.where(mask, scores, 0.0)
    ones = shown == 1
    return ones if np.array_equal(ones, shown) else _on_grid(shown)


def _on_grid(scores: np.ndarray) -> np.ndarray:
    """Scores rounded to multiples of a power of two, below 1e-9 for any test split of ours.

    It is the finest for which their sums, and those of a resample, fit float64 exactly, so that
    results are the same bytes whatever the order of summation, the threads or the machine.
    """
    # No resample's sum comes near 8 times that of all.
    _, exponent = np.frexp(8 * np.abs(scores).sum())
    grid = np.ldexp(1.0, exponent - 53)
    rounded = scores / grid
    np.rint(rounded, out=rounded)
    rounded *= grid
    return rounded
