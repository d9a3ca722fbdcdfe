"""What a body shows besides clothes: hair, headwear, hands and shoes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ffld.render.body.figure import SIDES
from ffld.render.geometry.stream import Stream

_HAIR = {"short": 3, "bob": 2, "long": 0, "tail": 1, "bun": 1, "bald": 0.15}


@dataclass(frozen=True)
class Look:
    """What a body shows besides clothes.

    Attributes:
        hair: "bald", "short", "bob", "long", "tail" or "bun".
        fringe: how the hair lies on the forehead: "bangs", "swept" or "parted".
        length: of hanging hair, in head radii below the head's middle.
        strands: sides on which long hair falls before the shoulder.
        spread: those of them on which it falls over the shoulder, outside the collar.
        wide: those of them on which it falls over both.
        hat: "", "cap", "beanie" or "brim".
        head: whether there is one (shop mannequins often have none).
        hands: shape of the hand by side: "relaxed", "open", "fist" or "victory".
        shoes: "sneaker", "flat", "heel", "boot" or "bare".
        tights: whether the legs are covered by stockings.
        shaft: height of the shoe's shaft above the ankle, as a fraction of the leg.
    """

    hair: str
    fringe: str
    length: float
    strands: tuple[str, ...]
    hat: str
    head: bool
    hands: dict[str, str]
    shoes: str
    tights: bool
    shaft: float
    spread: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()

    def spread_out(self, share: float, stream: Stream) -> Look:
        """The look with a share of its strands over the shoulder."""
        return replace(self, spread=tuple(side for side in self.strands if stream.chance(share)))

    def evened(self, share: float, stream: Stream) -> Look:
        """The look whose hair, in a share of cases, falls alike on both sides."""
        if len(self.strands) != 1 or not stream.chance(share):
            return self
        return replace(self, strands=SIDES if stream.chance(0.5) else ())

    def widened(self, share: float, stream: Stream) -> Look:
        """The look with a share of its strands over collar and shoulder."""
        return replace(self, wide=tuple(side for side in self.strands if stream.chance(share)))

    @staticmethod
    def draw(stream: Stream, headless: float, long: float, loose: float = 0.5) -> Look:
        """Random; `headless` is the probability of a mannequin without a head.

        `long` is the share of long hair, less than 1, and `loose` the probability that it falls
        before a shoulder, for each one.
        """
        s = stream
        hair = s.weighted(_HAIR | {"long": sum(_HAIR.values()) * long / (1.0 - long)})
        shapes = {"relaxed": 5, "open": 2, "fist": 1.6, "victory": 0.2}
        shoes = s.weighted({"sneaker": 4, "flat": 2, "heel": 1.6, "boot": 1.4, "bare": 0.7})
        return Look(
            hair=hair,
            fringe=s.weighted({"bangs": 2, "swept": 2, "parted": 2}),
            length=s.uniform(1.1, 1.6) if hair == "bob" else s.uniform(2.2, 4.6),
            strands=tuple(side for side in SIDES if hair == "long" and s.chance(loose)),
            hat=s.weighted({"": 12, "cap": 0.7, "beanie": 0.4, "brim": 0.7}),
            head=not s.chance(headless),
            hands={side: s.weighted(shapes) for side in SIDES},
            shoes=shoes,
            tights=s.chance(0.1),
            shaft=s.uniform(0.06, 0.42) if shoes == "boot" else 0.015,
        )
