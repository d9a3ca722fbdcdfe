"""Whether the annotations in a user's copy of photographs are still those that a run used.

A revision says what a rendered dataset's labels are. A copy is completed or corrected in its place,
so a run notes a digest of what it was scored on, and trained on.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark import folder
from benchmark.crops import Source
from benchmark.plan import RunError
from ffld.sample import DataError, Targets

SCORED, TRAINED, VALIDATED = "scored", "trained on", "validated on"  # what annotations served


def fingerprint(targets: Targets) -> str:
    """SHA-256 of all that training and scores depend on, in the order of the samples."""
    digest = hashlib.sha256()
    for texts in (targets.ids, targets.garment_type):
        digest.update("\n".join(texts.tolist()).encode() + b"\0")
    for numbers in (targets.box, targets.xy, targets.visibility, targets.rivals):
        known = np.nan_to_num(numbers, nan=-1e9)  # a NaN has many bytes
        digest.update(np.ascontiguousarray(known, "<f8").tobytes())
    return digest.hexdigest()


def check_annotations(path: Path, sources: Mapping[str, Source]) -> None:
    """Refuse to go on with a run, or to show it, whose copy has other annotations by now.

    Early runs noted none. Where the copy is gone, a finished run can still be shown: a warning.

    Args:
        path: of the run's folder.
        sources: what was scored or trained on, by the names that the run notes it by.

    Raises:
        RunError: names what differs.
    """
    noted = folder.saved(path).get("annotations", {})
    try:
        today = {part: fingerprint(sources[part].open().targets) for part in noted}
    except DataError as error:
        text = f"whether the annotations are as they were in this run cannot be told: {error}"
        warnings.warn(text, stacklevel=2)
        return
    changed = [part for part in noted if noted[part] != today[part]]
    if changed:
        raise RunError(
            f"{str(path)!r} holds a run on other annotations than {sources[changed[0]].root!r} has "
            f"today (of what it {' and '.join(changed)}): pass another --out, or --afresh to "
            "replace it"
        )
