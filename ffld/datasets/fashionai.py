"""FashionAI key points (Tianchi 2018): its 24 landmarks as those of FFLD that they are.

FFLD has eight landmarks more, half-way down the sleeves and at the knees: nobody annotated them
here, so they are absent.

Sides. FashionAI's left is image-left, whichever side of a garment is seen; FFLD's is the garment's.
The two differ on garments seen from behind, which nothing in the tables tells apart, so sides are
passed on as they are. A model that tells left from right by the garment is judged wrong on backs.

Garment types. The tables know five categories (attribute "category"); which of FFLD's types a
garment is, is guessed from its landmarks, see `guess_types`. NE-1 doesn't depend on it.

Boxes. There are none, so a box is the extent of the annotated landmarks, let out by 10 pixels on
every side, as public solutions do it. It is known where they are known: a number with it is one
with the garment's place given.

Splits. "test" is both official test sets, whose answers were published after the competition
(attribute "part": "a" or "b"); of one of them alone the revision is "1.0+a" or "1.0+b". "val" is a
tenth of the official training images, chosen by a hash of their names, and "train" is the others.
The warm-up set of the same competition isn't read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ffld.atomic import SHADOW
from ffld.catalog import DatasetSpec, LoadOptions
from ffld.datasets._chosen import in_tenth
from ffld.datasets._garment_guess import guess_types
from ffld.datasets._nearby import other_case
from ffld.datasets._photographs import Photographs, refuse, warn_if_incomplete
from ffld.datasets._point_table import ABSENT, PointRow, Problem, read_points
from ffld.sample import DataError, Split
from ffld.schema import FFLD, Visibility

SPEC = DatasetSpec(
    name="fashionai",
    title="FashionAI key points, its 24 landmarks among FFLD's 32",
    schema=FFLD,
    # By hash, so that nobody can tell without the names: 31,631 in train and val together.
    splits={"train": 0, "val": 0, "test": 19_966},
    revision="1.0",
    procedural=False,
    licence="research only, by the terms of the Tianchi platform",
    citation=(
        "X. Zou, X. Kong, W. Wong, C. Wang, Y. Liu, Y. Cao: FashionAI: A Hierarchical Dataset for "
        "Fashion Understanding, CVPR Workshops 2019"
    ),
    obtain=(
        "Get 'FashionAI key points' from the Tianchi platform (tianchi.aliyun.com) and unpack it "
        "so that root, or folders in it, hold Annotations/train.csv, "
        "fashionAI_key_points_test_a_answer_20180426.csv and test_b's answers, each beside or "
        "below a folder Images/*/*.jpg. The procedural ffld needs nothing."
    ),
)

_SIDES, _ENDS = ("left", "right"), ("in", "out")


def _pairs(*places: str) -> dict[str, str]:
    return {f"{place}_{side}": f"{side}_{place}" for place in places for side in _SIDES}


def _ends(place: str) -> dict[str, str]:
    return {f"{place}_{s}_{end}": f"{s}_{place}_{end}" for s in _SIDES for end in _ENDS}


# The columns of the tables, in their order, and what FFLD calls these landmarks.
LANDMARKS: Mapping[str, str] = {
    **{f"neckline_{side}": f"{side}_collar" for side in _SIDES},
    "center_front": "center_collar",
    **_pairs("shoulder", "armpit", "waistline"),
    **_ends("cuff"),
    **_pairs("top_hem", "waistband", "hemline"),
    "crotch": "crotch",
    **_ends("bottom"),
}
# The garment types that a category holds.
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "blouse": ("short_sleeve_top", "long_sleeve_top", "vest", "sling"),
    "outwear": ("short_sleeve_outwear", "long_sleeve_outwear"),
    "dress": ("short_sleeve_dress", "long_sleeve_dress", "vest_dress", "sling_dress"),
    "skirt": ("skirt",),
    "trousers": ("trousers", "shorts"),
}
_OWNED = {
    category: {
        column
        for column, landmark in LANDMARKS.items()
        if any(landmark in FFLD.garment_types[name] for name in types)
    }
    for category, types in CATEGORIES.items()
}
_SLOTS = np.array([FFLD.index(name) for name in LANDMARKS.values()])
_CODES = np.array([Visibility.OCCLUDED, Visibility.VISIBLE], np.uint8)

TRAIN, ROWS = "Annotations/train.csv", 31_631
ANSWERS = {part: f"fashionAI_key_points_test_{part}_answer_*.csv" for part in "ab"}
_ANSWERED = {"a": 9_996, "b": 9_970}
_DEEP = ("", "*/", "*/*/")  # how far below the root the archives may have been unpacked
MARGIN = 10  # pixels from the outermost landmarks to the box


@dataclass(frozen=True)
class Table:
    """An official table: its file, the part of the set that it is, how many rows it should have."""

    path: Path
    part: str
    rows: int


def read(split: str, options: LoadOptions) -> Split:
    """Open a split, in the order of its tables."""
    tables, notes = tables_of(split, options.root)
    rows = _rows(tables, notes)
    ours = [(table, row) for table, row in rows if belongs(row.name, table.part, split)]
    paths = images_below(options.root)
    there = [(table, row) for table, row in ours if row.name in paths]
    lost = [row.name for _, row in ours if row.name not in paths]
    hint = other_case(lost[:1], paths.__contains__)
    if lost:
        told = f" ({hint})" if hint else ""
        notes.append(f"{len(lost):,} left out that are listed but not on disk{told}")
    if not there:
        tried = f", such as {ours[0][1].name}" if ours else ""
        tried += f"; {hint}" if hint else ""
        raise DataError(
            f"fashionai {split}: none of {len(ours):,} images was found below {options.root}"
            f"{tried}. {SPEC.obtain}"
        )
    kept = [(table, row) for table, row in there if has_landmarks(row)]
    if bare := len(there) - len(kept):
        notes.append(f"{bare:,} left out that have no landmark")
    if not kept:
        raise DataError(f"fashionai {split}: no row of {tables[0].path} has a landmark")
    expected = {split: SPEC.splits[split] or len(ours)}
    warn_if_incomplete(replace(SPEC, splits=expected), split, len(there), notes)
    return photographs(split, kept, [paths[row.name] for _, row in kept]).as_split()


def _rows(tables: Sequence[Table], notes: list[str]) -> list[tuple[Table, PointRow]]:
    """All rows of some tables, one an image; what else is to be said of them goes to the notes."""
    rows: dict[str, tuple[Table, PointRow]] = {}
    problems: list[str] = []
    for table in tables:
        in_table, wrong = read_rows(table.path)
        problems += [f"{table.path}:{line}: {error}" for line, _, error in wrong]
        problems += [
            f"{table.path}:{row.line}: {row.name} is in {rows[row.name][0].path} already"
            for row in in_table
            if row.name in rows
        ]
        if (count := len(in_table) + len(wrong)) != table.rows:
            notes.append(f"{table.path} has {count:,} rows of {table.rows:,}")
        once = {row.name: (table, row) for row in in_table}
        if again := len(in_table) - len(once):
            notes.append(f"{again:,} rows of {table.path} left out that repeat another")
        rows |= once
    refuse(problems, "correct or remove these rows, or unpack the official tables again")
    return list(rows.values())


def has_landmarks(row: PointRow) -> bool:
    """Whether anything was annotated."""
    return bool((row.points[:, 2] != ABSENT).any())


def belongs(name: str, part: str, split: str) -> bool:
    """Whether an image of a table's part belongs to a split."""
    if part != "train":
        return split == "test"
    return split == ("val" if in_tenth(f"fashionai/{name}") else "train")


def tables_of(split: str, root: Path) -> tuple[list[Table], list[str]]:
    """The tables that a split is read from, and what is to be warned of.

    Raises:
        DataError: there is none, or one that is there twice.
    """
    if split != "test":
        return [Table(_only(root, TRAIN), "train", ROWS)], []
    found = {part: _found(root, pattern) for part, pattern in ANSWERS.items()}
    notes = [f"there are no answers of test_{part}" for part, paths in found.items() if not paths]
    if len(notes) == len(found):
        raise DataError(
            f"fashionai test: no {' or '.join(ANSWERS.values())} below {root}; the csv of the test "
            f"archives themselves has no landmarks. {SPEC.obtain}"
        )
    there = [part for part, paths in found.items() if paths]
    return [Table(_only(root, ANSWERS[part]), part, _ANSWERED[part]) for part in there], notes


def read_rows(path: str | Path) -> tuple[list[PointRow], list[Problem]]:
    """`read_points` of an official table."""
    return read_points(path, tuple(LANDMARKS), _OWNED)


def images_below(root: Path) -> dict[str, str]:
    """Path of every image, by the name that the tables have for it, such as Images/skirt/1.jpg."""
    found: dict[str, str] = {}
    for images in filter(Path.is_dir, _found(root, "Images")):
        for category in sorted(os.scandir(images), key=lambda entry: entry.name):
            if category.is_dir():
                with os.scandir(category) as entries:
                    for entry in entries:
                        if entry.name.startswith(SHADOW):
                            continue
                        found.setdefault(f"Images/{category.name}/{entry.name}", entry.path)
    return found


def _only(root: Path, pattern: str) -> Path:
    found = _found(root, pattern)
    if not found:
        raise DataError(
            f"fashionai: there is no {pattern} in {root} or a folder below. {SPEC.obtain}"
        )
    if len(found) > 1:
        raise DataError(
            f"fashionai: {found[0]} and {found[1]} are two tables of one part; pass the folder of "
            "one copy as root, or move one away"
        )
    return found[0]


def _found(root: Path, pattern: str) -> list[Path]:
    return [path for deep in _DEEP for path in sorted(root.glob(deep + pattern))]


def photographs(
    split: str, rows: Sequence[tuple[Table, PointRow]], files: Sequence[str]
) -> Photographs:
    """Whole numbers as the tables have them -> continuous coordinates and our codes."""
    points = np.array([row.points for _, row in rows])
    codes, there = points[..., 2], points[..., 2] != ABSENT
    xy = np.full((len(rows), len(FFLD), 2), np.nan, np.float32)
    xy[:, _SLOTS] = np.where(there[..., None], points[..., :2] + 0.5, np.nan)
    visibility = np.zeros((len(rows), len(FFLD)), np.uint8)
    visibility[:, _SLOTS] = np.where(there, _CODES[np.maximum(codes, 0)], Visibility.ABSENT)
    category = np.array([row.category for _, row in rows])
    parts = sorted({table.part for table, _ in rows})
    return Photographs(
        spec=SPEC,
        split=split,
        revision=SPEC.revision + (f"+{parts[0]}" if split == "test" and len(parts) == 1 else ""),
        ids=[os.path.splitext(row.name)[0] for _, row in rows],
        files=files,
        file_of=np.arange(len(rows)),
        origins=[f"{table.path}:{row.line}" for table, row in rows],
        garment_type=guess_types(category, xy),
        box=_boxes(xy),
        xy=xy,
        visibility=visibility,
        attributes={"category": category, "part": np.array([table.part for table, _ in rows])},
    )


def _boxes(xy: np.ndarray) -> np.ndarray:
    """(N, 4): the pixels that landmarks lie in, and 10 more on every side."""
    half = 0.5 + MARGIN
    return np.hstack([np.fmin.reduce(xy, 1) - half, np.fmax.reduce(xy, 1) + half])
