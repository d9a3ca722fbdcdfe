"""What `python -m ffld import` wrote: the layout of built datasets, with the user's photographs."""

from __future__ import annotations

from ffld.built import open_built
from ffld.catalog import SPLITS, DatasetSpec, LoadOptions
from ffld.sample import Split
from ffld.schema import LandmarkSchema

REVISION = "imported"  # of the layout; each split's own is a hash of its labels


def imported_spec(name: str, schema: LandmarkSchema) -> DatasetSpec:
    """The description of imported photographs with the landmarks of a schema."""
    return DatasetSpec(
        name=name,
        title=f"your own photographs with the {len(schema)} landmarks, imported",
        schema=schema,
        splits=dict.fromkeys(SPLITS, 0),
        revision=REVISION,
        procedural=False,
        licence="that of the photographs",
        citation="that of the photographs",
        obtain=(
            "Import COCO keypoints with python -m ffld import ANNOTATIONS.json --images DIR "
            "--split test --out OUT, then pass OUT as root."
        ),
    )


def read_imported(spec: DatasetSpec, split: str, options: LoadOptions) -> Split:
    """Open an imported split."""
    return open_built(
        options.root,
        split,
        dataset=spec.name,
        revision=spec.revision,
        schema=spec.schema,
        limit=None,
        whole=0,
        writer=f"python -m ffld import ANNOTATIONS.json --images DIR --out {options.root} --split",
    )
