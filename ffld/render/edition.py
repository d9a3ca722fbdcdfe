"""Procedural editions: a mix of scenes under a version, opened as splits.

A sample is a pure function of (edition version, key, split, index). Labels of many samples are
kept in the user's cache folder under a hash of mix and renderer, so they can't go stale.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from joblib import delayed
from tqdm import tqdm

from ffld.cache import cache_folder, keep_arrays, load_arrays
from ffld.render.geometry.pieces import Anchor, Garment
from ffld.render.geometry.stream import Streams
from ffld.render.image import paint
from ffld.render.labels import Labels, label
from ffld.render.mix import Mix
from ffld.sample import DataError, Split, Targets
from ffld.schema import LandmarkSchema
from ffld.workers import workers

RIVALS = 4  # other garments kept per sample, those with most landmarks in the box first
_WORTH_CACHING = 200
_ATTRIBUTES = ("style", "viewpoint", "presentation", "pose", "overlap")


def _own_landmarks(garment: Garment) -> Mapping[str, Anchor]:
    return garment.anchors


@dataclass(frozen=True)
class Edition:
    """One procedural dataset.

    Attributes:
        name: of the dataset.
        version: part of every sample's random streams; another label is another version.
        dials: what of the mix a study has turned, as text; empty for the edition itself.
        splits: split name -> number of samples.
        schema: FFLD, or FLD8 for the stand-ins of FLD and DeepFashion.
        landmarks: a garment's landmarks in that schema.
        garment_type: an FFLD garment type's name in that schema.
    """

    name: str
    version: str
    splits: Mapping[str, int]
    schema: LandmarkSchema
    mix: Mix
    landmarks: Callable[[Garment], Mapping[str, Anchor]] = _own_landmarks
    garment_type: Callable[[str], str] = str
    dials: str = ""

    @property
    def seed(self) -> str:
        """What the random streams start from; turning a dial leaves it as it is."""
        return f"{self.name}-{self.version}"

    @property
    def revision(self) -> str:
        """What is stamped on predictions: the edition's version, and a hash of turned dials."""
        digest = hashlib.sha256(self.dials.encode()).hexdigest()[:8]
        return f"{self.seed}+{digest}" if self.dials else self.seed

    def turned(self, dials: Mapping[str, Any]) -> Edition:
        """The edition with other values of some fields of its mix, for a controlled study.

        Samples with the same index show the same subject, differing in what the dials turn.

        Raises:
            DataError: an unknown dial, or an impossible value.
        """
        if not dials:
            return self
        names = [field.name for field in fields(Mix)]
        if unknown := sorted(set(dials) - set(names)):
            raise DataError(f"no dial {', '.join(unknown)}; there are {', '.join(names)}")
        mix = replace(self.mix, **dials)
        return replace(self, mix=mix, dials=repr(sorted(dials.items())))


def open_edition(edition: Edition, split: str, key: str = "") -> Split:
    """One split of an edition; nothing is rendered until it is asked for."""
    return Split(
        dataset=edition.name,
        split=split,
        schema=edition.schema,
        ids=[sample_id(edition, split, index) for index in range(edition.splits[split])],
        annotate=partial(_annotate, edition, split, key),
        read_image=partial(render, edition, split, key),
    )


def sample_id(edition: Edition, split: str, index: int) -> str:
    """Such as ffld/test/000000."""
    return f"{edition.name}/{split}/{index:06d}"


def render(edition: Edition, split: str, key: str, index: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB of one sample."""
    streams = Streams(edition.seed, split, index, key)
    return paint(_label(edition, streams), streams)


def annotate_one(edition: Edition, split: str, key: str, index: int) -> Labels:
    """The labels of one sample, without painting it."""
    return _label(edition, Streams(edition.seed, split, index, key))


def _label(edition: Edition, streams: Streams) -> Labels:
    return label(edition.mix, streams, edition.landmarks, edition.schema)


def _annotate(edition: Edition, split: str, key: str, indices: Sequence[int]) -> Targets:
    if len(indices) < _WORTH_CACHING:
        arrays = _arrays(edition, split, key, list(indices))
    else:
        arrays = _cached_arrays(edition, split, key, list(indices))
    attributes = {name: arrays.pop(name) for name in _ATTRIBUTES}
    return Targets(
        dataset=edition.name,
        split=split,
        revision=edition.revision,
        schema=edition.schema,
        attributes=attributes,
        **arrays,
    )


def _cached_arrays(edition: Edition, split: str, key: str, indices: list[int]) -> dict:
    request = f"{edition.revision}|{edition.mix}|{split}|{key}|{source_hash()}|{indices}"
    name = hashlib.sha256(request.encode()).hexdigest()[:24]
    path = cache_folder() / "labels" / f"{edition.name}-{split}-{name}.npz"
    arrays = load_arrays(path)
    if arrays is None:
        arrays = _in_parallel(edition, split, key, indices)
        keep_arrays(path, arrays)
    return arrays


def _in_parallel(edition: Edition, split: str, key: str, indices: list[int]) -> dict:
    step = 100
    chunks = [indices[at : at + step] for at in range(0, len(indices), step)]
    work = partial(_arrays, edition, split, key)
    # joblib's workers need no `if __name__ == "__main__"` in the script of whoever calls this
    results = workers()(delayed(work)(chunk) for chunk in chunks)
    title = f"labels of {edition.name} {split}"
    parts = []
    with tqdm(total=len(indices), desc=title, unit="sample", leave=False) as bar:
        for chunk, part in zip(chunks, results, strict=True):
            parts.append(part)
            bar.update(len(chunk))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _arrays(edition: Edition, split: str, key: str, indices: list[int]) -> dict:
    cv2.setNumThreads(1)
    rows = [annotate_one(edition, split, key, index) for index in indices]
    count, slots = len(rows), len(edition.schema)
    rivals = np.full((count, RIVALS, slots, 2), np.nan)
    for number, row in enumerate(rows):
        kept = row.rivals[:RIVALS]
        rivals[number, : len(kept)] = kept
    about = [row.scene.attributes for row in rows]
    garments = [row.scene.garment for row in rows]
    return {
        "ids": np.array([sample_id(edition, split, index) for index in indices]),
        "xy": np.array([row.xy for row in rows]),
        "visibility": np.array([row.visibility for row in rows]),
        "garment_type": np.array([edition.garment_type(g.garment_type) for g in garments]),
        "box": np.array([row.box for row in rows]),
        "size": np.array([(r.scene.frame.width, r.scene.frame.height) for r in rows], np.int64),
        "rivals": rivals,
        "style": np.array([a["style"] for a in about]),
        "viewpoint": np.array([a["viewpoint"] for a in about]),
        "presentation": np.array([a["presentation"] for a in about]),
        "pose": np.array([a["pose"] for a in about]),
        "overlap": np.array([str(len(row.rivals)) for row in rows]),
    }


@cache
def source_hash() -> str:
    """16 hexadecimal digits of the renderer's source code: what cached or built samples are of."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
