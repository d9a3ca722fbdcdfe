"""Stand-in for FLD (Liu et al., ECCV 2016): 8 landmarks, large variation of pose and zoom.

Its numbers are never numbers on FLD. It exists so that every experiment on FLD can be run by
those who have no copy of it.
"""

from ffld.catalog import DatasetSpec, LoadOptions
from ffld.datasets._dials import turned
from ffld.datasets.ffld import EDITION as FFLD_EDITION
from ffld.render.edition import Edition, open_edition
from ffld.render.garments.fld8 import fld8_landmarks, fld8_type
from ffld.render.mix import Mix
from ffld.sample import Split
from ffld.schema import FLD8

EDITION = Edition(
    name="fld-procedural",
    version="1.1",
    splits={"train": 83_033, "val": 19_992, "test": 19_991},
    schema=FLD8,
    mix=Mix(
        types={
            **FFLD_EDITION.mix.types,
            "short_sleeve_outwear": 0.2,
            "long_sleeve_outwear": 0.6,
            "short_sleeve_top": 2.6,
            "vest": 0.9,
            "sling": 0.25,
        },
        consumer=0.60,
        viewpoints={
            "consumer": {"front": 6.0, "side": 3.2, "back": 0.8},
            "shop": {"front": 6.6, "side": 2.7, "back": 0.8},
        },
        calm={"consumer": 0.65, "shop": 0.88},
        flat={"consumer": 0.01, "shop": 0.06},
        framing={
            "consumer": {
                "garment": 3,
                "cut": 3.4,
                "person": 2.5,
                "bust": 2,
                "torso": 0.1,
                "legs": 0.3,
            },
            "shop": {"garment": 4, "cut": 2.2, "person": 2.5, "bust": 0.9, "torso": 0.1},
        },
        zoom={
            "consumer": {(0.30, 0.60): 2.0, (0.60, 0.95): 5.0, (0.95, 1.40): 3.0},
            "shop": {(0.30, 0.60): 1.0, (0.60, 0.97): 6.0, (0.97, 1.15): 1.5},
        },
        habits={"posed": 8.5, "mirror": 1.2, "selfie": 0.3},
        long_hair=0.72,
        loose_hair=0.34,
        even_hair=0.6,
        wide_hair=0.85,
        hidden_hands=0.25,
        calibration="fld-1.1",
        slim=0.83,
        occlusion=1.8,
        company=0.45,
        clutter=0.22,
        long_side=(250, 300, 384, 512),
    ),
    landmarks=fld8_landmarks,
    garment_type=fld8_type,
)

SPEC = DatasetSpec(
    name="fld-procedural",
    title="FLD stand-in, procedural",
    schema=FLD8,
    splits=EDITION.splits,
    revision=EDITION.revision,
    procedural=True,
    licence="CC0-1.0",
    citation="rendered by this project; sizes and schema of Liu et al., Fashion Landmark Detection "
    "in the Wild, ECCV 2016",
    obtain="It is rendered on demand and needs nothing.",
)


def read(split: str, options: LoadOptions) -> Split:
    """Open a split; `options.key` is the secret of a sealed test set."""
    return open_edition(turned(EDITION, options.dials), split, options.key)
