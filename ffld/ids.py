"""What an id says: IMAGE, or IMAGE#GARMENT where an image shows several; # means nothing else.

Samples of one image are told by it: they are drawn together when intervals are computed, share an
image file when they are exported, and are not to be both trained on and scored.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

_AMBIGUOUS = re.compile("%(?=23|25)")  # what would be read as an escape


def image_of(sample: str) -> str:
    """The part of a sample's id that names its image."""
    return sample.partition("#")[0]


def images_of(files: Iterable[str]) -> dict[str, str]:
    """File name -> what ids call its image, a different one for each file.

    That is its stem; the whole name where that is another file's stem or name. A # is written %23,
    and %23 is written %2523.
    """
    stems = {file: posixpath.splitext(file)[0] for file in files}
    shared = Counter(stems.values())
    return {
        file: _escaped(stem if shared[stem] == 1 and (stem == file or stem not in stems) else file)
        for file, stem in stems.items()
    }


def is_inside(name: object) -> bool:
    """Whether a stated name is a relative path that stays in its folder."""
    if not isinstance(name, str) or not name or "\0" in name or "\\" in name:
        return False
    path = PurePosixPath(name)
    if not path.parts:  # the folder itself
        return False
    return not path.is_absolute() and ".." not in path.parts and ":" not in path.parts[0]


def is_safe(sample: str) -> bool:
    """Whether files that are named by a sample's id stay in their folder, none under two names."""
    image = image_of(sample)
    return is_inside(image) and PurePosixPath(image).as_posix() == image


def _escaped(name: str) -> str:
    return _AMBIGUOUS.sub("%25", name).replace("#", "%23")
