"""Validation of datasets on disk: every problem, with its place and what to do about it.

What is read is not trusted: no link is followed out of the folder, nothing that could run is
opened, and tables and images that would fill the memory are refused from their headers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from ffld import catalog, shards
from ffld.sample import DataError
from ffld.validate.files import leaves
from ffld.validate.pictures import LEVELS
from ffld.validate.report import RULES, Problem, Report

__all__ = ["LEVELS", "RULES", "Problem", "Report", "validate"]

_OFFICIAL = ("fld", "deepfashion", "deepfashion2", "fashionai")
_LARGEST = 64 << 20  # bytes of a manifest


def validate(
    folder: str | Path,
    dataset: str | None = None,
    *,
    images: str = "header",
    tell: Callable[[Problem], None] = lambda problem: None,
) -> Report:
    """Look for problems in a dataset on disk.

    Args:
        folder: what `python -m ffld build` or `import` wrote; or, with the name of a dataset of
            photographs, the user's copy of its archive.
        dataset: "fld", "deepfashion", "deepfashion2" or "fashionai"; None for what was built or
            imported, or its name, which must be that of the manifest.
        images: how closely images are looked at, each level with what those before it do: "none";
            "header", their sizes; "decode", every pixel; "duplicates", equal or nearly equal ones
            within and across splits.
        tell: called with every problem as soon as it is found; none is kept.

    Raises:
        DataError: no such folder, dataset or level, or a folder of another dataset.
    """
    from ffld.validate import built, items, lists, points

    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give the one that is to be validated")
    if images not in LEVELS:
        raise DataError(f"images {images!r} is no level; there are {', '.join(LEVELS)}")
    report = Report(tell)
    spec = None if dataset is None else catalog.spec(dataset)
    if dataset in ("fld", "deepfashion"):
        lists.validate_lists(spec, folder, report, images=images)
    elif dataset == "deepfashion2":
        items.validate_items(folder, report, images=images)
    elif dataset == "fashionai":
        points.validate_points(folder, report, images=images)
    else:
        _refuse_photographs(spec, folder)
        if dataset is not None and (found := _stated(folder)) not in (dataset, None):
            raise DataError(
                f"{folder} is of dataset {found!r}, not {dataset!r}; name that one, or give the "
                "folder alone"
            )
        built.validate_built(folder, report, images=images)
    return report


def _refuse_photographs(spec: catalog.DatasetSpec | None, folder: Path) -> None:
    """Refuse a copy of photographs that nothing here can validate."""
    from ffld.datasets._imported import REVISION

    if spec is None or spec.procedural or spec.revision == REVISION:
        return
    if not os.path.lexists(folder / shards.MANIFEST):
        raise DataError(
            f"dataset {spec.name!r} has no validation, and {folder} holds no {shards.MANIFEST}; "
            f"what can be validated is {', '.join(_OFFICIAL)}, and what build or import wrote"
        )


def _stated(folder: Path) -> str | None:
    """The dataset that a manifest names; None where it can't be read, which is reported later."""
    path = folder / shards.MANIFEST
    try:
        if leaves(path, folder) or path.stat().st_size > _LARGEST:
            return None
        found = json.loads(path.read_text(encoding="utf-8"))["dataset"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else None
