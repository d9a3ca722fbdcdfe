"""What a published dataset says of itself, for its card and its Croissant file.

Facts come from the manifest, the schema and the shards; the sentences here are true of every
procedural dataset and are those of docs/datasheet.md, which says more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ffld import shards
from ffld.catalog import DatasetSpec
from ffld.manifest import Manifest
from ffld.sample import DataError

SUMMARY = (
    "Rendered images of clothes with landmarks, visibility and boxes, for comparing fashion "
    "landmark detectors. Nobody was photographed and no image was collected: code draws every "
    "picture and knows where each landmark is."
)
NOT_THE_ORIGINAL = (
    "FFLD was announced with LGR (CVPR 2019) and never published. This edition is not the authors' "
    "data, its list of landmarks is a reconstruction, and no number on it is a number on theirs."
)
STAND_IN = (
    "A stand-in with the landmarks, sizes and kinds of scene of a dataset of photographs. No "
    "number on it is a number on the photographs."
)
USES = (
    "Comparing landmark detectors under one protocol, controlled studies of what makes images "
    "hard, and training where photographs can't be had. Not for judging people's bodies, nor for "
    "conclusions about any population."
)
LIMITS = (
    "It is a drawing: limbs are smooth tubes, cloth does not drape by physics, shoulder seams "
    "stand up over raised arms, slings come apart when seen from the side, seated legs fold flat, "
    "things in rooms are plain shapes, fine detail is less than in photographs. Labels have no "
    "noise, which real ones have. A model's rank here need not be its rank on photographs: report "
    "both where you can."
)
BIASES = (
    "How often a garment type, a posture, a viewpoint or something in the way occurs was chosen by "
    "the authors, not counted in any population. Cuts and calm postures follow summary parameters "
    "of real layouts in FashionAI and FLD; framing, boxes and poses were set with sixteen "
    "photographs of DeepFashion2 in view, so that models may do better on those than on others; "
    "bodies, skin, hair and fabrics are drawn from ranges that were set by hand."
)
PERSONAL = (
    "There is none: no person was photographed, described or asked; bodies and faces are geometric "
    "shapes."
)
SOCIAL_IMPACT = (
    "Landmarks of clothes are used for search, try-on and measuring of garments. A model that was "
    "trained on these images may work better for the bodies, cuts and postures that they show; it "
    "should be examined on the people it is meant for before it decides anything about them."
)
COLLECTION = (
    "Sample i of a split is a function of the edition, the split and i. Bodies take a posture, "
    "garments are cut at random and put on as outlines that pass through their landmarks, a "
    "pinhole camera looks at one to four people, and layers are painted back to front with cloth, "
    "light and what stands in the way; a camera model adds exposure, blur, noise and JPEG."
)
ANNOTATION = (
    "By the code that draws: coordinates are those of the outline; a landmark is visible where at "
    "least 2 of the 25 pixels round it show a piece of its garment that may show it. Boxes are the "
    "extent of visible pixels and landmarks, their sides moved out by 2.6 % on average."
)

COLUMNS = {
    "image": "the picture, a JPEG file; its bytes and a name",
    "id": "the sample's name in this project",
    "garment_type": "the type of the garment that is labelled",
    "xy": "one (x, y) a landmark, in pixels, x right, y down, pixel (i, j) covering [i, i+1) x "
    "[j, j+1); NaN where absent",
    "visibility": "one a landmark: 0 absent (not of this type, or outside of the image), 1 "
    "occluded, 2 visible",
    "box": "x1, y1, x2, y2 of the garment, in pixels",
    "size": "width and height of the image",
    "rivals": "the landmarks of up to four other garments in the image, as xy; NaN where there are "
    "none",
    "style": "consumer or shop",
    "viewpoint": "from where the wearer is seen; none without one",
    "presentation": "worn, flat or hung",
    "pose": "what the wearer does",
    "overlap": "how many other garments' boxes meet this one's",
}


@dataclass(frozen=True)
class Built:
    """A built folder, as its documents describe it.

    Attributes:
        features: column -> its type, as the `datasets` library writes it into Parquet.
        arrow_bytes: split -> bytes of its columns when they are read.
    """

    folder: Path
    manifest: Manifest
    spec: DatasetSpec
    features: Mapping[str, dict[str, Any]]
    arrow_bytes: Mapping[str, int]

    @property
    def version(self) -> str:
        """Of the edition, in three numbers, as Croissant wants it."""
        numbers = self.manifest.revision.rpartition("-")[2].split(".")
        return ".".join([*numbers, "0", "0"][:3])

    @property
    def description(self) -> str:
        """What it is, in a paragraph."""
        own = NOT_THE_ORIGINAL if self.spec.name == "ffld" else STAND_IN
        limit = self.manifest.limit
        part = f" This repository holds a subset, {limit:,} samples of each split." if limit else ""
        return f"{SUMMARY} {own}{part}"


def describe(folder: Path, manifest: Manifest, spec: DatasetSpec) -> Built:
    """Read what the documents need from the shards' footers.

    Raises:
        DataError: a shard isn't Parquet, is of something else, or has other rows than the manifest
            says.
    """
    features: dict[str, dict[str, Any]] = {}
    sizes = dict.fromkeys(manifest.splits, 0)
    for split, entries in manifest.splits.items():
        for entry in entries:
            path = folder / entry.file
            try:
                footer = pq.read_metadata(path)
                about = footer.metadata or {}
                stated = json.loads(about[shards.METADATA_KEY])
                features = json.loads(about[b"huggingface"])["info"]["features"]
            except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
                raise DataError(f"{path} is not a shard of a build; build again") from error
            same = (stated.get("revision"), stated.get("file")) == (manifest.revision, entry.file)
            if not same or footer.num_rows != entry.count:
                raise DataError(f"{path} isn't what {shards.MANIFEST} says of it; build again")
            groups = (footer.row_group(k) for k in range(footer.num_row_groups))
            sizes[split] += sum(group.total_byte_size for group in groups)
    return Built(folder, manifest, spec, features, sizes)
