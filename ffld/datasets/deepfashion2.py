"""DeepFashion2: one sample a garment, its landmarks mapped to FFLD's 32 by name.

Splits. The official test annotations were never published, so "test" is the official validation
set, whole. Model selection must not see it, so "val" is a tenth of the official training images,
chosen by a hash of their names, and "train" is the others: no image is in both. A tree without
`validation/` serves all of `train/` as "test", with a warning and under the revision "1.0+train",
so that no number on it passes for one on the validation set.

Items on which no landmark was annotated are left out: nothing could be measured on them. An item
whose landmarks all lack a counterpart in FFLD stays, so that ids don't depend on the map.

Attributes, as official words, "" where the file has none: "viewpoint", "scale", "occlusion",
"zoom_in", "source" ("user" or "shop").
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from ffld.atomic import SHADOW
from ffld.catalog import DatasetSpec, LoadOptions
from ffld.datasets._chosen import in_tenth
from ffld.datasets._item_file import WORD_NAMES, Item, read_items
from ffld.datasets._nearby import meant, other_case
from ffld.datasets._photographs import Photographs, progress, refuse, warn_if_incomplete
from ffld.sample import DataError, Split
from ffld.schema import FFLD, Visibility

SPEC = DatasetSpec(
    name="deepfashion2",
    title="DeepFashion2, landmarks mapped to FFLD",
    schema=FFLD,
    # Images, because it is images that are divided. Of items, that is of samples, the released
    # archive has 312,186 in its training set (our train and val) and 52,490 in its validation set.
    splits={"train": 172_690, "val": 19_271, "test": 32_153},
    revision="1.0",
    procedural=False,
    approximate=True,
    licence="non-commercial research only, by the terms of its authors",
    citation=(
        "Y. Ge, R. Zhang, L. Wu, X. Wang, X. Tang, P. Luo: DeepFashion2: A Versatile Benchmark "
        "for Detection, Pose Estimation, Segmentation and Re-Identification of Clothing Images, "
        "CVPR 2019"
    ),
    obtain=(
        "Ask its authors for the password (github.com/switchablenorms/DeepFashion2) and unpack "
        "train.zip and validation.zip so that root holds train/image/*.jpg, train/annos/*.json, "
        "validation/image/*.jpg and validation/annos/*.json. The procedural ffld needs nothing."
    ),
)


@dataclass(frozen=True)
class Category:
    """How a DeepFashion2 category maps to a garment type of FFLD.

    Indices count from 1. A pair is (left, right): "collar": (2, 6) is left_collar and
    right_collar. The three maps differ in how sure their reading of the official figure is.

    Attributes:
        points: landmarks that the category's items have.
        sure: more than 95 %, checked on photographs.
        good: 80 to 95 %.
        approximate: 50 to 80 %; used only on request.
    """

    garment_type: str
    points: int
    sure: Mapping[str, tuple[int, int] | int]
    good: Mapping[str, tuple[int, int] | int] = field(default_factory=dict)
    approximate: Mapping[str, tuple[int, int] | int] = field(default_factory=dict)


# fmt: off
# By category_id; category names differ between releases. The official figure prints points 2 and 4
# of category 3 exchanged; its annotations agree with category 4, and so does this map.
CATEGORIES = {
    1: Category(
        "short_sleeve_top", points=25,
        sure={"collar": (2, 6), "center_collar": 4, "shoulder": (7, 25), "armpit": (12, 20),
              "cuff_in": (10, 22), "cuff_out": (9, 23), "top_hem": (15, 17)},
        good={"sleeve_in": (11, 21), "sleeve_out": (8, 24)},
    ),
    2: Category(
        "long_sleeve_top", points=33,
        sure={"collar": (2, 6), "center_collar": 4, "shoulder": (7, 33), "armpit": (16, 24),
              "cuff_in": (12, 28), "cuff_out": (11, 29), "top_hem": (19, 21)},
        good={"sleeve_in": (14, 26), "sleeve_out": (9, 31)},
    ),
    3: Category(
        "short_sleeve_outwear", points=31,
        sure={"shoulder": (7, 25), "armpit": (12, 20), "cuff_in": (10, 22), "cuff_out": (9, 23),
              "top_hem": (15, 17)},
        good={"collar": (2, 6), "sleeve_in": (11, 21), "sleeve_out": (8, 24)},
        approximate={"waistline": (14, 18)},
    ),
    4: Category(
        "long_sleeve_outwear", points=39,
        sure={"collar": (2, 6), "shoulder": (7, 33), "armpit": (16, 24), "cuff_in": (12, 28),
              "cuff_out": (11, 29), "top_hem": (19, 21)},
        good={"sleeve_in": (14, 26), "sleeve_out": (9, 31)},
        approximate={"waistline": (18, 22)},
    ),
    5: Category(
        "vest", points=15,
        sure={"collar": (2, 6), "center_collar": 4, "shoulder": (7, 15), "top_hem": (10, 12)},
        good={"armpit": (8, 14)},
    ),
    6: Category(
        "sling", points=15,
        sure={"center_collar": 4, "top_hem": (10, 12)},
        good={"collar": (2, 6), "armpit": (8, 14)},
        approximate={"shoulder": (7, 15)},
    ),
    7: Category(
        "shorts", points=10,
        sure={"waistband": (1, 3), "crotch": 7, "bottom_in": (6, 8), "bottom_out": (5, 9)},
    ),
    8: Category(
        "trousers", points=14,
        sure={"waistband": (1, 3), "crotch": 9, "knee_in": (8, 10), "knee_out": (5, 13),
              "bottom_in": (7, 11), "bottom_out": (6, 12)},
    ),
    9: Category(
        "skirt", points=8,
        sure={"waistband": (1, 3), "hemline": (5, 7)},
    ),
    10: Category(
        "short_sleeve_dress", points=29,
        sure={"collar": (2, 6), "center_collar": 4, "shoulder": (7, 29), "armpit": (12, 24),
              "cuff_in": (10, 26), "cuff_out": (9, 27), "hemline": (17, 19)},
        good={"sleeve_in": (11, 25), "sleeve_out": (8, 28), "waistline": (15, 21)},
    ),
    11: Category(
        "long_sleeve_dress", points=37,
        sure={"collar": (2, 6), "center_collar": 4, "shoulder": (7, 37), "armpit": (16, 28),
              "cuff_in": (12, 32), "cuff_out": (11, 33), "hemline": (21, 23)},
        good={"sleeve_in": (14, 30), "sleeve_out": (9, 35)},
        approximate={"waistline": (19, 25)},
    ),
    12: Category(
        "vest_dress", points=19,
        sure={"collar": (2, 6), "center_collar": 4, "shoulder": (7, 19), "hemline": (12, 14)},
        good={"armpit": (8, 18)},
        approximate={"waistline": (10, 16)},
    ),
    13: Category(
        "sling_dress", points=19,
        sure={"center_collar": 4, "hemline": (12, 14)},
        good={"collar": (2, 6), "armpit": (8, 18)},
        approximate={"shoulder": (7, 19), "waistline": (10, 16)},
    ),
}
# fmt: on

POINTS_OF = {number: category.points for number, category in CATEGORIES.items()}
_VISIBILITY = np.array([Visibility.ABSENT, Visibility.OCCLUDED, Visibility.VISIBLE], np.uint8)


def read(split: str, options: LoadOptions) -> Split:
    """Open a split, images by name and items by number."""
    folder, names, notes = _images_of(split, options.root)
    present = stems(folder / "image", ".jpg")
    found = [name for name in names if name in present]
    hint = ""
    if lost := [name for name in names if name not in present]:
        hint = other_case([f"{folder}/image/{lost[0]}.jpg"])
        told = f" ({hint})" if hint else ""
        notes.append(f"{len(lost):,} annotation files left out whose image is not on disk{told}")
    if not found:
        raise DataError(
            f"deepfashion2 {split}: none of {len(names):,} images was found; tried "
            f"{folder / 'image' / names[0]}.jpg{f'; {hint}' if hint else ''}. {SPEC.obtain}"
        )
    items: list[tuple[int, Item]] = []
    problems: list[str] = []
    bare_files = 0
    for position, name in enumerate(progress(found, f"deepfashion2 {split}")):
        path = folder / "annos" / f"{name}.json"
        in_file, wrong = read_items(path, POINTS_OF)
        items += [(position, item) for item in in_file]
        problems += [f"{f'{path} {key}'.rstrip()}: {fault}" for key, fault in wrong]
        bare_files += not (in_file or wrong)
    refuse(problems, "correct or remove these files, or unpack the archive again")
    if bare_files:
        notes.append(f"{bare_files:,} annotation files hold no item")

    kept = [(position, item) for position, item in items if item.points[:, 2].any()]
    if bare := len(items) - len(kept):
        notes.append(f"{bare:,} items left out that have no landmark")
    if not kept:
        told = "; ".join([f"no item in {folder / 'annos'} has a landmark", *notes])
        raise DataError(f"deepfashion2 {split}: {told}. {SPEC.obtain}")
    warn_if_incomplete(SPEC, split, len(found), notes)
    return photographs(split, folder, found, kept, options.approximate).as_split()


def is_val(image_name: str) -> bool:
    """Whether an official training image, such as "000001", belongs to "val"."""
    return in_tenth(f"deepfashion2/{image_name}")


def _images_of(split: str, root: Path) -> tuple[Path, list[str], list[str]]:
    """The folder, the names of the split's annotation files, and what is to be warned of."""
    notes = []
    folder = root / ("validation" if split == "test" else "train")
    if split == "test" and not folder.is_dir():
        notes.append(f"there is no {folder}, so test is all of train/, train and val included")
        folder = root / "train"
    every = sorted(stems(folder / "annos", ".json"))
    names = [name for name in every if split in ("test", "val" if is_val(name) else "train")]
    if not names:
        found = f"all {len(every):,} images there belong to others" if every else "nothing is there"
        question = meant_tree(root)
        raise DataError(
            f"deepfashion2: no image of split {split!r} in {folder / 'annos'}, {found}"
            f"{f'; {question}' if question else '.'} {SPEC.obtain}"
        )
    return folder, names, notes


def meant_tree(root: Path) -> str:
    """A question for the tree that is one folder too high or too low; "" where none is."""
    return "" if _is_tree(root) else meant(root, _is_tree)


def _is_tree(folder: Path) -> bool:
    return any(os.path.isdir(folder / name / "annos") for name in ("train", "validation"))


def stems(folder: Path, extension: str) -> set[str]:
    """Names without extension of a folder's files; none where the folder is missing."""
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as entries:
        return {
            entry.name.removesuffix(extension)
            for entry in entries
            if entry.name.endswith(extension) and not entry.name.startswith(SHADOW)
        }


def photographs(
    split: str, folder: Path, names: list[str], items: list[tuple[int, Item]], approximate: bool
) -> Photographs:
    """Points by number -> landmarks by name, continuous coordinates and our codes."""
    xy = np.full((len(items), len(FFLD), 2), np.nan, np.float32)
    visibility = np.zeros((len(items), len(FFLD)), np.uint8)
    for row, (_, item) in enumerate(items):
        slots, indices = mapping(item.category_id, approximate)
        points = item.points[indices]
        there = points[:, 2] > 0
        xy[row, slots[there]] = points[there, :2] + 0.5
        visibility[row, slots] = _VISIBILITY[points[:, 2].astype(int)]
    annotations = [f"{folder}/annos/{name}.json" for name in names]
    standing_in = split == "test" and folder.name == "train"
    revision = SPEC.revision + ("+train" if standing_in else "")
    return Photographs(
        spec=SPEC,
        split=split,
        revision=revision + ("+approximate" if approximate else ""),
        ids=[f"{folder.name}/{names[position]}#{item.key}" for position, item in items],
        files=[f"{folder}/image/{name}.jpg" for name in names],
        file_of=np.array([position for position, _ in items]),
        origins=[f"{annotations[position]} {item.key}" for position, item in items],
        garment_type=np.array([CATEGORIES[item.category_id].garment_type for _, item in items]),
        box=np.array([item.box for _, item in items]) + (0, 0, 1, 1),
        xy=xy,
        visibility=visibility,
        attributes={
            name: np.array([item.words[n] for _, item in items], str)
            for n, name in enumerate(WORD_NAMES)
        },
    )


@cache
def mapping(category_id: int, approximate: bool) -> tuple[np.ndarray, np.ndarray]:
    """Slots of FFLD and, for each, the index from 0 among the category's points."""
    category = CATEGORIES[category_id]
    parts = {**category.sure, **category.good, **(category.approximate if approximate else {})}
    pairs = []
    for part, points in parts.items():
        if isinstance(points, int):
            pairs.append((FFLD.index(part), points - 1))
        else:
            names = (f"left_{part}", f"right_{part}")
            pairs += [(FFLD.index(name), n - 1) for name, n in zip(names, points, strict=True)]
    slots, indices = np.array(pairs).T
    return slots, indices
