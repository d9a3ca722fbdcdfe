"""Photographs on disk and their annotations: what the datasets read from a user's copy share."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from tqdm import tqdm

from ffld import photo
from ffld.catalog import DatasetSpec
from ffld.sample import DataError, Split, Targets

_LISTED = 20  # problems that one error spells out; the others are counted
_QUIET = 2000  # files that are read without a progress bar


@dataclass(frozen=True, eq=False)
class Photographs:
    """The annotations of N samples as compact arrays, and the files that hold their images.

    Image sizes are read from the files' headers, and only for the samples that are asked for.

    Attributes:
        revision: stamped on the targets.
        files: paths of the images.
        file_of: (N,) slots in `files`, ascending: samples of one image are neighbours.
        origins: where each sample's box is written, for errors.
        box: (N, 4), continuous, not yet clipped to the image.
        xy: (N, K, 2), continuous, NaN where absent.
        visibility: (N, K) uint8 of `Visibility`.
        attributes: name -> (N,) str.
    """

    spec: DatasetSpec
    split: str
    revision: str
    ids: Sequence[str]
    files: Sequence[str]
    file_of: np.ndarray
    origins: Sequence[str]
    garment_type: np.ndarray
    box: np.ndarray
    xy: np.ndarray
    visibility: np.ndarray
    attributes: Mapping[str, np.ndarray]

    def as_split(self) -> Split:
        """These samples as the split that `ffld.load` returns; it can be pickled."""
        return Split(
            dataset=self.spec.name,
            split=self.split,
            schema=self.spec.schema,
            ids=self.ids,
            annotate=self.annotate,
            read_image=self.read_image,
            file=self.file,
        )

    def annotate(self, rows: Sequence[int]) -> Targets:
        """The targets of some samples, boxes clipped to the image.

        Raises:
            DataError: unreadable images, boxes that have no area inside their image.
        """
        rows = np.asarray(rows, np.int64)
        size = self._sizes(rows)
        return Targets(
            dataset=self.spec.name,
            split=self.split,
            revision=self.revision,
            schema=self.spec.schema,
            ids=np.array([self.ids[row] for row in rows], str),
            xy=self.xy[rows].astype(np.float64),
            visibility=self.visibility[rows],
            garment_type=self.garment_type[rows],
            box=self._clipped_boxes(rows, size),
            size=size,
            rivals=self.rivals(rows),
            attributes={name: values[rows] for name, values in self.attributes.items()},
        )

    def read_image(self, row: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        return decode(self.file(row))

    def file(self, row: int) -> str:
        """Path of a sample's image."""
        return self.files[self.file_of[row]]

    def _sizes(self, rows: np.ndarray) -> np.ndarray:
        used, slot = np.unique(self.file_of[rows], return_inverse=True)
        sizes, problems = np.zeros((len(used), 2), np.int64), []
        for position, file in enumerate(progress(used, "image sizes")):
            try:
                sizes[position] = image_size(self.files[file])
            except DataError as error:
                problems.append(str(error))
        refuse(problems, "nothing was loaded")
        return sizes[slot]

    def _clipped_boxes(self, rows: np.ndarray, size: np.ndarray) -> np.ndarray:
        box = np.clip(self.box[rows].astype(np.float64), 0, np.tile(size, 2))
        empty = (box[:, 2] <= box[:, 0]) | (box[:, 3] <= box[:, 1])
        refuse(
            [
                f"{self.origins[rows[n]]}: the box {self.box[rows[n]].tolist()}, as "
                f"continuous pixels, of {self.ids[rows[n]]} has no area inside its image "
                f"of {size[n, 0]}x{size[n, 1]}"
                for n in np.flatnonzero(empty)
            ],
            "correct these boxes (x1 < x2, y1 < y2, in pixels of the image) or remove their rows",
        )
        return box

    def rivals(self, rows: np.ndarray) -> np.ndarray:
        """(N, R, K, 2): landmarks of the other samples of their images, NaN-padded."""
        first = np.searchsorted(self.file_of, self.file_of[rows], "left")
        end = np.searchsorted(self.file_of, self.file_of[rows], "right")
        most = int((end - first - 1).max(initial=0))
        rivals = np.full((len(rows), most, *self.xy.shape[1:]), np.nan)
        for n in np.flatnonzero(end - first > 1):
            others = [row for row in range(first[n], end[n]) if row != rows[n]]
            rivals[n, : len(others)] = self.xy[others]
        return rivals


def decode(path: str) -> np.ndarray:
    """An image file as (H, W, 3) uint8 RGB, in the stored orientation that annotations refer to.

    Raises:
        DataError: missing, truncated or not an image.
    """
    try:
        with Image.open(path) as image:
            return photo.pixels(image)
    except photo.ERRORS as error:
        raise DataError(_unreadable(path, error)) from error


def image_size(path: str) -> tuple[int, int]:
    """Width and height from the header, without decoding.

    Raises:
        DataError: missing or not an image.
    """
    try:
        with Image.open(path) as image:
            return image.size
    except photo.ERRORS as error:
        raise DataError(_unreadable(path, error)) from error


def refuse(problems: Sequence[str], remedy: str) -> None:
    """Raise one DataError that lists the problems, if there are any."""
    if not problems:
        return
    listed = list(problems[:_LISTED])
    if rest := len(problems) - len(listed):
        listed.append(f"and {rest:,} more")
    raise DataError("; ".join([*listed, remedy]))


def warn_if_incomplete(spec: DatasetSpec, split: str, found: int, notes: Sequence[str]) -> None:
    """One warning that states found and expected images of a split, and what else is amiss."""
    expected = spec.splits[split]
    if found == expected and not notes:
        return
    counts = f"{spec.name} {split}: found {found:,} of {expected:,} images"
    warnings.warn("; ".join([counts, *notes]), UserWarning, stacklevel=2)


def progress(items: Iterable, what: str) -> Iterable:
    """The items, with a progress bar on standard error when there are many."""
    return tqdm(items, desc=what, unit="file", disable=len(items) <= _QUIET)


def _unreadable(path: str, error: Exception) -> str:
    reason = photo.reason(error)
    return f"{path}: cannot be read as an image ({reason}); unpack it again from the archive"
