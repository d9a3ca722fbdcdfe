"""The image files of an export: rendered ones as PNG, photographs copied.

Rendering a whole split takes long, so an export that is killed can be run again and goes on: what
it was of is noted beside the annotations until these are there.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
from joblib import delayed
from tqdm import tqdm

from ffld import shards
from ffld.atomic import replacing
from ffld.sample import Split
from ffld.workers import workers

_STEP = 64  # images that a worker writes in one go


def write_images(split: Split, files: Sequence[str], folder: Path, annotations: Path) -> None:
    """Write the images of a split's samples, or what an export that was killed left to write.

    Args:
        files: their names in the folder.
        annotations: those of this export, complete; an earlier one was the same if its were.
    """
    begun = folder.with_name(f".{folder.name}.begun")
    digest = shards.digest(annotations)
    rendered = split.file(0) is None
    keep = rendered and begun.is_file() and begun.read_text() == digest
    # labels don't tell what renders or where images are read, the first image does
    keep = keep and _holds(folder / files[0], _png(split, 0))
    with replacing(begun) as temporary:
        temporary.write_text(digest)
    parts = [slice(start, start + _STEP) for start in range(0, len(files), _STEP)]
    work = (
        delayed(_write_part)(split.select(range(len(files))[part]), files[part], folder, keep)
        for part in parts
    )
    # one process copies photographs as fast as the disk does
    written = workers(-1 if rendered and len(parts) > 1 else 1)(work)
    with closing(written), tqdm(total=len(files), desc="images", unit="image", leave=False) as bar:
        for count in written:
            bar.update(count)
    begun.unlink()


def _write_part(samples: Split, files: Sequence[str], folder: Path, keep: bool) -> int:
    """In a worker: the images of some samples; how many there are."""
    cv2.setNumThreads(1)
    for position, name in enumerate(files):
        if keep and (folder / name).is_file():  # files appear whole or not at all
            continue
        file = samples.file(position)
        with replacing(folder / name) as temporary:
            if file is not None:
                shutil.copyfile(file, temporary)
            else:
                temporary.write_bytes(_png(samples, position))
    return len(files)


def _png(split: Split, position: int) -> bytes:
    return shards.encode(split.image(position), ".png")


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content
