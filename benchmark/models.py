"""What a model is, and models by name.

`lgr` is the package of that name; every other name is the file `baselines/<name>.py`, hyphens as
underscores. A model from outside is written `my_package.my_file:build`. The module of a model
holds `Config`, a frozen dataclass, and `build(schema, **overrides)`.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import importlib
import inspect
import pkgutil
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from benchmark.code import UNKNOWN
from benchmark.typed import fits
from ffld.schema import LandmarkSchema


class ModelError(ValueError):
    """A model that cannot be built or used as asked; the message says what would be accepted."""


@dataclass(frozen=True)
class Inputs:
    """What a model may see when it predicts.

    Attributes:
        images: (B, 3, H, W) float in [0, 1], RGB; models normalise by themselves.
        garment_type: (B,) int64, slots of the schema's garment types.
    """

    images: Tensor
    garment_type: Tensor

    def to(self, device: torch.device | str) -> Inputs:
        """The same inputs on a device."""
        return Inputs(*(tensor.to(device, non_blocking=True) for tensor in vars(self).values()))


@dataclass(frozen=True)
class Batch:
    """What a model is trained on.

    Attributes:
        xy: (B, K, 2) float32, continuous input pixels, NaN where absent.
        visibility: (B, K) uint8 of `ffld.schema.Visibility`.
    """

    inputs: Inputs
    xy: Tensor
    visibility: Tensor

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on a device."""
        return Batch(
            inputs=self.inputs.to(device),
            xy=self.xy.to(device, non_blocking=True),
            visibility=self.visibility.to(device, non_blocking=True),
        )


_ATTRIBUTES = {  # of a LandmarkModel, for those who have yet to write one
    "input_size": (int, "the side of its square input in pixels"),
    "uses_type": (bool, "whether predictions depend on the garment type"),
    "fitted": (bool, "whether it has fit in place of loss"),
}
_METHODS = {
    "predict": "predict(inputs) -> points (B, K, 2) in input pixels, confidence (B, K) in [0, 1]",
    "loss": "loss(batch) -> a scalar to minimise, or set fitted=True and write fit",
    "fit": "fit(xy, visibility, garment_type), called once with all training targets",
}


class LandmarkModel(Protocol):
    """What the runner needs of a model, besides its being an `nn.Module`.

    Attributes:
        input_size: side of the square images that it is trained and scored on, in pixels.
        uses_type: whether predictions depend on the garment type.
        fitted: whether it has, in place of `loss`, the method `fit(xy, visibility, garment_type)`
            that is called once with all training targets: xy (N, K, 2) as fractions of the input's
            width and height, visibility (N, K), garment_type (N,).
    """

    input_size: int
    uses_type: bool
    fitted: bool

    def loss(self, batch: Batch) -> Tensor:
        """Scalar to minimise."""

    def predict(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Landmarks (B, K, 2) in input pixels, finite, and confidence (B, K) in [0, 1].

        Runs in evaluation mode whatever the mode was, and restores it; a sample's result does not
        depend on the others of its batch.
        """


def available() -> list[str]:
    """Names that `build` takes, sorted."""
    folder = importlib.import_module("baselines").__path__
    files = (module.name for module in pkgutil.iter_modules(folder))
    return sorted(["lgr", *(name.replace("_", "-") for name in files if name[0] != "_")])


def config_class(name: str) -> type:
    """The frozen dataclass whose fields are a model's overrides."""
    return _config(_find(name)[0])


def shipped(name: str, dataset: str) -> Path | None:
    """Folder of the weights that come with a model, trained on a dataset; None if there are none.

    They lie beside the model's file, in `weights/<name>-<dataset>`.
    """
    folder = Path(_find(name)[0].__file__).parent / "weights" / f"{name}-{dataset}"
    return folder if folder.is_dir() else None


def code_digest(name: str) -> str:
    """SHA-256 of the file that holds a model, in hexadecimal digits; "unknown" without a file."""
    file = _find(name)[0].__file__
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else UNKNOWN


def build(name: str, schema: LandmarkSchema, **overrides: Any) -> nn.Module:
    """Make a model, untrained.

    Args:
        name: one of `available()`, or `my_package.my_file:build`.
        overrides: fields of the model's `Config` that differ from their defaults.

    Raises:
        ModelError: unknown name; unknown, wrongly typed or impossible overrides.
    """
    module, function = _find(name)
    config = _config(module)
    if found := list(_override_problems(config, overrides)):
        raise ModelError(f"model {name!r}: {'; '.join(found)}; it has {_settings(config)}")
    try:
        inspect.signature(function).bind(schema, **overrides)
    except TypeError as error:
        raise ModelError(
            f"model {name!r} ({module.__file__}): build does not take what it is called with, the "
            f"schema and the fields of Config ({error}); write build(schema, **overrides)"
        ) from error
    model = function(schema, **overrides)
    if not isinstance(model, nn.Module):
        raise ModelError(
            f"model {name!r} ({module.__file__}): build returned {type(model).__name__}; return a "
            "torch.nn.Module"
        )
    return model


def check_parts(name: str, model: nn.Module) -> None:
    """Refuse a model without all that `LandmarkModel` asks for.

    Raises:
        ModelError: lists what it lacks, and what each is.
    """
    if found := list(_part_problems(model)):
        raise ModelError(f"model {name!r}: {place_of(model)} {'; '.join(found)}")


def check_loss(model: nn.Module, loss: object) -> None:
    """Refuse what is no scalar tensor.

    Raises:
        ModelError: says what was found.
    """
    if isinstance(loss, Tensor) and loss.ndim == 0:
        return
    found = type(loss).__name__
    if isinstance(loss, Tensor):
        found = f"a tensor of shape {tuple(loss.shape)}"
    raise ModelError(
        f"{place_of(model)}: loss(batch) gave {found}; it must give a scalar tensor to minimise, "
        "such as the mean over images and landmarks"
    )


def place_of(model: nn.Module) -> str:
    """A model's class and the file that it is written in."""
    kind = type(model)
    return f"{kind.__qualname__} ({getattr(sys.modules.get(kind.__module__), '__file__', '?')})"


def _part_problems(model: nn.Module) -> Iterator[str]:
    for part, (kind, meaning) in _ATTRIBUTES.items():
        value = getattr(model, part, None)
        if value is None:
            yield f"has no {part}: set it, {meaning}"
        elif not fits(value, kind):
            yield f"has {part} {value!r}: it must be {_described(kind)}, {meaning}"
    methods = ("predict", "fit" if getattr(model, "fitted", False) is True else "loss")
    for method in methods:
        if not callable(getattr(model, method, None)):
            yield f"has no method {method}: write {_METHODS[method]}"


@dataclass(frozen=True)
class _NoSettings:
    """Stands in for the `Config` that a model from outside may leave out."""


def _config(module: ModuleType) -> type:
    config = getattr(module, "Config", _NoSettings)
    if not dataclasses.is_dataclass(config):
        advice = "write @dataclass(frozen=True) above it"
        raise ModelError(f"{module.__file__}: Config is no dataclass; {advice}")
    return config


def _find(name: str) -> tuple[ModuleType, Callable[..., nn.Module]]:
    if ":" in name:
        return _find_outside(name)
    if name not in (names := available()):
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ModelError(
            f"unknown model {name!r}; {hint}there are {', '.join(names)}, "
            "and yours as my_package.my_file:build"
        )
    path = "lgr.model" if name == "lgr" else f"baselines.{name.replace('-', '_')}"
    module = importlib.import_module(path)
    return module, module.build


def _find_outside(name: str) -> tuple[ModuleType, Callable[..., nn.Module]]:
    path, _, attribute = name.rpartition(":")
    if path.startswith(".") or path.endswith(".py") or "/" in path or "\\" in path:
        raise ModelError(
            f"model {name!r} is written as a file; write it as a module, my_package.my_file:build "
            "with dots and without .py, and run from the folder that holds my_package"
        )
    try:
        module = importlib.import_module(path)
    except (ImportError, ValueError) as error:
        raise ModelError(f"model {name!r}: cannot import {path!r} ({error})") from error
    function = getattr(module, attribute, None)
    if not callable(function):
        raise ModelError(f"model {name!r}: {path!r} has no function {attribute!r}")
    return module, function


def _override_problems(config: type, overrides: Mapping[str, Any]) -> Iterator[str]:
    types = typing.get_type_hints(config)
    names = [field.name for field in dataclasses.fields(config)]
    for key, value in overrides.items():
        if key not in names:
            close = difflib.get_close_matches(key, names, n=1)
            yield f"no setting {key!r}" + (f" (did you mean {close[0]!r}?)" if close else "")
        elif not fits(value, types[key]):
            yield f"{key} must be {_described(types[key])}, not {value!r}"


def _described(kind: Any) -> str:
    inner = typing.get_args(kind)
    if typing.get_origin(kind) is typing.Literal:
        return " or ".join(map(repr, inner))
    if typing.get_origin(kind) is tuple:
        return f"a tuple of {', '.join('…' if one is ... else _described(one) for one in inner)}"
    return kind.__name__


def _settings(config: type) -> str:
    types = typing.get_type_hints(config)
    listed = (
        f"{field.name}: {_described(types[field.name])} = {field.default!r}"
        for field in dataclasses.fields(config)
    )
    return ", ".join(listed) or "no settings"
