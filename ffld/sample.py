"""One annotated garment, and a split of them: the types that every part of the suite speaks.

Coordinates are continuous pixels of the original image, x right, y down; pixel (i, j) covers
[i, i+1) x [j, j+1). Missing coordinates are NaN. Boxes are (x1, y1, x2, y2), clipped to the image.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import overload

import numpy as np

from ffld.schema import LandmarkSchema


class DataError(ValueError):
    """Data that cannot be used; the message names the place, what was found and what to do."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One garment in one image; equal to itself only, so compare ids.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        box: (4,) float64, the garment's box.
        xy: (K, 2) float64, NaN where the landmark is absent.
        visibility: (K,) uint8 of `Visibility`.
        attributes: what else is known of it, such as viewpoint, style or source.
    """

    id: str
    image: np.ndarray
    garment_type: str
    box: np.ndarray
    xy: np.ndarray
    visibility: np.ndarray
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Targets:
    """The annotations of N samples as arrays: a split without its pixels.

    Attributes:
        ids: (N,) str.
        xy: (N, K, 2) float64, NaN where absent.
        visibility: (N, K) uint8 of `Visibility`.
        garment_type: (N,) str, names of the schema.
        box: (N, 4) float64.
        size: (N, 2) int64, width and height of the image.
        rivals: (N, R, K, 2) float64, landmarks of other garments in the same image, NaN-padded.
        attributes: name -> (N,) str; "" where unknown.
    """

    dataset: str
    split: str
    revision: str
    schema: LandmarkSchema
    ids: np.ndarray
    xy: np.ndarray
    visibility: np.ndarray
    garment_type: np.ndarray
    box: np.ndarray
    size: np.ndarray
    rivals: np.ndarray
    attributes: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        about = f"{self.dataset} {self.split}, {self.revision}"
        return f"Targets of {about}: {len(self):,} sample{'s' * (len(self) != 1)}"

    @cached_property
    def type_index(self) -> np.ndarray:
        """(N,) int64: each sample's garment type as its slot in the schema."""
        return np.array([self.schema.type_index(name) for name in self.garment_type], np.int64)

    def select(self, rows: Sequence[int] | np.ndarray | slice) -> Targets:
        """The targets of some rows, in the order asked for.

        Args:
            rows: row numbers, from the end where negative; a slice; or one bool for every row.

        Raises:
            DataError: rows that are none of these, or that are not there.
        """
        rows = _positions(rows, len(self), f"{self.dataset} {self.split}")
        arrays = ("ids", "xy", "visibility", "garment_type", "box", "size", "rivals")
        return Targets(
            dataset=self.dataset,
            split=self.split,
            revision=self.revision,
            schema=self.schema,
            **{name: getattr(self, name)[rows] for name in arrays},
            attributes={name: values[rows] for name, values in self.attributes.items()},
        )


class Split(Sequence[Sample]):
    """Samples of one split of one dataset: `len`, indexing, slices, `targets`.

    A sample's arrays are its own: whoever changes them changes nothing else.

    Args:
        ids: the ids of all samples, in order.
        annotate: row numbers -> their Targets, in that order.
        read_image: row number -> (H, W, 3) uint8 RGB.
        rows: the rows that this split shows; all of them unless told.
        file: row number -> the file that its image is read from; None where none is.
    """

    def __init__(
        self,
        *,
        dataset: str,
        split: str,
        schema: LandmarkSchema,
        ids: Sequence[str],
        annotate: Callable[[Sequence[int]], Targets],
        read_image: Callable[[int], np.ndarray],
        rows: Sequence[int] | None = None,
        file: Callable[[int], str | Path] | None = None,
    ) -> None:
        self.dataset = dataset
        self.split = split
        self.schema = schema
        self._ids = ids
        self._annotate = annotate
        self._read_image = read_image
        self._file = file
        self._rows = list(range(len(ids)) if rows is None else rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        about = f"{self.dataset} {self.split}"
        return f"Split of {about}: {len(self):,} sample{'s' * (len(self) != 1)}"

    @overload
    def __getitem__(self, position: int) -> Sample: ...

    @overload
    def __getitem__(self, position: slice) -> Split: ...

    def __getitem__(self, position: int | slice) -> Sample | Split:
        if isinstance(position, slice):
            return self._with_rows(self._rows[position])
        position = operator.index(position)
        if not -len(self) <= position < len(self):
            raise IndexError(f"sample {position} of a split of {len(self)}")
        one = self.targets if "targets" in self.__dict__ else None
        targets = self._annotate([self._rows[position]]) if one is None else one
        row = 0 if one is None else position
        return Sample(
            id=str(targets.ids[row]),
            image=self.image(position),
            garment_type=str(targets.garment_type[row]),
            box=targets.box[row].copy(),
            xy=targets.xy[row].copy(),
            visibility=targets.visibility[row].copy(),
            attributes={name: str(values[row]) for name, values in targets.attributes.items()},
        )

    def __iter__(self) -> Iterator[Sample]:
        return (self[position] for position in range(len(self)))

    def __contains__(self, sample: object) -> bool:
        """Whether a sample is one of these, by its id; nothing is read or rendered for it."""
        return isinstance(sample, Sample) and any(self._ids[row] == sample.id for row in self._rows)

    def image(self, position: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB of one sample, without its labels."""
        return self._read_image(self._rows[position])

    def file(self, position: int) -> Path | None:
        """The file that holds one sample's image; None where images are rendered."""
        return None if self._file is None else Path(self._file(self._rows[position]))

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of all samples, in order; no labels are made for them."""
        return tuple(str(self._ids[row]) for row in self._rows)

    @cached_property
    def targets(self) -> Targets:
        """The annotations of the whole split; made at the first use, then kept."""
        return self._annotate(self._rows)

    def limit(self, count: int | None) -> Split:
        """A fixed subset of `count` samples, chosen by a hash of their ids, in their order.

        The choice depends on nothing but the ids, and a smaller subset lies within a larger one.
        """
        count = checked_limit(count)
        if count is None or count >= len(self):
            return self
        return self._with_rows(sorted(self._rows[place] for place in drawn(self.ids)[:count]))

    def select(self, positions: Sequence[int] | np.ndarray | slice) -> Split:
        """The samples at some positions, in the order asked for; `Targets.select` says how."""
        chosen = _positions(positions, len(self), f"{self.dataset} {self.split}")
        return self._with_rows([self._rows[position] for position in chosen.tolist()])

    def _with_rows(self, rows: list[int]) -> Split:
        return Split(
            dataset=self.dataset,
            split=self.split,
            schema=self.schema,
            ids=self._ids,
            annotate=self._annotate,
            read_image=self._read_image,
            rows=rows,
            file=self._file,
        )


def drawn(ids: Sequence[str]) -> list[int]:
    """The places of ids in the order in which ever larger subsets take them; see `Split.limit`."""
    return sorted(range(len(ids)), key=lambda place: hashlib.sha256(ids[place].encode()).digest())


def checked_limit(limit: object) -> int | None:
    """A number of samples that a split is limited to; None where it is not.

    Raises:
        DataError: it is no whole number, or below 1.
    """
    if limit is None:
        return None
    if isinstance(limit, bool | np.bool_) or not hasattr(limit, "__index__"):
        raise DataError(f"limit is {limit!r}; it must be a whole number, at least 1")
    count = operator.index(limit)
    if count < 1:
        raise DataError(f"limit is {count}; it must be at least 1")
    return count


def _positions(chosen: Sequence[int] | np.ndarray | slice, count: int, what: str) -> np.ndarray:
    """(n,) int64: the positions that a selection of `count` samples means."""
    if isinstance(chosen, slice):
        return np.arange(count)[chosen]
    asked = "give whole numbers, a slice, or one bool a sample"
    try:
        found = np.asarray(chosen)
        if found.dtype == object and found.ndim == 0:  # a set, a generator
            found = np.asarray(list(chosen))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{what}: a {type(chosen).__name__} selects no samples ({error}); {asked}"
        ) from error
    if found.ndim != 1:
        raise DataError(f"{what}: a selection of samples has shape {found.shape}; {asked}")
    if found.dtype == bool:
        if len(found) != count:
            raise DataError(
                f"{what}: a mask has {len(found)} entries for {count} samples; give one a sample"
            )
        return np.flatnonzero(found)
    if found.size and found.dtype.kind not in "iu":
        raise DataError(f"{what}: a selection of samples holds {found.dtype} values; {asked}")
    found = found.astype(np.int64)
    outside = found[(found < -count) | (found >= count)]
    if outside.size:
        raise DataError(
            f"{what}: there is no sample {outside[0]} among {count}; give positions below {count}"
        )
    return found
