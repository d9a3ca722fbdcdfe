"""FLD: the Fashion Landmark Detection Benchmark, read from the user's copy.

Attribute "variation": "normal pose", "medium pose", "large pose", "medium zoom-in",
"large zoom-in", or "" where the release doesn't say.
"""

from __future__ import annotations

from ffld.catalog import DatasetSpec, LoadOptions
from ffld.datasets._landmark_archive import find_archive
from ffld.datasets._landmark_lists import read_lists
from ffld.sample import Split
from ffld.schema import FLD8

SPEC = DatasetSpec(
    name="fld",
    title="FLD, the Fashion Landmark Detection Benchmark of DeepFashion",
    schema=FLD8,
    splits={"train": 83_033, "val": 19_992, "test": 19_991},
    revision="1.1",
    procedural=False,
    licence="non-commercial research and education only, by the terms of its authors",
    citation=(
        "Z. Liu, S. Yan, P. Luo, X. Wang, X. Tang: Fashion Landmark Detection in the Wild, "
        "ECCV 2016"
    ),
    obtain=(
        "Ask its authors for 'Fashion Landmark Detection Benchmark' "
        "(mmlab.ie.cuhk.edu.hk/projects/DeepFashion.html) and unpack it so that root holds "
        "Anno/list_bbox.txt, Anno/list_landmarks.txt, Eval/list_eval_partition.txt and "
        "Img/img/*.jpg. Its stand-in fld-procedural needs nothing."
    ),
)


def read(split: str, options: LoadOptions) -> Split:
    """Open a split, in the order of the official partition."""
    folder = find_archive(SPEC, options.root)
    return read_lists(SPEC, split, folder).as_split()
