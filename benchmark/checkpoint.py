"""Weights with all that is needed to use them.

Tensors are safetensors, the rest is JSON; nothing is ever unpickled.
"""

from __future__ import annotations

import json
import math
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from benchmark import models
from benchmark.eight import Eight
from benchmark.ensemble import FIRST, MOST, Ensemble
from ffld.atomic import replacing
from ffld.schema import FFLD, FLD8, LandmarkSchema

FLOOR = "mean-shape"

ABOUT, WEIGHTS, FLOOR_WEIGHTS = "checkpoint.json", "model.safetensors", "floor.safetensors"

FILES = (ABOUT, WEIGHTS, FLOOR_WEIGHTS)

_RUNNING = ("running_mean", "running_var", "num_batches_tracked")  # statistics, not learned
_LARGEST_INPUT = 4096  # pixels
_MAY_LACK = {"others", "recipe"}
_KINDS: dict[Any, tuple[str, Callable[[Any], bool]]] = {  # type of a field -> what its JSON must be
    str: ("one line of text", lambda v: isinstance(v, str) and v.isprintable() and len(v) <= 200),
    int: ("a whole number", lambda v: type(v) is int and v >= 0),
    float: ("a number of at least 0", lambda v: type(v) in (int, float) and 0 <= v < math.inf),
    float | None: ("a number, or null", lambda v: v is None or type(v) in (int, float)),
    Mapping[str, Any]: ("an object", lambda v: isinstance(v, dict)),
    Sequence[Mapping[str, Any]]: (
        f"a list of at most {MOST - 1} objects",
        lambda v: isinstance(v, list) and len(v) < MOST and all(isinstance(c, dict) for c in v),
    ),
}


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says what was found and expected."""


@dataclass(frozen=True)
class Checkpoint:
    """What a trained model is, besides its weights.

    Attributes:
        model: its name as on the command line.
        config: the overrides that it was built with.
        schema, schema_fingerprint: of the landmarks that it predicts.
        input_size, padding: how its inputs are cut, see `ffld.transforms.crop`.
        dataset, revision, samples, seed: what it was trained on.
        val_ne: NE (visible) on the validation split; None for a fitted model.
        others: configs of further networks of the model, trained apart, whose heat maps are
            averaged with those of the first (`benchmark.ensemble`), of which all above tells.
        recipe: digest of how it was trained, all but the seed; "" of weights older than the field.
    """

    model: str
    config: Mapping[str, Any]
    schema: str
    schema_fingerprint: str
    input_size: int
    padding: float
    dataset: str
    revision: str
    samples: int
    seed: int
    val_ne: float | None
    others: Sequence[Mapping[str, Any]] = ()
    recipe: str = ""

    @property
    def content(self) -> dict[str, Any]:
        """As JSON values; without `others` and `recipe` where there are none."""
        found = asdict(self)
        found["others"] = [dict(config) for config in self.others]
        return {key: value for key, value in found.items() if value or key not in _MAY_LACK}

    @property
    def trained(self) -> dict[str, Any]:
        """On what and how, for a run that scores it; with the settings of other networks."""
        more = {key: value for key, value in self.content.items() if key in _MAY_LACK}
        return {"revision": self.revision, "samples": self.samples, **more}

    @property
    def sizes(self) -> list[int]:
        """Sides of the inputs of its networks, in pixels."""
        return [self.input_size, *(config["input_size"] for config in self.others)]

    @property
    def overrides(self) -> dict[str, Any]:
        """`config` as `models.build` takes it."""
        return _overrides(self.config)

    def save(self, folder: Path, model: nn.Module, floor: nn.Module, *, half: bool = False) -> None:
        """Write the three files; `checkpoint.json`, without which there is none, comes last.

        Args:
            half: round the model's matrices and kernels to 16 bits; all else keeps its precision.
        """
        (folder / ABOUT).unlink(missing_ok=True)
        weights = model.state_dict()
        if half:
            weights = {k: v.half() if v.ndim > 1 else v for k, v in weights.items()}
        save_tensors(folder / WEIGHTS, weights)
        save_tensors(folder / FLOOR_WEIGHTS, floor.state_dict())
        with replacing(folder / ABOUT) as temporary:
            temporary.write_text(json.dumps(self.content, indent=2) + "\n", encoding="utf-8")

    def build(self, folder: Path, schema: LandmarkSchema) -> tuple[nn.Module, nn.Module | None]:
        """The model and the floor that was fitted on the same samples.

        A model of FFLD's 32 landmarks that ignores the garment type also answers in the 8 of FLD
        (`benchmark.eight`); its floor, which knows FFLD's types, does not: None.

        Raises:
            CheckpointError: another schema, or weights that do not fit.
        """
        if self.schema_fingerprint == schema.fingerprint:
            model, floor = self.untrained(schema)
            _load_into(model, folder / WEIGHTS)
            _load_into(floor, folder / FLOOR_WEIGHTS)
            return model, floor
        if (self.schema_fingerprint, schema.fingerprint) == (FFLD.fingerprint, FLD8.fingerprint):
            model, _ = self.untrained(FFLD)
            if not model.uses_type:
                _load_into(model, folder / WEIGHTS)
                return Eight(model), None
        raise CheckpointError(
            f"checkpoint {str(folder)!r} predicts landmarks of schema {self.schema!r} "
            f"({self.schema_fingerprint}); the dataset has schema {schema.name!r} "
            f"({schema.fingerprint}): choose a dataset or a checkpoint of the same schema"
        )

    def untrained(self, schema: LandmarkSchema) -> tuple[nn.Module, nn.Module]:
        """The model and the floor as they are made, without these weights."""
        model = models.build(self.model, schema, **self.overrides)
        models.check_parts(self.model, model)
        if self.others:
            if model.input_size != self.input_size:
                raise CheckpointError(
                    f"input_size is {self.input_size}, and {model.input_size} in config: of "
                    "several networks the first one's crops are the input"
                )
            others = (models.build(self.model, schema, **_overrides(c)) for c in self.others)
            model = Ensemble(schema, [model, *others])
        return model, models.build(FLOOR, schema, input_size=self.input_size)


def _overrides(config: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}


def learned(model: nn.Module) -> int:
    """How many numbers a model has learned: all that a checkpoint holds but running statistics."""
    kept = model.state_dict().items()
    return sum(tensor.numel() for name, tensor in kept if not name.endswith(_RUNNING))


def start_from(folder: Path, model: nn.Module, schema: LandmarkSchema) -> list[str]:
    """Give a model that is to be trained the weights of a checkpoint of the same model.

    Where the checkpoint is of another schema, tensors whose shape follows from the number of
    landmarks keep the values that they have. Of several networks the first one's are taken.

    Returns:
        Names of the tensors that were left as they are.

    Raises:
        CheckpointError: weights that do not fit.
    """
    path, about = folder / WEIGHTS, read(folder)
    tensors, _ = load_tensors(path)
    if about.others:
        first = (name for name in tensors if name.startswith(FIRST))
        tensors = {name.removeprefix(FIRST): tensors[name] for name in first}
    if about.schema_fingerprint == schema.fingerprint:
        _load_into(model, path, tensors)
        return []
    own = model.state_dict()
    kept = [name for name in own if name in tensors and own[name].shape != tensors[name].shape]
    _load_into(model, path, own | {k: v for k, v in tensors.items() if k not in kept})
    return kept


def find(path: Path) -> Path:
    """The folder with `checkpoint.json`: the path, or the `checkpoint` of a run's folder."""
    for folder in (path, path / "checkpoint"):
        if (folder / ABOUT).is_file():
            return folder
    what = "no such folder" if not path.exists() else f"it holds no {ABOUT}"
    raise CheckpointError(
        f"checkpoint {str(path)!r}: {what}; pass a finished run's folder or its checkpoint folder"
    )


def read(folder: Path, of: str = "") -> Checkpoint:
    """The description in a checkpoint's folder.

    Args:
        of: whose checkpoint it is, for messages, in place of the file's path.
    """
    path = folder / ABOUT
    called = f"{ABOUT} of {of}" if of else str(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{called} is not readable JSON: {error}") from error
    every = [field.name for field in fields(Checkpoint)]
    expected = [name for name in every if name not in _MAY_LACK]
    if not isinstance(content, dict) or content.keys() | _MAY_LACK != set(every):
        found = ", ".join(content) if isinstance(content, dict) else type(content).__name__
        raise CheckpointError(f"{called} holds {found[:300]}; expected {', '.join(expected)}")
    if problems := list(_problems(content)):
        raise CheckpointError(f"{called}: {'; '.join(problems)}")
    return Checkpoint(**content)


def _problems(content: Mapping[str, Any]) -> Iterator[str]:
    for name, kind in typing.get_type_hints(Checkpoint).items():
        if name not in content:
            continue
        value, (expected, fits) = content[name], _KINDS[kind]
        if not fits(value):
            yield f"{name} must be {expected}, not {json.dumps(value)[:100]}"
        elif name == "input_size" and not _is_side(value):
            yield f"input_size must be at most {_LARGEST_INPUT} pixels and not 0, not {value}"
        elif name == "others" and not all(_is_side(config.get("input_size")) for config in value):
            yield f"each of others must have an input_size of 1 to {_LARGEST_INPUT} pixels"


def _is_side(value: object) -> bool:
    return type(value) is int and 0 < value <= _LARGEST_INPUT


def save_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a safetensors file, whole or not at all."""
    copies = {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}
    copies = {name: tensor.contiguous() for name, tensor in copies.items()}
    with replacing(path) as temporary:
        save_file(copies, temporary, metadata=dict(metadata or {}))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and metadata of a safetensors file, on the CPU."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        return load_file(path), metadata
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} is not a readable safetensors file: {error}") from error


def _load_into(module: nn.Module, path: Path, tensors: Mapping[str, Tensor] | None = None) -> None:
    """Load a file's tensors, or those made of them."""
    try:
        module.load_state_dict(load_tensors(path)[0] if tensors is None else tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise CheckpointError(f"{path} does not fit the model: {reason}") from error
