"""DeepFashion2: one JSON file an image, each item against its image and its neighbours."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from joblib import delayed
from tqdm import tqdm

from ffld.datasets import deepfashion2 as official
from ffld.datasets._item_file import Item, read_items
from ffld.datasets._malformed import Fault, Malformed
from ffld.validate.files import check_tree, leaves
from ffld.validate.pictures import Picture
from ffld.validate.report import Report
from ffld.validate.trees import STEP, Findings, check_photographs, see_one, tell_picture
from ffld.workers import workers

LARGEST = 16 << 20  # bytes of a file, a thousand times an official one
_FOLDERS = ("train", "validation")
_Read = tuple[list[Item], list[tuple[str, Malformed]], Picture]


def validate_items(root: Path, report: Report, *, images: str = "header") -> None:
    """Check an official tree of DeepFashion2; `validation/` need not be there."""
    folders = [root / name for name in _FOLDERS if (root / name / "annos").is_dir()]
    if not folders:
        question = official.meant_tree(root)
        report.add("file-missing", root, "neither train/annos nor validation/annos",
                   expected=question and f"one of them; {question}")  # fmt: skip
        return
    check_tree(root, report)
    found = Findings(root, images, report)
    for folder in folders:
        annotated = official.stems(folder / "annos", ".json")
        for name in sorted(official.stems(folder / "image", ".jpg") - annotated):
            report.add("row-missing", f"{folder.name}/annos/{name}.json", "nothing")
        _check_folder(folder, sorted(annotated), found)
    found.finish()


def _check_folder(folder: Path, names: list[str], found: Findings) -> None:
    parts = [names[at : at + STEP] for at in range(0, len(names), STEP)]
    work = (delayed(_read)(folder, part, found.images, found.folder) for part in parts)
    pool = workers(1 if len(parts) == 1 else -1)
    title = f"validating {folder.name}"
    with tqdm(total=len(names), desc=title, file=sys.stderr, leave=False) as bar:
        for part, read in zip(parts, pool(work), strict=True):
            _check_part(folder, part, read, found)
            bar.update(len(part))


def _read(folder: Path, names: list[str], images: str, root: Path) -> list[_Read]:
    found = []
    for name in names:
        items, wrong = _items(folder / "annos" / f"{name}.json", root)
        box = items[0].box + (0, 0, 1, 1) if items else None
        picture = see_one(folder / "image" / f"{name}.jpg", images, box, root)
        found.append((items, wrong, picture))
    return found


def _items(path: Path, root: Path) -> tuple[list[Item], list[tuple[str, Malformed]]]:
    if path.is_symlink() and leaves(path, root):
        return [], []  # told with the links of the tree
    if path.is_file() and (size := path.stat().st_size) > LARGEST:
        return [], [("", Malformed(Fault("file", f"{size:,} bytes", f"at most {LARGEST:,} bytes")))]
    items, wrong = read_items(path, official.POINTS_OF)
    if not (items or wrong):
        wrong = [("", Malformed(Fault("file", "no item", "an object with items: item1, item2, …")))]
    return items, wrong


def _check_part(folder: Path, names: list[str], read: list[_Read], found: Findings) -> None:
    kept: list[tuple[int, Item]] = []
    for position, (name, (items, wrong, _)) in enumerate(zip(names, read, strict=True)):
        file = f"{folder.name}/annos/{name}.json"
        for key, error in wrong:
            found.malformed(file, error, key)
        for item in items:
            _check_codes(item, file, f"{folder.name}/{name}#{item.key}", found)
        kept += [(position, item) for item in items]
        if not items:
            tell_picture(f"{folder}/image/{name}.jpg", "", read[position][2], found)
    if not kept:
        return
    read_as = official.photographs(folder.name, folder, names, kept, approximate=True)
    origins = [f"{folder}/annos/{names[position]}.json" for position, _ in kept]
    photographs = replace(read_as, origins=origins)
    rows = [item.key for _, item in kept]
    check_photographs(photographs, rows, [picture for _, _, picture in read], found)


def _check_codes(item: Item, file: str, sample: str, found: Findings) -> None:
    """Not labelled and (0, 0) go together in the official files."""
    absent, origin = item.points[:, 2] == 0, (item.points[:, :2] == 0).all(1)
    for rule, wrong, expected in (
        ("coordinate-of-absent", absent & ~origin, "0, 0, 0 where it isn't labelled"),
        ("coordinate-missing", origin & ~absent, "coordinates, or visibility 0"),
    ):
        for k in np.flatnonzero(wrong)[:1].tolist():
            x, y, v = item.points[k].tolist()
            found.report.add(rule, file, f"{x:g}, {y:g}, {v:g} at point {k + 1}", row=item.key,
                             sample=sample, field="landmarks", expected=expected)  # fmt: skip
