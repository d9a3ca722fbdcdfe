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
    targets = ffld.load("ffld", "train", limit=2000, dials=dials).targets
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


def short_sleeves(version: str) -> dict[str, np.ndarray]:
    """(N, 2) armpits, half-way points and inner cuffs of short sleeves, and the other armpit."""
    dials = {**ALONE, "types": {"short_sleeve_top": 1}, "calibration": version}
    targets = ffld.load("ffld", "train", limit=500, dials=dials).targets
    names = ("left_armpit", "left_sleeve_in", "left_cuff_in", "right_armpit")
    slots = [targets.schema.index(name) for name in names]
    whole = (targets.visibility[:, slots] > 0).all(axis=1)
    return dict(zip(names, targets.xy[whole][:, slots].swapaxes(0, 1), strict=True))


def test_half_sleeves_lie_on_the_edge_of_a_short_one():
    """Its inner edge hangs straight from the armpit; a point beside it would make a notch."""
    beside = {}
    for version in ("1.2", "1.3"):
        armpit, half, cuff, _ = short_sleeves(version).values()
        edge = cuff - armpit
        across = np.abs(edge[:, 0] * (half - armpit)[:, 1] - edge[:, 1] * (half - armpit)[:, 0])
        beside[version] = np.quantile(across / (edge**2).sum(1), 0.8)
    assert beside["1.2"] > 0.1
    assert beside["1.3"] < 0.01


def test_short_sleeves_end_beside_the_body():
    """Cloth has no room between the body and an arm that hangs: no cuff ends before the chest."""
    within = {}
    for version in ("1.2", "1.3"):
        armpit, _, cuff, other = short_sleeves(version).values()
        inward = other - armpit
        within[version] = np.mean(((cuff - armpit) * inward).sum(1) > 0.15 * (inward**2).sum(1))
    assert within["1.2"] > 0.15
    assert within["1.3"] < 0.05
