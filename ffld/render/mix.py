"""What an edition shows, and how often: the dials of its difficulty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ffld.render.calibration import CALIBRATIONS, Calibration
from ffld.sample import DataError
from ffld.schema import FFLD

STYLES = ("consumer", "shop")
VIEWPOINTS = ("front", "side", "back")
_MOST = {
    "consumer": 1, "clutter": 1, "loose_hair": 1, "back_prints": 1, "bold": 1, "jumble": 1,
    "long_hair": 0.95, "even_hair": 1, "wide_hair": 1, "hidden_hands": 1, "slim": 2, "company": 3,
    "occlusion": 3, "blur": 3,
}  # fmt: skip
_SIDES = (64, 4096)  # pixels
_ZOOM = 4.0  # times the image: nothing but cloth would be seen
HABITS = ("posed", "mirror", "selfie", "close selfie")
STANCES = ("standing", "apart", "walking", "crossed", "leg up", "kneeling", "crossing", "lunge")
EDITION_STANCES = {
    "standing": 3.5, "apart": 3, "walking": 3.5, "crossed": 1.2, "leg up": 2.8, "kneeling": 0.3,
}  # fmt: skip
EDITION_LONG_HAIR = 5.5 / 12.65
PARTS = ("backdrop", "cloth", "light")
FRAMINGS = ("garment", "cut", "person", "bust", "torso", "legs", "close")


@dataclass(frozen=True)
class Mix:
    """What an edition shows, and how often: the dials of its difficulty.

    Values are probabilities or weights; `occlusion` and `blur` are 1 in every edition and are there
    to be turned down (or up) in a study.

    Attributes:
        types: weight of each FFLD garment type.
        consumer: share of consumer-style images; the rest is shop style.
        viewpoints: by style, weights of "front", "side" and "back" for people.
        calm: by style, share of people who stand up straight to be photographed.
        flat: share of garments laid flat or hung up, by style.
        framing: weights of what a picture of a person is meant to show, by style: see `_window`.
        zoom: by style, weights of (least, most) part of the image that a garment takes up.
        long_hair: share of people with long hair.
        loose_hair: probability that long hair falls before a shoulder and hides the collar.
        even_hair: share of those on one of whose sides it does that are made alike on both.
        wide_hair: share of hair before a shoulder that covers the shoulder, too.
        hidden_hands: probability that an arm of somebody who poses is held behind the back, beside
            those that are anyway.
        habits: weights of how people in consumer images are photographed: "posed" for somebody
            else, before a "mirror" or with an outstretched arm, a "selfie". A "close selfie", with
            the camera itself in the hand, is in no edition.
        stances: weights of what the legs do of people who are neither calm nor sit. "crossing", one
            leg swung before the other, and "lunge" are in no edition.
        slim: factor on the widths of waists, hips and hems.
        company: mean number of further people in consumer images.
        clutter: probability of something in front of a consumer image's garment.
        occlusion: factor on the probability of bags, phones, cups and hair before the shoulder.
        blur: factor on what a camera does to a picture: exposure, cast, blur, noise.
        back_prints: share of printed garments that have their print on the back, too; on most real
            ones a print says that the front is seen.
        bold: share of tops and sleeved dresses that have artwork all over the front (where no
            buttons are), sleeves of two colours or both; 0 in every edition, whose prints are
            smaller.
        plain: parts of pictures that are painted without what makes them real, to study what that
            brings, in no edition: a "backdrop" of one colour, "cloth" without weave, prints, seams
            and trimmings, no "light", folds or shadows.
        jumble: share of consumer images with a backdrop of shapes, cloth and limbs at random, which
            looks like no place; 0 in every edition.
        calibration: version of the summary parameters of how clothes are worn, a name of
            `calibration.CALIBRATIONS`.
        long_side: longest image sides in pixels, equally likely.
    """

    types: Mapping[str, float]
    consumer: float
    viewpoints: Mapping[str, Mapping[str, float]]
    calm: Mapping[str, float]
    flat: Mapping[str, float]
    framing: Mapping[str, Mapping[str, float]]
    zoom: Mapping[str, Mapping[tuple[float, float], float]]
    loose_hair: float
    company: float
    clutter: float
    long_side: tuple[int, ...]
    habits: Mapping[str, float] = field(
        default_factory=lambda: {"posed": 6.0, "mirror": 2.5, "selfie": 1.5}
    )
    stances: Mapping[str, float] = field(default_factory=lambda: dict(EDITION_STANCES))
    calibration: str = "1.3"
    long_hair: float = EDITION_LONG_HAIR
    even_hair: float = 0.0
    wide_hair: float = 0.0
    hidden_hands: float = 0.0
    back_prints: float = 1.0
    bold: float = 0.0
    plain: Sequence[str] = ()
    jumble: float = 0.0
    slim: float = 1.0
    occlusion: float = 1.0
    blur: float = 1.0

    def __post_init__(self) -> None:
        if found := list(self._problems()):
            raise DataError("; ".join(found))

    @property
    def worn(self) -> Calibration:
        """How clothes are worn."""
        return CALIBRATIONS[self.calibration]

    def _problems(self) -> Iterator[str]:
        for name, most in _MOST.items():
            if not _is_number(getattr(self, name), 0, most):
                yield f"{name} is {getattr(self, name)}; it must be from 0 to {most}"
        sides = self.long_side
        if not (isinstance(sides, Sequence) and sides and all(map(_is_side, sides))):
            low, high = _SIDES
            yield f"long_side is {sides}; it must list whole numbers from {low} to {high}"
        if self.calibration not in CALIBRATIONS:
            yield f"calibration is {self.calibration!r}; it must be {' or '.join(CALIBRATIONS)}"
        if not _are_parts(self.plain):
            yield f"plain is {self.plain!r}; it must list some of {', '.join(PARTS)}"
        for name in ("viewpoints", "calm", "flat", "framing", "zoom"):
            value = getattr(self, name)
            if not isinstance(value, Mapping) or set(value) != set(STYLES):
                yield f"{name} must map each of {', '.join(STYLES)} to its value"
                return
        for name in ("calm", "flat"):
            for style, share in getattr(self, name).items():
                if not _is_number(share, 0, 1):
                    yield f"{name} of {style} is {share}; it must be from 0 to 1"
        weights = {"types": (self.types, FFLD.type_names), "habits": (self.habits, HABITS),
                   "stances": (self.stances, STANCES)}  # fmt: skip
        weights |= {f"viewpoints of {s}": (self.viewpoints[s], VIEWPOINTS) for s in STYLES}
        weights |= {f"framing of {s}": (self.framing[s], FRAMINGS) for s in STYLES}
        for name, (given, keys) in weights.items():
            if not _are_weights(given, keys):
                yield f"{name} must map some of {', '.join(keys)} to weights, not all zero"

        for style, windows in self.zoom.items():
            if not _are_windows(windows):
                yield (
                    f"zoom of {style} must map (least, most) parts of the image, "
                    f"0 < least < most <= {_ZOOM:g}, to weights, not all zero"
                )


def _is_number(value: object, least: float, most: float) -> bool:
    return isinstance(value, int | float) and least <= value <= most


def _is_side(value: object) -> bool:
    return type(value) is int and _is_number(value, *_SIDES)


def _are_parts(parts: object) -> bool:
    listed = isinstance(parts, Sequence) and not isinstance(parts, str)
    return listed and all(part in PARTS for part in parts)


def _are_windows(windows: object) -> bool:
    return (
        isinstance(windows, Mapping)
        and all(
            isinstance(window, tuple)
            and len(window) == 2
            and all(_is_number(edge, 0, _ZOOM) for edge in window)
            and 0 < window[0] < window[1]
            for window in windows
        )
        and all(_is_number(weight, 0, float("inf")) for weight in windows.values())
        and sum(windows.values()) > 0
    )


def _are_weights(weights: Mapping[str, float], keys: Sequence[str]) -> bool:
    return (
        isinstance(weights, Mapping)
        and set(weights) <= set(keys)
        and all(_is_number(weight, 0, float("inf")) for weight in weights.values())
        and sum(weights.values()) > 0
    )
