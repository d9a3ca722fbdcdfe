"""The unpacked archives of FLD and DeepFashion: which is which, where their files lie."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator
from pathlib import Path

from ffld.catalog import DatasetSpec
from ffld.datasets._list_file import ListFile, open_list
from ffld.datasets._nearby import meant
from ffld.sample import DataError

_FOLDERS = {  # that the archives unpack to
    "fld": "Fashion Landmark Detection Benchmark",
    "deepfashion": "Category and Attribute Prediction Benchmark",
}
_NAMED = {  # how their images are named, of which no name is both
    "fld": re.compile("img/[^/]+"),
    "deepfashion": re.compile("img/[^/]+/[^/]+"),
}
PARTITION = "Eval/list_eval_partition.txt"


def find_archive(spec: DatasetSpec, root: Path) -> Path:
    """The folder of the unpacked archive: `root`, or the official folder inside it.

    Raises:
        DataError: neither holds the list of splits.
    """
    tried = [root, root / _FOLDERS[spec.name]]
    for folder in tried:
        if (folder / PARTITION).is_file():
            return folder
    places = " or ".join(str(folder / PARTITION) for folder in tried)
    question = meant_archive(spec, root)
    hint = f"; {question}" if question else "."
    raise DataError(f"{spec.name}: there is no {places}{hint} {spec.obtain}")


def meant_archive(spec: DatasetSpec, root: Path) -> str:
    """A question for the archive that is one folder too high or too low; "" where none is."""

    def holds(folder: Path) -> bool:
        try:
            partition = open_list(folder / PARTITION)
        except DataError:
            return False
        return not other_dataset(spec, partition)

    return meant(root, holds)


def find_list(folder: Path, name: str) -> Path | None:
    """A list of annotations, where the releases of the archive have it."""
    tried = (folder / "Anno" / name, folder / "Anno_coarse" / name)
    return next((path for path in tried if path.is_file()), None)


def other_dataset(spec: DatasetSpec, partition: ListFile) -> str:
    """The dataset that a list of splits is of, if all its names are those of another; else ""."""
    if next(partition.rows(), None) is None:
        return ""
    for other, named in _NAMED.items():
        if other != spec.name and all(named.fullmatch(row[0]) for _, row in partition.rows()):
            return other
    return ""


def candidates(folder: Path, name: str) -> Iterator[str]:
    """Where an image may lie: people unpack img.zip in several places."""
    yield f"{folder}/Img/{name}"
    yield f"{folder}/{name}"
    yield f"{folder}/Img/{name.removeprefix('img/')}"
    yield f"{folder}/img-001/{name}"
    yield f"{folder}/Img/img-001/{name}"


def image_file(folder: Path, name: str) -> str | None:
    """Where a listed image lies; None where it is nowhere."""
    return next((path for path in candidates(folder, name) if os.path.isfile(path)), None)
