"""Checks of annotations as arrays, whatever they were read from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ffld.ids import is_safe
from ffld.schema import LandmarkSchema, Visibility
from ffld.validate.layouts import impossible
from ffld.validate.report import Report

LEAST_SIDE = 4  # pixels of a box
_NAMED = 3  # landmarks that one problem names; the others are counted


@dataclass(eq=False)
class Batch:
    """The annotations of N samples as they were found; nothing of them is trusted.

    Attributes:
        files, rows: (N,) where each is written.
        type_index: (N,) slot of the garment type; out of range where it is unknown.
        xy: (N, K, 2), NaN where absent.
        visibility: (N, K) integers.
        box: (N, 4).
        size: (N, 2); 0 where unknown, which then isn't checked.
        viewpoint: (N,) str.
        rivals: (N, R, K, 2), NaN-padded; None where not looked at.
        box_at: (N,) file and row of each box, None where none is stated; None where boxes are
            written with the other annotations.
        slack: pixels by which boxes and landmarks may leave the image: official integer
            annotations do by one, whichever way they are counted.
    """

    schema: LandmarkSchema
    files: Sequence[str]
    rows: Sequence[object]
    ids: Sequence[str]
    type_index: np.ndarray
    xy: np.ndarray
    visibility: np.ndarray
    box: np.ndarray
    size: np.ndarray
    viewpoint: np.ndarray
    rivals: np.ndarray | None = None
    box_at: Sequence[tuple[str, object] | None] | None = None
    slack: float = 0.0

    def __len__(self) -> int:
        return len(self.ids)

    def place(self, row: int) -> dict[str, object]:
        """What a problem says of where a sample is written."""
        return {"file": self.files[row], "row": self.rows[row], "sample": self.ids[row]}

    def box_place(self, row: int) -> dict[str, object]:
        """The same of its box."""
        if self.box_at is None:
            return self.place(row)
        file, number = self.box_at[row]
        return {"file": file, "row": number, "sample": self.ids[row]}


def check(batch: Batch, report: Report) -> None:
    """Report everything that is wrong with the annotations of some samples."""
    report.samples += len(batch)
    with np.errstate(invalid="ignore", over="ignore"):
        _check_landmarks(batch, report)
        usable = _check_boxes(batch, report)
        _check_inside(batch, usable, report)
        _check_layouts(batch, usable, report)
    for row in [row for row, name in enumerate(batch.ids) if not name]:
        report.add("id-empty", found="nothing", field="id", **batch.place(row))
    for row in [row for row, name in enumerate(batch.ids) if name and not is_safe(name)]:
        report.add("id-unsafe", found=repr(batch.ids[row]), field="id", **batch.place(row))


@dataclass
class Ids:
    """Finds ids that come twice, by 8 bytes of each, so that many need little memory."""

    _hashes: list[np.ndarray] = field(default_factory=list)

    def add(self, ids: Iterable[str]) -> None:
        """Ids in the order in which they are found."""
        self._hashes.append(np.array([_hash(name) for name in ids], np.uint64))

    def extend(self, other: Ids) -> None:
        """Those that were collected elsewhere."""
        self._hashes += other._hashes

    def __len__(self) -> int:
        return sum(map(len, self._hashes))

    def repeated(self) -> dict[int, int]:
        """Position of each id that was there before -> the position of the first."""
        if not self._hashes:
            return {}
        found = np.concatenate(self._hashes)
        _, first, which = np.unique(found, return_index=True, return_inverse=True)
        again = np.flatnonzero(first[which] != np.arange(len(found)))
        return dict(zip(again.tolist(), first[which[again]].tolist(), strict=True))


def _hash(name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _check_landmarks(batch: Batch, report: Report) -> None:
    schema, visibility = batch.schema, batch.visibility
    known_type = (batch.type_index >= 0) & (batch.type_index < len(schema.type_names))
    for row in np.flatnonzero(~known_type).tolist():
        found = int(batch.type_index[row])
        report.add("type-unknown", found=found, field="garment_type", **batch.place(row))
    known = np.isin(visibility, list(Visibility))
    there, finite = visibility > 0, np.isfinite(batch.xy).all(-1)
    owned = schema.type_mask[np.where(known_type, batch.type_index, 0)]
    stray = there & ~owned & known_type[:, None]
    for rule, name, wrong, values in (
        ("visibility-code", "visibility", ~known, visibility),
        ("not-owned", "visibility", stray, visibility),
        ("coordinate-missing", "xy", there & ~finite, batch.xy),
        ("coordinate-of-absent", "xy", (visibility == 0) & ~np.isnan(batch.xy).all(-1), batch.xy),
    ):
        for row in np.flatnonzero(wrong.any(1)).tolist():
            found = listed(schema, np.flatnonzero(wrong[row]), values[row])
            report.add(rule, found=found, field=name, **batch.place(row))


def _check_boxes(batch: Batch, report: Report) -> np.ndarray:
    """(N,) bool: boxes that further checks can go by."""
    box, size, slack = batch.box, batch.size, batch.slack
    finite = np.isfinite(box).all(1)
    stated = np.array([place is not None for place in batch.box_at or [()] * len(batch)])
    sides = box[:, 2:] - box[:, :2]
    inverted = finite & (sides <= 0).any(1)
    small = finite & ~inverted & (sides < LEAST_SIDE).any(1)
    known = (size > 0).all(1)
    outside = finite & known & (
        (box[:, :2] < -slack).any(1) | (box[:, 2:] > size + slack).any(1)
    )  # fmt: skip
    for rule, wrong in (
        ("box-not-finite", ~finite & stated),
        ("box-inverted", inverted),
        ("box-small", small),
        ("box-outside", outside),
    ):
        for row in np.flatnonzero(wrong).tolist():
            found = _numbers(box[row])
            if slack:
                found += " as continuous pixels"  # which the official files don't count in
            if rule == "box-outside":
                found += f" in an image of {_numbers(size[row])}"
            report.add(rule, found=found, field="box", **batch.box_place(row))
    return finite & ~inverted


def _check_inside(batch: Batch, usable: np.ndarray, report: Report) -> None:
    wrong = outside(batch.xy, batch.visibility, batch.size[:, None], batch.slack)
    for row in np.flatnonzero(wrong.any(1)).tolist():
        found = listed(batch.schema, np.flatnonzero(wrong[row]), batch.xy[row])
        found += f" in an image of {_numbers(batch.size[row])}"
        report.add("landmark-outside", found=found, field="xy", **batch.place(row))


def outside(
    xy: np.ndarray, visibility: np.ndarray, size: np.ndarray, slack: float = 0.0
) -> np.ndarray:
    """Which landmarks are visible and yet beyond the border, of images whose sizes are known.

    Occluded ones may be there: they are judged, not seen.

    Args:
        xy: (..., 2); visibility of its shape without the 2.
        size: width and height, of any shape that goes with `xy`.
    """
    past = ((xy < -slack) | (xy > size + slack)).any(-1)
    return past & (visibility == Visibility.VISIBLE) & (size > 0).all(-1)


def _check_layouts(batch: Batch, usable: np.ndarray, report: Report) -> None:
    there = (batch.visibility > 0) & np.isfinite(batch.xy).all(-1)
    xy = np.where(there[..., None], batch.xy, np.nan)
    box = np.where(usable[:, None], batch.box, np.nan)
    for rule, row, found in impossible(xy, box, batch.viewpoint, batch.schema):
        report.add(rule, found=found, field="xy", **batch.place(row))
    for row, other in _copies(xy, batch.rivals):
        report.add(
            "garments-identical",
            found=f"the landmarks of other garment {other}",
            field="rivals",
            **batch.place(row),
        )


def _copies(xy: np.ndarray, rivals: np.ndarray | None) -> Iterator[tuple[int, int]]:
    """Rows whose landmarks, at least three, are those of another garment of their image."""
    if rivals is None or not rivals.shape[1]:
        return
    there = np.isfinite(xy).all(-1)
    same = (rivals == xy[:, None]).all(-1) | (~there[:, None] & np.isnan(rivals).all(-1))
    for row, other in np.argwhere(same.all(-1) & (there.sum(1) >= _NAMED)[:, None]).tolist():
        yield row, other + 1


def listed(schema: LandmarkSchema, slots: np.ndarray, values: np.ndarray) -> str:
    """What landmarks have, such as "7 at left_collar, 9 at right_collar and 3 more"."""
    parts = [f"{_numbers(values[k])} at {schema.landmarks[k]}" for k in slots[:_NAMED].tolist()]
    more = f" and {len(slots) - _NAMED} more" if len(slots) > _NAMED else ""
    return ", ".join(parts) + more


def _numbers(values: np.ndarray) -> str:
    """A number, or several in brackets."""
    flat = [f"{value:g}" for value in np.ravel(values).tolist()]
    return flat[0] if len(flat) == 1 else f"({', '.join(flat)})"
