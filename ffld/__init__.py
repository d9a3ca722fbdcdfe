"""FFLD, the data: what a fashion landmark is and where samples come from."""

from ffld.catalog import available, load, spec
from ffld.sample import DataError, Sample, Split, Targets
from ffld.schema import LandmarkSchema, SchemaError, Visibility

__all__ = [
    "DataError",
    "LandmarkSchema",
    "Sample",
    "SchemaError",
    "Split",
    "Targets",
    "Visibility",
    "available",
    "load",
    "spec",
]
