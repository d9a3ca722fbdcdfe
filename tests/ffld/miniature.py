"""Writers of miniature trees in the official layouts of the datasets of photographs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ffld.datasets import fashionai
from ffld.datasets.deepfashion2 import CATEGORIES, is_val

SIZE = (48, 64)  # width, height of every image unless told

# v, x, y in the official order and codes: 0 visible, 1 occluded, 2 cut off.
UPPER = ((0, 18, 8), (0, 30, 9), (0, 8, 30), (1, 40, 31), (0, 12, 50), (0, 36, 51))
LOWER = ((0, 14, 6), (0, 34, 7), (0, 10, 58), (2, 0, 0))
FULL = (*UPPER[:4], (0, 14, 28), (1, 34, 29), (0, 10, 58), (0, 38, 59))


@dataclass(frozen=True)
class Row:
    """An image and its rows in the lists of FLD or DeepFashion."""

    name: str
    split: str = "test"
    clothes_type: int = 1
    points: tuple[tuple[int, int, int], ...] = UPPER
    box: tuple[int, int, int, int] = (5, 4, 42, 60)
    variation: int = 1


# Numbers have gaps, as the official ones.
FLD_ROWS = tuple(
    Row(f"img/img_{100 * s + 7 * t:08d}.jpg", split, t, points, variation=t)
    for s, split in enumerate(("train", "val", "test"), 1)
    for t, points in enumerate((UPPER, LOWER, FULL), 1)
)
DEEPFASHION_ROWS = tuple(
    Row(f"img/Sheer_Blouse_{s}/img_{t:08d}.jpg", split, t, points)
    for s, split in enumerate(("train", "val", "test"), 1)
    for t, points in enumerate((UPPER, LOWER, FULL), 1)
)
TRAIN_NAMES = tuple(name for name in (f"{n:06d}" for n in range(1, 9)) if not is_val(name))
VAL_NAMES = tuple(name for name in (f"{n:06d}" for n in range(1, 60)) if is_val(name))


def write_fld(root: Path, rows: Sequence[Row] = FLD_ROWS) -> Path:
    """An FLD tree."""
    write_lists(root, rows)
    for row in rows:
        write_image(root / "Img" / row.name)
    return root


def write_deepfashion(root: Path, rows: Sequence[Row] = DEEPFASHION_ROWS) -> Path:
    """A DeepFashion tree, whose landmark rows have no variation type."""
    write_lists(root, rows, variation=False)
    for row in rows:
        write_image(root / "Img" / row.name)
    return root


def write_deepfashion2(
    root: Path, train: Mapping[str, object] | None = None, validation: object = None
) -> Path:
    """A DeepFashion2 tree: image name -> content of its JSON file, for each folder."""
    if train is None:
        train = {name: content(item(1), item(8)) for name in (*TRAIN_NAMES, *VAL_NAMES[:2])}
    if validation is None:
        validation = {f"{n:06d}": content(item(n)) for n in CATEGORIES}
    for folder, files in (("train", train), ("validation", validation)):
        for name, annotation in files.items():
            write_image(root / folder / "image" / f"{name}.jpg")
            write_text(root / folder / "annos" / f"{name}.json", json.dumps(annotation))
    return root


ANSWERS = "fashionAI_key_points_test_{}_answer_20180426.csv"
SKIRT = {"waistband_left": "14_6_1", "waistband_right": "34_7_1",
         "hemline_left": "10_58_1", "hemline_right": "38_57_0"}  # fmt: skip


def write_fashionai(root: Path, **tables: Mapping[str, Mapping[str, str]]) -> Path:
    """A FashionAI tree: image -> cells, for each of train, a and b; a skirt everywhere unless told.

    An image's category is the folder that it lies in.
    """
    if not tables:
        tables = {
            "train": {f"Images/skirt/{n}.jpg": SKIRT for n in range(30)},
            "a": {"Images/skirt/a.jpg": SKIRT},
            "b": {"Images/skirt/b.jpg": SKIRT},
        }
    for part, images in tables.items():
        folder = root / ("train" if part == "train" else f"test_{part}")
        name = fashionai.TRAIN if part == "train" else ANSWERS.format(part)
        write_points(folder / name, images)
        for image in images:
            write_image(folder / image)
    return root


def write_points(path: Path, images: Mapping[str, Mapping[str, str]]) -> Path:
    """A table of FashionAI."""
    lines = [f"image_id,image_category,{','.join(fashionai.LANDMARKS)}"]
    for image, cells in images.items():
        points = [cells.get(name, "-1_-1_-1") for name in fashionai.LANDMARKS]
        lines.append(",".join([image, image.split("/")[1], *points]))
    write_text(path, "\n".join([*lines, ""]))
    return path


def write_lists(
    root: Path, rows: Sequence[Row], *, variation: bool = True, folder: str = "Anno"
) -> None:
    """The three list files, padded with zeros and blanks as the official ones are."""
    landmarks, boxes, partition = [], [], []
    for row in rows:
        kind = f"{row.clothes_type}  {row.variation}" if variation else f"{row.clothes_type}"
        points = " ".join(f" {v} {x:03d} {y:03d}" for v, x, y in row.points)
        landmarks.append(f"{row.name:<60} {kind} {points} ")
        boxes.append(f"{row.name:<60} " + " ".join(f"{corner:03d}" for corner in row.box))
        partition.append(f"{row.name:<60} {row.split}")
    write_list(root / folder / "list_landmarks.txt", "image_name clothes_type", landmarks)
    write_list(root / folder / "list_bbox.txt", "image_name  x_1  y_1  x_2  y_2", boxes)
    write_list(root / "Eval/list_eval_partition.txt", "image_name  evaluation_status", partition)


def write_list(path: Path, header: str, rows: Sequence[str]) -> None:
    """A list file: count, entry names, rows."""
    write_text(path, "\n".join([str(len(rows)), header, *rows, ""]))


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_image(path: Path, size: tuple[int, int] = SIZE) -> None:
    """A small smooth JPEG, different for each path's name."""
    width, height = size
    red, green = np.meshgrid(np.linspace(40, 220, width), np.linspace(40, 220, height))
    blue = np.full_like(red, sum(path.stem.encode()) % 256)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.stack([red, green, blue], axis=-1).astype(np.uint8)).save(path)


def content(*items: dict, source: str = "user") -> dict:
    """The content of a DeepFashion2 annotation file; keys in no order, as the official ones."""
    keyed = {f"item{n}": one for n, one in enumerate(items, 1)}
    return {**dict(reversed(keyed.items())), "source": source, "pair_id": 1}


def item(
    category_id: int,
    points: Sequence[tuple[float, float, int]] | None = None,
    box: Sequence[float] = (2, 3, 45, 60),
    words: Mapping[str, int] | None = None,
) -> dict:
    """A DeepFashion2 item. Unless told, its point n, counted from 1, is visible at (n, n + 10)."""
    if points is None:
        points = [(n, n + 10, 2) for n in range(1, CATEGORIES[category_id].points + 1)]
    return {
        "segmentation": [],
        "landmarks": [number for point in points for number in point],
        "bounding_box": list(box),
        "category_id": category_id,
        "category_name": "any",
        "style": 0,
        **(words or {}),
    }


def coco_content(*files: str, **annotation: object) -> dict:
    """A COCO keypoints file with a skirt, in our names, in each of these images."""
    points = {"left_waistband": (10, 9), "right_waistband": (30, 10), "left_hemline": (8, 40)}
    return {
        "images": [{"id": n, "file_name": name} for n, name in enumerate(files, 1)],
        "categories": [{"id": 1, "name": "skirt", "keypoints": list(points)}],
        "annotations": [
            {
                "id": n,
                "image_id": n,
                "category_id": 1,
                "bbox": [4, 5, 30, 40],
                "keypoints": [number for point in points.values() for number in (*point, 2)],
                **annotation,
            }
            for n in range(1, len(files) + 1)
        ],
    }
