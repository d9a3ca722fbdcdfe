"""Stand-in for DeepFashion Category & Attribute (Liu et al., CVPR 2016): 8 landmarks, mostly shops.

Its numbers are never numbers on DeepFashion. It exists so that every experiment on DeepFashion can
be run by those who have no copy of it.
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
    name="deepfashion-procedural",
    version="1.1",
    splits={"train": 209_222, "val": 40_000, "test": 40_000},
    schema=FLD8,
    mix=Mix(
        types=FFLD_EDITION.mix.types,
        consumer=0.25,
        viewpoints={
            "consumer": {"front": 8.0, "side": 1.3, "back": 0.7},
            "shop": {"front": 9.0, "side": 0.5, "back": 0.5},
        },
        calm={"consumer": 0.40, "shop": 0.85},
        flat={"consumer": 0.02, "shop": 0.10},
        framing={
            "consumer": {"garment": 4, "cut": 0.6, "person": 2, "bust": 1.5, "torso": 1, "legs": 1},
            "shop": {"garment": 5, "cut": 0.2, "person": 2, "torso": 0.5},
        },
        zoom={
            "consumer": {(0.40, 0.65): 2.0, (0.65, 0.95): 7.0, (0.95, 1.25): 1.0},
            "shop": {(0.40, 0.65): 2.0, (0.65, 0.97): 8.0},
        },
        loose_hair=0.6,
        slim=0.78,
        company=0.15,
        clutter=0.05,
        long_side=(300,),
    ),
    landmarks=fld8_landmarks,
    garment_type=fld8_type,
)

SPEC = DatasetSpec(
    name="deepfashion-procedural",
    title="DeepFashion stand-in, procedural",
    schema=FLD8,
    splits=EDITION.splits,
    revision=EDITION.revision,
    procedural=True,
    licence="CC0-1.0",
    citation="rendered by this project; sizes and schema of Liu et al., DeepFashion, CVPR 2016",
    obtain="It is rendered on demand and needs nothing.",
)


def read(split: str, options: LoadOptions) -> Split:
    """Open a split; `options.key` is the secret of a sealed test set."""
    return open_edition(turned(EDITION, options.dials), split, options.key)
