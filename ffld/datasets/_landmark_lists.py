"""Landmarks and boxes from the list files that FLD and DeepFashion share.

Rows are ragged (4, 6 or 8 landmarks) and have a variation type in some releases only. Coordinates
count from 1; visibility 2 and the point (0, 0) both mean that a landmark is cut off.
"""

from __future__ import annotations

import os.path
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from ffld.catalog import SPLITS, DatasetSpec
from ffld.datasets._landmark_archive import (
    PARTITION,
    candidates,
    find_list,
    image_file,
    other_dataset,
)
from ffld.datasets._list_file import ListFile, integers, open_list
from ffld.datasets._malformed import Fault, Malformed, leaves_folder
from ffld.datasets._nearby import other_case
from ffld.datasets._photographs import Photographs, refuse, warn_if_incomplete
from ffld.sample import DataError
from ffld.schema import FLD8, Visibility

# Within a type the files list landmarks in the order of the schema's slots.
_TYPES = {1: "upper", 2: "lower", 3: "full"}
_VARIATIONS = {
    1: "normal pose",
    2: "medium pose",
    3: "large pose",
    4: "medium zoom-in",
    5: "large zoom-in",
}
_CODES = {0: Visibility.VISIBLE, 1: Visibility.OCCLUDED, 2: Visibility.ABSENT}
_CUT_OFF = (2, 0, 0)
POINT_NUMBERS = 2 + 3 * len(FLD8)  # clothes type, variation type, then v, x, y of every slot
_JOINT_FIELDS = 3 + 3 * 14  # a row of list_joints.txt
_VOTERS = 1000  # rows that tell whether a list has variation types
_REMEDY = "correct or remove these rows, or unpack the official lists again"


def read_lists(spec: DatasetSpec, split: str, folder: Path) -> Photographs:
    """The samples of a split whose rows and images are there, in the partition's order.

    What is missing is counted in one warning. The only attribute is "variation".

    Raises:
        DataError: malformed rows, an empty split, or no image at all.
    """
    partition = open_list(folder / PARTITION)
    if other := other_dataset(spec, partition):
        _, (example, *_) = next(partition.rows())
        raise DataError(
            f"{partition.path}: images are named as {example}; these are the lists of {other}: "
            "load that dataset"
        )
    landmarks = open_list(_required_list(spec, folder, "list_landmarks.txt"))
    boxes = open_list(_required_list(spec, folder, "list_bbox.txt"))
    _refuse_joints(landmarks)

    names = _names(partition, split)
    problems: list[str] = []
    _, points = _table(landmarks, names, landmark_parser(landmarks), POINT_NUMBERS, problems)
    box_lines, corners = _table(boxes, names, box_fields, 4, problems)
    refuse(problems, _REMEDY)

    listed = (points[:, 0] > 0) & (box_lines > 0)
    files = [
        image_file(folder, name) if known else None
        for name, known in zip(names, listed, strict=True)
    ]
    present = np.array([file is not None for file in files])
    if not present.any():
        tried = " or ".join(candidates(folder, names[0]))
        hint = other_case(candidates(folder, names[0]))
        raise DataError(
            f"{spec.name} {split}: none of {len(names):,} images was found with its annotations; "
            f"tried {tried}{f'; {hint}' if hint else ''}. {spec.obtain}"
        )
    notes = [note for file in (partition, landmarks, boxes) for note in file.notes()]
    if lacking := int((~listed).sum()):
        notes.append(f"{lacking:,} left out that lack a row in {landmarks.path} or {boxes.path}")
    if lost := int((listed & ~present).sum()):
        first = names[int(np.flatnonzero(listed & ~present)[0])]
        hint = other_case(candidates(folder, first))
        notes.append(
            f"{lost:,} left out that are listed but not on disk{f' ({hint})' if hint else ''}"
        )
    warn_if_incomplete(spec, split, int(present.sum()), notes)

    kept = np.flatnonzero(present)
    return photographs(
        spec=spec,
        split=split,
        names=[names[row] for row in kept],
        files=[files[row] for row in kept],
        origins=[f"{boxes.path}:{line}" for line in box_lines[kept]],
        points=points[kept],
        corners=corners[kept],
    )


def sample_id(image_name: str) -> str:
    """The listed name without its extension."""
    return os.path.splitext(image_name)[0]


def photographs(
    *,
    spec: DatasetSpec,
    split: str,
    names: list[str],
    files: list[str],
    origins: list[str],
    points: np.ndarray,
    corners: np.ndarray,
) -> Photographs:
    """Integers as the files have them -> continuous coordinates and our codes."""
    triples = points[:, 2:].reshape(len(points), len(FLD8), 3)
    codes, xy = triples[..., 0], triples[..., 1:]
    absent = (codes == _CUT_OFF[0]) | (xy == 0).all(axis=-1)
    visibility = np.array([_CODES[code] for code in sorted(_CODES)], np.uint8)[codes]
    return Photographs(
        spec=spec,
        split=split,
        revision=spec.revision,
        ids=[sample_id(name) for name in names],
        files=files,
        file_of=np.arange(len(files)),
        origins=origins,
        garment_type=np.array(["", *_TYPES.values()])[points[:, 0]],
        box=corners - np.array([1, 1, 0, 0], np.float32),
        xy=np.where(absent[..., None], np.nan, xy - np.float32(0.5)).astype(np.float32),
        visibility=np.where(absent, Visibility.ABSENT, visibility).astype(np.uint8),
        attributes={"variation": np.array(["", *_VARIATIONS.values()])[points[:, 1]]},
    )


def _required_list(spec: DatasetSpec, folder: Path, name: str) -> Path:
    path = find_list(folder, name)
    if path is None:
        raise DataError(f"{spec.name}: no {name} in {folder}/Anno or Anno_coarse. {spec.obtain}")
    return path


def _refuse_joints(landmarks: ListFile) -> None:
    first = next(landmarks.rows(), (0, []))
    if len(first[1]) == _JOINT_FIELDS:
        raise DataError(
            f"{landmarks.path}:{first[0]}: {_JOINT_FIELDS} fields are the 14 human joints of "
            f"list_joints.txt; expected garment landmarks; put the official list_landmarks.txt here"
        )


def _names(partition: ListFile, split: str) -> list[str]:
    """The images of a split, after a check of the whole partition."""
    problems: list[str] = []
    seen: dict[str, int] = {}
    names, counts = [], Counter()
    for number, fields in partition.rows():
        place = f"{partition.path}:{number}"
        if len(fields) != 2 or fields[1] not in SPLITS:
            found = " ".join(fields)[:80]
            problems.append(f"{place}: found {found!r}, expected a name and train, val or test")
            continue
        name, status = fields
        first = seen.setdefault(sample_id(name), number)
        if first != number:
            problems.append(f"{place}: {name} is there already, in line {first}")
        if leaves_folder(name):
            problems.append(f"{place}: {name!r} is not a relative name inside the archive")
        counts[status] += 1
        if status == split:
            names.append(name)
    refuse(problems, _REMEDY)
    if not names:
        there = ", ".join(f"{name} ({counts[name]:,})" for name in SPLITS if counts[name])
        raise DataError(
            f"{partition.path}: no row belongs to split {split!r}; "
            f"{f'ask for a split that has some: {there}' if there else 'the list is empty'}"
        )
    return names


def _table(
    file: ListFile,
    names: Sequence[str],
    parse: Callable[[list[str]], list[int]],
    width: int,
    problems: list[str],
) -> tuple[np.ndarray, np.ndarray]:
    """Line (N,), 0 where there is no row, and numbers (N, width) of the named images."""
    row_of = {name: row for row, name in enumerate(names)}
    lines = np.zeros(len(names), np.int32)
    numbers = np.zeros((len(names), width), np.int32)
    for number, fields in file.rows():
        row = row_of.get(fields[0])
        if row is None:
            continue
        try:
            if lines[row]:
                raise ValueError(f"{fields[0]} is there already, in line {lines[row]}")
            lines[row] = number
            numbers[row] = parse(fields)
        except ValueError as error:
            problems.append(f"{file.path}:{number}: {error}")
    return lines, numbers


def landmark_parser(landmarks: ListFile) -> Callable[[list[str]], list[int]]:
    """What reads a row of a list of landmarks.

    Its rows have a variation type or have none, as most do: a row that differs lacks a field, or
    has one too many, and would be read shifted.
    """
    votes = Counter(_numbers_before_points(f[1:]) for _, f in islice(landmarks.rows(), _VOTERS))
    return partial(_landmark_fields, before=2 if votes[2] >= votes[1] else 1)


def _numbers_before_points(fields: list[str]) -> int | None:
    """How many a row has before its points, going by its clothes type; None without one."""
    first = fields[0] if fields else ""
    kind = _TYPES.get(int(first)) if first.isdecimal() else None
    return None if kind is None else len(fields) - 3 * len(FLD8.garment_types[kind])


def _landmark_fields(fields: list[str], *, before: int) -> list[int]:
    """Clothes type, variation type (0 where the file has none), then v, x, y of all 8 slots.

    Args:
        before: how many numbers the rows of this file have before their points, 1 or 2.

    Raises:
        Malformed: a row that cannot be used.
    """
    numbers = integers(fields[1:])
    if not numbers or numbers[0] not in _TYPES:
        found = f"clothes type {' '.join(fields[1:2])!r}"
        raise Malformed(Fault("clothes_type", found, "1, 2 or 3"))
    owned = FLD8.garment_types[_TYPES[numbers[0]]]
    start = len(numbers) - 3 * len(owned)
    if start != before:
        few = 2 + 3 * len(owned)
        expected = f"{few} or {few + 1} for clothes type {numbers[0]}"
        if start in (1, 2):
            has = "a" if before == 2 else "no"
            expected = f"{few + before - 1} for clothes type {numbers[0]}, as most rows have {has}"
            expected += " variation type"
        raise Malformed(Fault("row", f"{len(fields)} fields", expected))
    variation = numbers[1] if start == 2 else 0
    faults = []
    if start == 2 and variation not in _VARIATIONS:
        faults.append(Fault("variation_type", f"variation type {variation}", "1 to 5"))
    if unknown := set(numbers[start::3]) - set(_CODES):
        faults.append(Fault("landmark_visibility", f"visibility {min(unknown)}", "0, 1 or 2"))
    if faults:
        raise Malformed(*faults)
    slots = [*_CUT_OFF] * len(FLD8)
    for n, name in enumerate(owned):
        k = FLD8.index(name)
        slots[3 * k : 3 * k + 3] = numbers[start + 3 * n : start + 3 * n + 3]
    return [numbers[0], variation, *slots]


def box_fields(fields: list[str]) -> list[int]:
    """Both corners of a box.

    Raises:
        Malformed: a row that cannot be used.
    """
    if len(fields) != 5:
        raise Malformed(Fault("row", f"{len(fields)} fields", "5: a name and x1 y1 x2 y2"))
    return integers(fields[1:])
