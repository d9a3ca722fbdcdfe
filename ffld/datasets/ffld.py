"""FFLD, procedural edition: 13 garment types, at most 32 landmarks, rendered on demand.

FFLD was announced with LGR (Yu et al., CVPR 2019) and never published. This edition keeps what the
paper states of it: 200,000 images, 120,000 / 40,000 / 40,000, more than 70 % consumer images.
"""

from ffld.catalog import DatasetSpec, LoadOptions
from ffld.datasets._dials import turned
from ffld.render.edition import Edition, open_edition
from ffld.render.mix import Mix
from ffld.sample import Split
from ffld.schema import FFLD

EDITION = Edition(
    name="ffld",
    version="1.3",
    splits={"train": 120_000, "val": 40_000, "test": 40_000},
    schema=FFLD,
    mix=Mix(
        types={
            "short_sleeve_top": 2.0,
            "long_sleeve_top": 1.6,
            "short_sleeve_outwear": 0.3,
            "long_sleeve_outwear": 1.3,
            "vest": 0.9,
            "sling": 0.6,
            "shorts": 1.3,
            "trousers": 1.8,
            "skirt": 1.3,
            "short_sleeve_dress": 1.1,
            "long_sleeve_dress": 0.8,
            "vest_dress": 1.0,
            "sling_dress": 0.7,
        },
        consumer=0.75,
        viewpoints={
            "consumer": {"front": 7.0, "side": 1.5, "back": 1.5},
            "shop": {"front": 9.4, "side": 0.3, "back": 0.3},
        },
        calm={"consumer": 0.40, "shop": 0.94},
        flat={"consumer": 0.06, "shop": 0.18},
        framing={
            "consumer": {
                "garment": 2.5,
                "cut": 0.5,
                "person": 2.5,
                "bust": 2.5,
                "torso": 2.5,
                "legs": 1.5,
                "close": 1.2,
            },
            "shop": {"garment": 6, "person": 3, "torso": 1, "legs": 0.5},
        },
        zoom={
            "consumer": {(0.30, 0.60): 2.0, (0.60, 0.95): 6.0, (0.95, 1.50): 2.0},
            "shop": {(0.30, 0.60): 1.0, (0.60, 0.95): 9.0},
        },
        loose_hair=0.71,
        back_prints=0.15,
        company=0.35,
        clutter=0.15,
        long_side=(320, 384, 448),
    ),
)

SPEC = DatasetSpec(
    name="ffld",
    title="FFLD, procedural edition",
    schema=FFLD,
    splits=EDITION.splits,
    revision=EDITION.revision,
    procedural=True,
    licence="CC0-1.0",
    citation="Yu et al., Layout-Graph Reasoning for Fashion Landmark Detection, CVPR 2019 "
    "(announced there; this edition is rendered by this project)",
    obtain="It is rendered on demand and needs nothing.",
)


def read(split: str, options: LoadOptions) -> Split:
    """Open a split; `options.key` is the secret of a sealed test set."""
    return open_edition(turned(EDITION, options.dials), split, options.key)
