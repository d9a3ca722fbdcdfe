"""DeepFashion: the Category and Attribute Prediction Benchmark, read from the user's copy.

Attribute "category": one of the 50 clothing categories where the archive has their lists, or "".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ffld.catalog import DatasetSpec, LoadOptions
from ffld.datasets._landmark_archive import find_archive, find_list
from ffld.datasets._landmark_lists import read_lists, sample_id
from ffld.datasets._list_file import open_list
from ffld.datasets._photographs import refuse
from ffld.sample import Split
from ffld.schema import FLD8

SPEC = DatasetSpec(
    name="deepfashion",
    title="DeepFashion, the Category and Attribute Prediction Benchmark",
    schema=FLD8,
    splits={"train": 209_222, "val": 40_000, "test": 40_000},
    revision="1.1",
    procedural=False,
    licence="non-commercial research and education only, by the terms of its authors",
    citation=(
        "Z. Liu, P. Luo, S. Qiu, X. Wang, X. Tang: DeepFashion: Powering Robust Clothes "
        "Recognition and Retrieval with Rich Annotations, CVPR 2016"
    ),
    obtain=(
        "Ask its authors for 'Category and Attribute Prediction Benchmark' "
        "(mmlab.ie.cuhk.edu.hk/projects/DeepFashion.html) and unpack it so that root holds "
        "Anno/list_bbox.txt, Anno/list_landmarks.txt (or both in Anno_coarse/), "
        "Eval/list_eval_partition.txt and Img/img/<product>/*.jpg. Its stand-in "
        "deepfashion-procedural needs nothing."
    ),
)


def read(split: str, options: LoadOptions) -> Split:
    """Open a split, in the order of the official partition."""
    folder = find_archive(SPEC, options.root)
    photographs = read_lists(SPEC, split, folder)
    return replace(photographs, attributes=_categories(folder, photographs.ids)).as_split()


def _categories(folder: Path, ids: Sequence[str]) -> Mapping[str, np.ndarray]:
    """{"category": (N,)}, or nothing where the archive has no list of categories."""
    names, labels = (
        find_list(folder, name) for name in ("list_category_cloth.txt", "list_category_img.txt")
    )
    if names is None or labels is None:
        return {}
    # A label is the category's row, counted from 1; the last field of a row is the clothes type.
    words = {
        str(label): " ".join(fields[:-1])
        for label, (_, fields) in enumerate(open_list(names).rows(), 1)
    }
    wanted = dict.fromkeys(ids, "")
    problems = []
    for number, fields in open_list(labels).rows():
        name, label = sample_id(fields[0]), fields[-1].lstrip("0")
        if name not in wanted:
            continue
        if len(fields) != 2 or label not in words:
            found = " ".join(fields[1:])[:80]
            problems.append(
                f"{labels}:{number}: found {found!r}, expected a label of 1 to {len(words)}"
            )
            continue
        wanted[name] = words[label]
    refuse(problems, "correct or remove these rows, or unpack the official lists again")
    return {"category": np.array([wanted[name] for name in ids], str)}
