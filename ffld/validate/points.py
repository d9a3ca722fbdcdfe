"""FashionAI: its tables, row by row, against the images."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ffld.datasets import fashionai as official
from ffld.datasets._point_table import PointRow
from ffld.sample import DataError
from ffld.validate.files import check_tree, leaves
from ffld.validate.pictures import Picture
from ffld.validate.report import Report
from ffld.validate.trees import STEP, Findings, check_photographs, seen

LARGEST = 512 << 20  # bytes of a table, fifty times the official ones


def validate_points(root: Path, report: Report, *, images: str = "header") -> None:
    """Check an official tree of FashionAI, whichever of its parts are there."""
    tables: list[official.Table] = []
    for split in ("train", "test"):
        try:
            tables += official.tables_of(split, root)[0]
        except DataError as error:
            missing = error
    if not tables:
        report.add("file-missing", root, missing)
        return
    check_tree(root, report)
    found = Findings(root, images, report)
    paths = official.images_below(root)
    for table in tables:
        rows = _rows(table, found)
        if rows:
            files = [paths.get(row.name) or str(root / row.name) for row in rows]
            _check(table, rows, files, found)
    found.finish()


def _rows(table: official.Table, found: Findings) -> list[PointRow]:
    """Those that can be used; what keeps the others from it is reported."""
    file, report = found.relative(table.path), found.report
    if table.path.is_symlink() and leaves(table.path, found.folder):
        return []  # told with the links of the tree
    if (size := table.path.stat().st_size) > LARGEST:
        report.add("file-too-large", file, f"{size:,} bytes",
                   expected=f"at most {LARGEST:,} bytes")  # fmt: skip
        return []
    try:
        rows, wrong = official.read_rows(table.path)
    except DataError as error:
        report.add("file-unreadable", file, error)
        return []
    for line, name, error in wrong:
        found.malformed(file, error, line, name)
    return [row for row in rows if official.has_landmarks(row)]


def _check(table: official.Table, rows: list[PointRow], files: list[str], found: Findings) -> None:
    pairs, origin = [(table, row) for row in rows], str(table.path)
    boxes = official.photographs(table.part, pairs, files).box.tolist()
    title = f"validating {table.path.name}"
    with tqdm(total=len(rows), desc=title, file=sys.stderr, leave=False) as bar:
        for number, pictures in enumerate(seen(files, boxes, found)):
            part = slice(number * STEP, (number + 1) * STEP)
            read = official.photographs(table.part, pairs[part], files[part])
            read = replace(read, origins=[origin] * len(pictures), box=_clipped(read.box, pictures))
            check_photographs(read, [row.line for row in rows[part]], pictures, found)
            bar.update(len(pictures))


def _clipped(box: np.ndarray, pictures: Sequence[Picture]) -> np.ndarray:
    """Boxes that nobody stated, within their images, where their sizes are known."""
    size = np.array([picture.size for picture in pictures])
    return np.clip(box, 0, np.tile(np.where(size > 0, size, np.inf), 2))
