"""Materials: what cloth, skin, hair and things look like before light falls on them.

A material is a tile that repeats; it is laid along the grain of each layer, so that a pattern
follows the garment. Colours are RGB, 0 to 255.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ffld.render.geometry.stream import Stream
from ffld.render.picture.decal import Decal, draw_decal
from ffld.render.picture.palette import Colour, blend, contrast, draw_colour, luma, near, scaled
from ffld.render.picture.weave import clip, denim, flat, periodic, quarter, weave

_TRIMS = {
    "hem_band": 0.12, "cuff_band": 0.2, "stripes": 0.05, "pouch": 0.6, "cords": 0.4,
    "chest_pocket": 0.14, "hip_pocket": 0.6, "belt": 0.14, "front_pocket": 0.65,
    "back_pocket": 0.7, "fly": 0.7, "pressed": 0.12, "outseam": 0.4, "rips": 0.0, "label": 0.6,
    "pleats": 0.22, "tie": 0.06, "bow": 0.06,
    "wrap": 0.07, "turn_up": 0.12, "button_front": 0.08, "tiers": 0.14, "scallops": 0.07,
}  # fmt: skip
_COVERS = {"": 10, "sunglasses": 0.9, "glasses": 0.8, "mask": 0.5, "mosaic": 0.5, "sticker": 0.3}
_JEANS = ("trousers", "shorts", "skirt", "short_sleeve_outwear", "long_sleeve_outwear")


@dataclass(frozen=True)
class Material:
    """A repeating tile and how it takes light.

    Attributes:
        tile: square, uint8; it repeats.
        size: length of the tile in body heights.
        relief: strength of folds; 0 for what doesn't fold.
        base: its colour on the whole.
        ink: colour of seams and edges.
        even: whether the tile has no pattern, so that its direction doesn't show.
        rim: colour of collar, cuffs and hem bands.
        sheer: how much of what is beneath shows through.
        flow: share of soft long folds; the rest of the folds are short creases.
        warm: how much redder shadows are, as on skin.
        worn: how much lighter the cloth is where it is rubbed, as on jeans.
        swell: how much the body's bulges show through.
        decal: a picture or lettering on the chest; `backed` if it is on the back, too.
        block: colour of the lower part of the chest and where it begins, armpit 0 to hem 1.
        sleeve: another material for the sleeves.
        cap: colour of the sleeves' upper part, up to which share of them it reaches, and how
            slanting it ends (its slope against the sleeve's width).
        trims: optional marks that it shows, such as "belt" or "chest_pocket".
        features: what makes a face, five numbers from 0 to 1.
        cover: "", "sunglasses", "glasses", "mask", "mosaic" or "sticker".
        marked: whether seams, edges, buttons and trims are drawn on it.
    """

    tile: np.ndarray
    size: float
    relief: float
    base: Colour
    ink: Colour
    even: bool = False
    rim: Colour | None = None
    sheer: float = 0.0
    flow: float = 0.5
    warm: float = 0.0
    worn: float = 0.0
    swell: float = 0.0
    decal: Decal | None = None
    backed: bool = True
    block: tuple[Colour, float] | None = None
    sleeve: Material | None = None
    cap: tuple[Colour, float, float] | None = None
    trims: frozenset[str] = frozenset()
    features: tuple[float, ...] = ()
    cover: str = ""
    marked: bool = True

    def plainly(self) -> Material:
        """Its colour alone, which folds and takes light as before."""
        tile = np.empty_like(self.tile)
        tile[:] = np.rint(self.base)
        return replace(
            self, tile=tile, even=True, rim=None, worn=0.0, decal=None, block=None, sleeve=None,
            cap=None, marked=False,
        )  # fmt: skip


def draw_cloth(stream: Stream, garment: str) -> Material:
    """A random fabric for a type of garment; some types are often denim."""
    s = stream
    trims = frozenset(name for name, chance in _TRIMS.items() if s.chance(chance))
    if garment in _JEANS and s.chance(0.45 if garment in _JEANS[:2] else 0.25):
        return replace(_denim(s), trims=_jeans_trims(trims, s), swell=s.uniform(0.3, 0.7))
    base = draw_colour(s)
    weights = {"plain": 10, "stripes": 2.2, "checks": 1.6, "dots": 0.6, "floral": 1.6,
               "knit": 1.2, "melange": 1.2, "patches": 0.4, "lace": 0.5}  # fmt: skip
    if garment in ("trousers", "shorts"):
        weights = {"plain": 10, "melange": 1, "stripes": 0.6, "checks": 0.8, "floral": 0.4,
                   "patches": 0.4}  # fmt: skip
    if garment == "long_sleeve_outwear":
        weights |= {"quilt": 1.2, "fur": 1.0, "dots": 0.1, "floral": 0.5}
    kind = s.weighted(weights)
    tile, size = weave(kind, base, s)
    crisp = s.unit()
    cloth = Material(
        tile, size, s.uniform(0.5, 1.3) * (0.6 if kind == "knit" else 1.0), base, _ink(base),
        even=kind in ("plain", "melange"), flow=crisp, sheer=_sheer(garment, kind, s), trims=trims,
        swell=s.uniform(0.2, 0.7) if s.chance(0.65) else 0.0,
    )  # fmt: skip
    if s.chance(0.25):
        cloth = replace(cloth, rim=contrast(base, s) if s.chance(0.6) else draw_colour(s))
    if is_printed(garment):
        cloth = _decorated(cloth, kind, "dress" in garment, s)
    return cloth


def is_printed(garment: str) -> bool:
    """Whether garments of that type may have prints and sleeves of another cloth."""
    return "top" in garment or garment in ("vest", "short_sleeve_dress", "long_sleeve_dress")


def draw_skin(stream: Stream) -> Material:
    """A skin tone with little texture."""
    base = draw_colour(stream, "skin")
    ink = (base[0] * 0.82, base[1] * 0.70, base[2] * 0.64)
    cover = stream.weighted(_COVERS)
    features = tuple(stream.unit() for _ in range(5))
    tile = flat(base, 1.0, stream)
    trims = frozenset(name for name in ("watch", "necklace") if stream.chance(0.18))
    return Material(tile, 0.2, 0.0, base, ink, even=True, warm=1.0, trims=trims,
                    features=features, cover=cover)  # fmt: skip


def draw_tights(stream: Stream) -> Material:
    """Stockings, mostly dark."""
    base = near(stream.pick(((26, 25, 28), (44, 42, 46), (70, 62, 62), (206, 178, 154))), stream, 5)
    return Material(flat(base, 1.5, stream), 0.1, 0.0, base, scaled(base, 0.8), even=True)


def draw_mannequin(stream: Stream) -> Material:
    """The plastic or linen of a shop's dummy."""
    colours = ((244, 242, 238), (226, 208, 188), (206, 206, 208), (36, 36, 38), (214, 190, 160))
    base = near(stream.pick(colours), stream, 6)
    return Material(flat(base, 0.6, stream), 0.2, 0.0, base, scaled(base, 0.8), even=True)


def draw_hair(stream: Stream) -> Material:
    """Hair: strands along the grain."""
    base = draw_colour(stream, "hair")
    strands = quarter("strands", stream) + 0.6 * quarter("streaks", stream)
    tile = clip(np.array(base) + (6 + 0.10 * luma(base)) * strands[..., None])
    return Material(periodic(tile), 0.16, 0.0, base, scaled(base, 0.6))


def draw_thing(stream: Stream) -> Material:
    """A bag, a shoe, a cup, some object."""
    base = draw_colour(stream)
    if stream.chance(0.35):
        base = near(stream.pick(((28, 26, 26), (96, 62, 42), (240, 240, 238))), stream, 8)
    return Material(flat(base, 1.5, stream), 0.3, 0.0, base, _ink(base), even=True)


def draw_device(stream: Stream) -> Material:
    """A phone, or its case."""
    base = near((26, 26, 29), stream, 4) if stream.chance(0.55) else draw_colour(stream)
    return Material(flat(base, 0.5, stream), 0.2, 0.0, base, _ink(base), even=True)


def draw_leaf(stream: Stream) -> Material:
    """Leaves of a plant."""
    base = near((74, 112, 62), stream, 22)
    return Material(flat(base, 5.0, stream), 0.2, 0.0, base, scaled(base, 0.6), even=True)


def _ink(base: Colour) -> Colour:
    """Seams are darker than pale cloth and a little lighter than dark cloth."""
    return scaled(base, 0.80) if luma(base) > 70 else scaled(base, 1.25, 9)


def _denim(s: Stream) -> Material:
    base = draw_colour(s, "denim")
    ink = blend(base, near((206, 154, 92), s, 15), s.uniform(0.35, 0.8))
    if s.chance(0.4):
        ink = scaled(base, 0.7)
    worn = s.uniform(0.0, 0.45) if s.chance(0.7) else 0.0
    tile = denim(base, s)
    return Material(tile, 0.16, s.uniform(0.8, 1.3), base, ink, flow=0.15, worn=worn)


def _jeans_trims(trims: frozenset[str], s: Stream) -> frozenset[str]:
    """Jeans always have their pockets and fly, and never pleats; some are torn."""
    always = {"front_pocket", "back_pocket", "fly", "outseam", "chest_pocket", "hip_pocket"}
    torn = {"rips"} if s.chance(0.15) else set()
    return (trims - {"pleats", "pressed", "tiers", "scallops", "cords", "stripes"}) | always | torn


def _sheer(garment: str, kind: str, s: Stream) -> float:
    if garment in ("trousers", "shorts") or "outwear" in garment:
        return 0.0
    return s.uniform(0.12, 0.5) if s.chance(0.3 if kind == "lace" else 0.05) else 0.0


def _decorated(cloth: Material, kind: str, dress: bool, s: Stream) -> Material:
    """Prints on plain cloth, blocks of colour, sleeves of another colour."""
    if kind in ("plain", "melange", "knit") and s.chance(0.15 if dress else 0.5):
        cloth = replace(cloth, decal=draw_decal(cloth.base, s))
    if kind in ("plain", "melange") and s.chance(0.1):
        cloth = replace(cloth, block=(draw_colour(s), s.uniform(-0.15, 0.75)))
    if s.chance(0.09):
        other = cloth.rim or draw_colour(s)
        sleeve = replace(cloth, tile=flat(other, 1.0, s), base=other, ink=_ink(other), even=True)
        cloth = replace(cloth, sleeve=replace(sleeve, sheer=s.uniform(0.2, 0.6) * s.chance(0.3)))
    return cloth
