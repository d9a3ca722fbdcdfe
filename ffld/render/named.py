"""Settings of the dials that have a name, beside the editions themselves.

They are studies like any other: sample i shows the same subject as in the edition, and what is made
of it has a revision of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ffld.sample import DataError

#: For training models that are to work on photographs: mostly fronts, tops and trousers, people who
#: move, cross their legs and hold the camera themselves, and bold prints that tell front from back.
PHOTOGRAPHS = {
    "types": {
        "short_sleeve_top": 2.2, "long_sleeve_top": 1.8, "short_sleeve_outwear": 0.3,
        "long_sleeve_outwear": 1.3, "vest": 0.9, "sling": 0.5, "shorts": 1.4, "trousers": 2.8,
        "skirt": 1.2, "short_sleeve_dress": 1.1, "long_sleeve_dress": 0.8, "vest_dress": 1.0,
        "sling_dress": 0.6,
    },
    "consumer": 0.8,
    "calm": {"consumer": 0.3, "shop": 0.8},
    "viewpoints": {
        "consumer": {"front": 7.6, "side": 1.7, "back": 0.7},
        "shop": {"front": 9.4, "side": 0.3, "back": 0.3},
    },
    "habits": {"posed": 5.2, "mirror": 2.4, "selfie": 0.9, "close selfie": 1.5},
    "stances": {
        "standing": 3, "apart": 2.5, "walking": 3, "crossed": 1.2, "leg up": 2.8, "kneeling": 0.3,
        "crossing": 2.0, "lunge": 0.7,
    },
    "back_prints": 0.1,
    "bold": 0.3,
}  # fmt: skip

NAMED: Mapping[str, Mapping[str, Any]] = {"photographs": PHOTOGRAPHS}


def named(name: str) -> dict[str, Any]:
    """The dials of that name, as `ffld.load` takes them.

    Raises:
        DataError: there is none of that name.
    """
    if name not in NAMED:
        raise DataError(
            f"no dials are called {name!r}; there are {', '.join(NAMED)}, and single ones are "
            "turned by their own names, such as company=0"
        )
    return dict(NAMED[name])
