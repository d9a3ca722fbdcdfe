"""How to train and score: the settings, their two profiles, and `--set key=value`.

`CPU` is made for two cores: from rendering to the printed table in about five and a half minutes.
`CUDA` is the full size. Fields that a model's Config has too, such as input_size and width, go
to both, where the model's field takes the setting's value.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.typed import converted, field_types, fits, type_name, written

# Settings of how the work is done, not of what: a result depends on them as on the machine, by last
# digits. A run notes them beside its configuration, not in it.
EXECUTION = ("resident", "compile", "deterministic")
# Younger than runs that are kept, with the values at which they do nothing: these are left out of a
# run's configuration, so that those runs stay the same as new ones.
_LATER = {"ema": 0.0}
# Of a model's Config: what its weights don't depend on.
PREDICTION = ("decoder", "flip_average", "turns")
# Likewise, what their loss alone depends on: weights may be trained on by another one.
LOSS = ("occluded_weight", "orthogonality", "reduction", "sigma", "type_weight")


class SettingsError(ValueError):
    """Settings that cannot be used; the message lists every problem and what is valid."""


@dataclass(frozen=True)
class Settings:
    """One recipe for every model.

    Attributes:
        input_size: side of the model's square input, pixels.
        width: share of the backbone's channels.
        train_limit, val_limit, test_limit: samples of each split; None for all of them. An
            explicit `--limit` replaces test_limit.
        warmup: optimiser steps over which the rate rises linearly from zero.
        schedule: "milestones"; "cosine", half a wave from lr to zero over all epochs; or the two
            readings of the LGR paper's "linearly drop the learning rate by a factor of 10 every 20
            epochs" (section 4.1): "steps" divides it by 10 after every `period`, "slope" takes it
            to a tenth linearly within every `period`.
        milestones: shares of the epochs after which the rate falls to a tenth.
        period: epochs.
        patience: epochs without a better validation NE after which training stops.
        clip: largest norm of the gradient.
        ema: decay of an exponential moving average of the weights, which is validated and kept in
            their place; 0 for none. It looks back some 1 / (1 - ema) steps.
        scale: zoom is drawn log-uniformly from 1 / (1 + scale) to 1 + scale.
        rotation: drawn uniformly up to this many degrees either way.
        shift: drawn uniformly up to this share of the frame either way, per axis.
        flip, blur: probabilities.
        brightness, contrast, saturation: factors are drawn uniformly from 1 - v to 1 + v.
        cast: so is a factor for each colour channel, as a lamp's light has it.
        noise: standard deviation of a pixel's noise is drawn uniformly up to this share of white.
        erase: probability that a rectangle, its sides 10 to 40 % of the frame's, is filled with one
            colour; landmarks beneath it count as before.
        mixed_precision: bfloat16 arithmetic in training; on a CPU it pays where that has matrix
            units for it, such as AMX, and is slower elsewhere.
        pretrained: start VGG16 from torchvision's ImageNet weights, which are downloaded; the LGR
            paper trains "without any pre-trained models".
        resident: keep the training crops in the device's memory and augment them there; "auto" does
            so on CUDA where they take at most half of what is free.
        compile: "true" compiles the loss by torch.compile, "graphs" replays it as CUDA graphs too.
        deterministic: take algorithms that give the same bytes again, where there are any; "false"
            lets CUDA choose the fastest ones for the sizes at hand.
    """

    input_size: int = 224
    width: float = 1.0
    train_limit: int | None = None
    val_limit: int | None = 4000
    test_limit: int | None = None
    epochs: int = 30
    batch_size: int = 64
    lr: float = 1e-3
    warmup: int = 500
    schedule: typing.Literal["milestones", "cosine", "steps", "slope"] = "milestones"
    milestones: tuple[float, ...] = (0.6, 0.85)
    period: int = 10
    patience: int = 6
    clip: float = 5.0
    ema: float = 0.0
    scale: float = 0.25
    rotation: float = 15.0
    shift: float = 0.05
    flip: float = 0.5
    blur: float = 0.1
    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.3
    cast: float = 0.0
    noise: float = 0.0
    erase: float = 0.0
    mixed_precision: bool = True
    pretrained: bool = False
    resident: typing.Literal["auto", "true", "false"] = "auto"
    compile: typing.Literal["false", "true", "graphs"] = "false"
    deterministic: bool = True

    @property
    def content(self) -> dict[str, typing.Any]:
        """What a result depends on: all but `EXECUTION` and what does nothing."""
        left_out = {
            *EXECUTION,
            *(k for k, nothing in _LATER.items() if getattr(self, k) == nothing),
        }
        return {k: v for k, v in dataclasses.asdict(self).items() if k not in left_out}

    @property
    def execution(self) -> dict[str, typing.Any]:
        """How the work is done: `EXECUTION`."""
        return {name: getattr(self, name) for name in EXECUTION}

    def __post_init__(self) -> None:
        if found := list(self._problems()):
            raise SettingsError("; ".join(found))

    def _problems(self) -> typing.Iterator[str]:
        least = {
            "input_size": 8, "epochs": 1, "batch_size": 1, "warmup": 0, "patience": 1, "period": 1,
            "train_limit": 1, "val_limit": 1, "test_limit": 1,
        }  # fmt: skip
        for name, low in least.items():
            value = getattr(self, name)
            if value is not None and value < low:
                yield f"{name} is {value}; it must be at least {low}"
        for name in ("width", "lr", "clip"):
            if not getattr(self, name) > 0:
                yield f"{name} is {getattr(self, name)}; it must be above 0"
        shares = "flip blur brightness contrast saturation shift cast noise erase"
        for name in shares.split():
            if not 0 <= getattr(self, name) <= 1:
                yield f"{name} is {getattr(self, name)}; it must be from 0 to 1"
        if not 0 <= self.ema < 1:
            yield f"ema is {self.ema}; it must be from 0 to below 1"
        for name, high in (("scale", 1), ("rotation", 180)):
            if not 0 <= getattr(self, name) <= high:
                yield f"{name} is {getattr(self, name)}; it must be from 0 to {high}"
        if not all(0 < share <= 1 for share in self.milestones):
            yield f"milestones are {self.milestones}; they must be shares above 0, at most 1"


CUDA = Settings()
CPU = Settings(
    input_size=64,
    width=0.25,
    train_limit=2500,
    val_limit=200,
    test_limit=800,
    epochs=7,
    batch_size=32,
    lr=3e-3,
    warmup=50,
    patience=10,
    scale=0.15,
    rotation=10.0,
    mixed_precision=False,
)


def profile(device_type: str) -> Settings:
    """The settings for a kind of device, "cuda" or "cpu"."""
    return CUDA if device_type == "cuda" else CPU


def views(config: Mapping[str, typing.Any], networks: int = 1) -> str:
    """What predictions of a model with these settings average, in words; "none" for one look.

    Args:
        networks: whose maps are averaged (`benchmark.ensemble`), each seeing some of the views.
    """
    turns = config.get("turns", [0.0])
    seen = [f"the image turned by {angle:g} degrees" if angle else "the image" for angle in turns]
    if config.get("flip_average"):
        seen.append("the mirror image of each" if len(turns) > 1 else "its mirror image")
    if networks > 1:
        seen.append(f"by {networks} networks")
    return "none" if seen == ["the image"] else f"mean over {', '.join(seen)}"


def recipe(name: str, dataset: str) -> tuple[str, ...]:
    """The assignments that a recipe makes before those of `--set`.

    "ours" makes none: the profile stands. "paper" is section 4.1 of LGR. It states the batch, Adam
    with its rate and the fall of the rate (20 epochs on FLD, 10 elsewhere), scaling, rotation and
    flipping, mean squared error on the final maps, and stopping "when no improvements on the
    validation set". Its silence is filled in so: ranges of scale and rotation as usual then, a
    whole period without improvement stops, at most 100 epochs; no warm-up, no clipping, visible
    landmarks alone. Sizes and numbers of samples stay the profile's.

    Raises:
        SettingsError: unknown name.
    """
    if name == "ours":
        return ()
    if name != "paper":
        raise SettingsError(f"unknown recipe {name!r}; there are ours, paper")
    period = 20 if dataset.startswith("fld") else 10
    return (
        *("batch_size=16", "lr=1e-3", "warmup=0", "clip=inf", "mixed_precision=false"),
        *("schedule=steps", f"period={period}", f"patience={period}", "epochs=100"),
        *("scale=0.25", "rotation=30", "flip=0.5", "shift=0", "blur=0"),
        *("brightness=0", "contrast=0", "saturation=0"),
        *("reduction=mean", "occluded_weight=0"),
    )


def understood(assignments: Sequence[str], config: type) -> list[str]:
    """Those assignments of a recipe whose key the settings or this model's Config have."""
    known = field_types(config) | field_types(Settings)
    return [text for text in assignments if text.partition("=")[0] in known]


def apart(settings: Settings, config: type) -> dict[str, typing.Any]:
    """Fields of a model's Config that share a setting's name alone: its value is not of their type.

    They keep the model's default, and `--set` means the model's field.
    """
    usual = field_types(Settings)
    return {
        key: kind
        for key, kind in field_types(config).items()
        if key in usual and not fits(getattr(settings, key), kind)
    }


def parse(assignments: Sequence[str], settings: Settings, config: type) -> tuple[Settings, dict]:
    """Apply `key=value` texts, typed by the fields of Settings and of a model's Config.

    Returns:
        The settings, and the overrides for the model: what was set of its own, and every field
        that it shares with Settings.

    Raises:
        SettingsError: one that lists all unknown keys, wrong types and impossible values.
    """
    own, others = field_types(config), apart(settings, config)
    shared = {key: kind for key, kind in field_types(Settings).items() if key not in others}
    values, problems = {}, []
    for text in assignments:
        key, equals, value = text.partition("=")
        key = key.strip()
        kind = shared.get(key, own.get(key))
        if not equals:
            problems.append(f"--set takes key=value, not {text!r}")
        elif kind is None:
            close = difflib.get_close_matches(key, [*shared, *own], n=1)
            problems.append(
                f"unknown setting {key!r}" + (f", did you mean {close[0]!r}?" if close else "")
            )
        else:
            try:
                values[key] = converted(value.strip(), kind)
            except ValueError:
                problems.append(f"{key} is {type_name(kind)}, not {value!r}")
    if problems:
        raise SettingsError("; ".join(problems) + f" | valid: {_listing(settings, config)}")
    settings = dataclasses.replace(settings, **{k: v for k, v in values.items() if k in shared})
    overrides = {key: value for key, value in values.items() if key in own and key not in shared}
    return settings, {key: getattr(settings, key) for key in own if key in shared} | overrides


def _listing(settings: Settings, config: type) -> str:
    defaults = {
        field.name: field.default
        for field in dataclasses.fields(config)
        if field.init and field.default is not dataclasses.MISSING
    }
    others = apart(settings, config)
    defaults |= {k: v for k, v in dataclasses.asdict(settings).items() if k not in others}
    kinds = field_types(config) | field_types(Settings) | others
    return ", ".join(
        f"{key}={written(defaults.get(key, 'required'))} ({type_name(kind)})"
        for key, kind in sorted(kinds.items())
    )
