"""FLD and DeepFashion: the three lists of an official tree against each other and the images."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ffld.catalog import SPLITS, DatasetSpec
from ffld.datasets import _landmark_archive as archive
from ffld.datasets import _landmark_lists as official
from ffld.datasets._list_file import ListFile, open_list
from ffld.datasets._malformed import Malformed, leaves_folder
from ffld.sample import DataError
from ffld.schema import FLD8
from ffld.validate.files import check_tree, leaves
from ffld.validate.report import Report
from ffld.validate.trees import STEP, Findings, check_photographs, seen

LARGEST = 512 << 20  # bytes of a list, ten times the official ones
_CUT_OFF = 2  # visibility, as the files have it
_NOTHING = [1, 0, *[_CUT_OFF, 0, 0] * len(FLD8)]  # a row without a landmark


@dataclass(frozen=True)
class _Listed:
    """The images of the partition, in its order, and the row of each by name."""

    names: list[str]
    row_of: dict[str, int]


def validate_lists(
    spec: DatasetSpec, root: Path, report: Report, *, images: str = "header"
) -> None:
    """Check an official tree of FLD or DeepFashion."""
    try:
        folder = archive.find_archive(spec, root)
    except DataError as error:
        question = archive.meant_archive(spec, root)  # the error has it too, and may be cut
        expected = question and f"the file to be there; {question}"
        report.add("file-missing", root, error, expected=expected)
        return
    check_tree(folder, report)
    found = Findings(folder, images, report)
    lists = {name: _open(name, found) for name in ("partition", "landmarks", "boxes")}
    if lists["partition"] and (other := archive.other_dataset(spec, lists["partition"])):
        report.add("file-missing", archive.PARTITION, f"the lists of {other}",
                   expected=f"those of {spec.name}; name {other} to validate these")  # fmt: skip
        return
    listed = _partition(lists["partition"], found)
    parse = official.landmark_parser(lists["landmarks"]) if lists["landmarks"] else None
    lines, points = _rows(lists["landmarks"], listed, parse, official.POINT_NUMBERS, found)
    box_lines, corners = _rows(lists["boxes"], listed, official.box_fields, 4, found)
    points[lines == 0] = _NOTHING  # so that the other list's row is checked all the same
    corners = np.where(box_lines[:, None] > 0, corners, np.nan)
    usable = np.flatnonzero((lines > 0) | (box_lines > 0))
    files = [
        archive.image_file(folder, listed.names[row]) or str(folder / "Img" / listed.names[row])
        for row in tqdm(usable, "finding images", file=sys.stderr, leave=False)
    ]
    box_file = lists["boxes"] and found.relative(lists["boxes"].path)
    with tqdm(total=len(usable), desc="validating", file=sys.stderr, leave=False) as bar:
        for at, pictures in enumerate(seen(files, corners[usable] - (1, 1, 0, 0), found)):
            rows = usable[at * STEP : (at + 1) * STEP]
            names = [listed.names[row] for row in rows]
            _check_codes(points[rows], lines[rows], names, lists["landmarks"], found)
            photographs = official.photographs(
                spec=spec,
                split="",
                names=names,
                files=files[at * STEP : (at + 1) * STEP],
                origins=[str(lists["landmarks"].path if lists["landmarks"] else folder)]
                * len(rows),
                points=points[rows],
                corners=corners[rows],
            )
            boxes_at = [(box_file, n) if n else None for n in box_lines[rows].tolist()]
            numbers = [n or "" for n in lines[rows].tolist()]
            check_photographs(photographs, numbers, pictures, found, boxes_at)
            bar.update(len(rows))
    found.finish()


def _open(name: str, found: Findings) -> ListFile | None:
    """A list; what keeps it from being read is reported."""
    files = {"landmarks": "list_landmarks.txt", "boxes": "list_bbox.txt"}
    if name == "partition":
        path = found.folder / archive.PARTITION
    else:
        path = archive.find_list(found.folder, files[name])
    if path is None:
        report_as = f"Anno/{files[name]}"
        found.report.add("file-missing", report_as, "nothing")
        return None
    if path.is_symlink() and leaves(path, found.folder):
        return None  # told with the links of the tree
    if (size := path.stat().st_size) > LARGEST:
        found.report.add("file-too-large", found.relative(path), f"{size:,} bytes",
                         expected=f"at most {LARGEST:,} bytes")  # fmt: skip
        return None
    try:
        opened = open_list(path)
    except DataError as error:
        found.report.add("file-unreadable", found.relative(path), error)
        return None
    rows = sum(1 for _ in opened.rows())
    if rows != opened.declared:
        found.report.add("count", found.relative(path), f"{rows} rows", row=1,
                         expected=f"the {opened.declared} rows that it declares")  # fmt: skip
    return opened


def _partition(partition: ListFile | None, found: Findings) -> _Listed:
    listed = _Listed([], {})
    if partition is None:
        return listed
    file, report = found.relative(partition.path), found.report
    for number, fields in partition.rows():
        if len(fields) != 2 or fields[1] not in SPLITS:
            report.add("row-malformed", file, " ".join(fields), row=number,
                       expected="a name and train, val or test")  # fmt: skip
            continue
        name = fields[0]
        if leaves_folder(name):
            report.add("file-outside", file, name, row=number, field="image_name")
        elif name in listed.row_of:
            report.add("id-duplicate", file, f"{name} is listed already", row=number,
                       sample=official.sample_id(name), field="image_name")  # fmt: skip
        else:
            listed.row_of[name] = len(listed.names)
            listed.names.append(name)
    if not listed.names:
        report.add("row-missing", file, "no image of any split")
    return listed


def _rows(
    opened: ListFile | None,
    listed: _Listed,
    parse: Callable[[list[str]], list[int]] | None,
    width: int,
    found: Findings,
) -> tuple[np.ndarray, np.ndarray]:
    """Line (N,), 0 where there is no usable row, and numbers (N, width) of the listed images."""
    lines = np.zeros(len(listed.names), np.int64)
    numbers = np.zeros((len(listed.names), width), np.int64)
    if opened is None:
        return lines, numbers
    file, report = found.relative(opened.path), found.report
    told = np.zeros(len(listed.names), bool)
    for number, fields in opened.rows():
        name = fields[0]
        sample = official.sample_id(name)
        row = listed.row_of.get(name)
        if row is None:
            report.add("row-unlisted", file, name, row=number, sample=sample)
            continue
        if told[row]:
            report.add("id-duplicate", file, "a second row of it", row=number, sample=sample)
            continue
        told[row] = True
        try:
            numbers[row] = parse(fields)
            lines[row] = number
        except Malformed as error:
            found.malformed(file, error, number, sample)
    for row in np.flatnonzero(~told).tolist():
        sample = official.sample_id(listed.names[row])
        report.add("row-missing", file, "nothing", sample=sample)
    return lines, numbers


def _check_codes(
    points: np.ndarray,
    lines: np.ndarray,
    names: list[str],
    opened: ListFile | None,
    found: Findings,
) -> None:
    """Cut off and (0, 0) go together in the official lists."""
    triples = points[:, 2:].reshape(len(points), len(FLD8), 3)
    cut, origin = triples[..., 0] == _CUT_OFF, (triples[..., 1:] == 0).all(-1)
    for rule, wrong, expected in (
        ("coordinate-of-absent", cut & ~origin, "0 0 where visibility is 2"),
        ("coordinate-missing", origin & ~cut, "coordinates, or visibility 2"),
    ):
        for row in np.flatnonzero(wrong.any(1)).tolist():
            k = int(np.flatnonzero(wrong[row])[0])
            v, x, y = triples[row, k].tolist()
            found.report.add(
                rule,
                found.relative(opened.path),
                f"{v} {x} {y} at {FLD8.landmarks[k]}",
                row=lines[row],
                sample=official.sample_id(names[row]),
                field="xy",
                expected=expected,
            )
