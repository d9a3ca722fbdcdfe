"""Photographs with FFLD's 32 landmarks, imported from COCO keypoint files."""

from ffld.catalog import LoadOptions
from ffld.datasets._imported import imported_spec, read_imported
from ffld.sample import Split
from ffld.schema import FFLD

SPEC = imported_spec("coco", FFLD)


def read(split: str, options: LoadOptions) -> Split:
    """Open a split of what `python -m ffld import` wrote."""
    return read_imported(SPEC, split, options)
