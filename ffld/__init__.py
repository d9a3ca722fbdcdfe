"""FFLD, the data: what a fashion landmark is and where samples come from."""

from importlib import metadata

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
    "__version__",
    "available",
    "load",
    "spec",
]

try:
    __version__ = metadata.version("ffld-benchmark")
except metadata.PackageNotFoundError:  # a checkout that is not installed
    __version__ = "unknown"
