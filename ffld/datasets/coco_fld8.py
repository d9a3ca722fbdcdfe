"""Photographs with the 8 landmarks of FLD and DeepFashion, imported from COCO keypoint files."""

from ffld.catalog import LoadOptions
from ffld.datasets._imported import imported_spec, read_imported
from ffld.sample import Split
from ffld.schema import FLD8

SPEC = imported_spec("coco-fld8", FLD8)


def read(split: str, options: LoadOptions) -> Split:
    """Open a split of what `python -m ffld import` wrote."""
    return read_imported(SPEC, split, options)
