"""What each version of the summary parameters changes about what can be seen of garments."""

import numpy as np
import pytest

import ffld
from ffld.schema import Visibility

ALONE = {
    "company": 0, "clutter": 0, "consumer": 0, "viewpoints": {"consumer": {"front": 1},
                                                               "shop": {"front": 1}},
}  # fmt: skip
FLAT = {"flat": {"consumer": 1, "shop": 1}}


def hidden(version: str, garment_type: str, landmark: str, **dials) -> float:
    """Share of both sides' landmarks in the image that are occluded."""
    dials = {**ALONE, "types": {garment_type: 1}, "calibration": version, **dials}
    targets = ffld.load("ffld", "train", limit=500, dials=dials).targets
    slots = [targets.schema.index(f"{side}_{landmark}") for side in ("left", "right")]
    seen = targets.visibility[:, slots]
    return float(np.mean(seen[seen > 0] == Visibility.OCCLUDED))


@pytest.mark.parametrize(
    ("garment_type", "landmark", "least", "dials"),
    [
        ("long_sleeve_outwear", "shoulder", 0.06, {}),  # hair lies over them
        ("long_sleeve_outwear", "collar", -0.03, {}),  # and no longer over these
        ("long_sleeve_outwear", "armpit", 0.01, {}),
        ("skirt", "waistband", 0.02, {}),  # more hems hang out
        ("short_sleeve_top", "cuff_in", -0.05, {}),  # arms hang further forward
        ("shorts", "bottom_out", -0.01, FLAT),  # no tips too thin to be seen
    ],
)
def test_rates_move_towards_those_of_real_layouts(garment_type, landmark, least, dials):
    before, after = (hidden(version, garment_type, landmark, **dials) for version in ("1.1", "1.2"))
    assert after - before > least if least > 0 else after - before < least


def test_hair_lies_over_the_shoulders_of_outwear_only():
    before, after = (hidden(version, "vest", "collar") for version in ("1.1", "1.2"))
    assert abs(after - before) < 0.02
