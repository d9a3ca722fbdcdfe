"""What a run is to do: the command line resolved, checked and named, before any work is done."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

import ffld
from benchmark import checkpoint, models, world
from benchmark.checkpoint import Checkpoint, CheckpointError
from benchmark.settings import Settings, parse, profile, recipe, understood
from benchmark.source import identity, settled
from ffld.catalog import DatasetSpec
from ffld.sample import DataError

DEFAULT_MODEL = "lgr"
SHIPPED = Path("shipped")  # as --checkpoint: the weights that come with the model


class RunError(ValueError):
    """A run that cannot be done as asked; the message says what to ask for instead."""


@dataclass(frozen=True)
class Request:
    """The command line of `python -m benchmark.run`."""

    model: str | None = None
    dataset: str = "ffld"
    split: str = "test"
    limit: int | None = None
    seed: int | None = None
    epochs: int | None = None
    checkpoint: Path | None = None
    train: bool = False
    afresh: bool = False
    recipe: str = "ours"
    device: str = "auto"
    out: Path | None = None
    root: Path | None = None
    source: str | None = None
    approximate: bool = False
    dials: Sequence[str] = ()
    assignments: Sequence[str] = ()


@dataclass(frozen=True)
class Plan:
    """A request that can be carried out.

    Attributes:
        source: what a procedural dataset is read from; None to render it.
        overrides: of the model's Config.
        weights: folder of the checkpoint to score, with `about` its description; None to train.
        shipped: whether these weights come with the model.
        folder: where the run's files go.
        reason: why this device and profile.
    """

    model: str
    spec: DatasetSpec
    split: str
    seed: int
    root: str | None
    approximate: bool
    dials: Mapping[str, Any]
    source: str | None
    device: torch.device
    settings: Settings
    overrides: Mapping[str, Any]
    weights: Path | None
    about: Checkpoint | None
    shipped: bool
    folder: Path
    afresh: bool
    reason: str

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """All that the result depends on, as JSON values; names the run's folder."""
        weights = self.weights and sha256(self.weights / "model.safetensors")
        content = {
            "model": self.model,
            "dataset": self.spec.name,
            "revision": self.spec.revision,
            "schema_fingerprint": self.spec.schema.fingerprint,
            "split": self.split,
            "seed": self.seed,
            "root": self.root,
            "approximate": self.approximate,
            "dials": dict(self.dials),
            "device": self.device.type,
            "checkpoint": weights,
            "settings": self.settings.content,
            "overrides": dict(self.overrides),
        }
        if self.source is not None:  # the samples are those of the revision, but for JPEG's loss
            content["source"] = identity(self.source)
        return json.loads(json.dumps(content))

    def note(self) -> str:
        """One line on the profile, and why it was taken."""
        if self.about is not None:
            about = self.about
            which = "the weights that come with " if self.shipped else ""
            return (
                f"{self.reason}; scoring {which}{about.model}, trained on {about.samples} samples "
                f"of {about.revision}, input {about.input_size}x{about.input_size}"
                + ("; --train trains your own" if self.shipped else "")
            )
        s = self.settings
        limits = (f"{'all' if n is None else n}" for n in (s.train_limit, s.val_limit))
        return (
            f"{self.reason}: input {s.input_size}x{s.input_size}, width {s.width:g}, "
            f"{' / '.join(limits)} train / val samples, at most {s.epochs} epochs of batches of "
            f"{s.batch_size}; change any with --set"
        )


def resolve(request: Request, elsewhere: torch.device | None = None) -> Plan:
    """Check a request and fill in what it leaves open.

    Args:
        elsewhere: plan for this device, which need not be here, to know the run's configuration.

    Raises:
        RunError, DataError, ModelError, SettingsError, CheckpointError: what cannot be done.
    """
    spec = ffld.spec(request.dataset)
    if request.split not in spec.splits:
        raise DataError(
            f"dataset {spec.name!r} has no split {request.split!r}; it has {', '.join(spec.splits)}"
        )
    device, reason = (elsewhere, "") if elsewhere else device_of(request.device)
    weights = _weights(request)
    about = checkpoint.read(weights) if weights else None
    model = _model_name(request, about)
    settings, overrides = _settings(request, device, model)
    if about is not None:
        overrides = about.config
    plan = Plan(
        model=model,
        spec=spec,
        split=request.split,
        seed=request.seed or 0,
        root=str(request.root.resolve()) if request.root else None,
        approximate=request.approximate,
        dials=_dials(request.dials),
        source=settled(request.source),
        device=device,
        settings=settings,
        overrides=overrides,
        weights=weights,
        about=about,
        shipped=weights is not None and request.checkpoint in (None, SHIPPED),
        folder=request.out or Path(),
        afresh=request.afresh,
        reason=reason,
    )
    return plan if request.out else dataclasses.replace(plan, folder=Path("runs") / _name(plan))


def environment() -> dict[str, Any]:
    """What besides the configuration may change the last digits of a result."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "processes": world.size(),
    }


def _weights(request: Request) -> Path | None:
    """The checkpoint to score: the one asked for, or the model's own if no training is."""
    if request.checkpoint not in (None, SHIPPED):
        return checkpoint.find(request.checkpoint)
    name = request.model or DEFAULT_MODEL
    if request.checkpoint == SHIPPED:
        return shipped_weights(name)
    return None if _trains(request) else models.shipped(name, request.dataset)


def shipped_weights(model: str) -> Path:
    """The weights that come with a model, trained on FFLD.

    Raises:
        CheckpointError: there are none.
    """
    if (found := models.shipped(model, "ffld")) is None:
        raise CheckpointError(
            f"no weights come with {model!r}; train them: python -m benchmark.run --model {model} "
            f"--dataset ffld --out runs/{model}, then pass --checkpoint runs/{model}"
        )
    return found


def _trains(request: Request) -> bool:
    """Whether the request says how to train, or that it is to be done."""
    asked = (request.train, request.assignments, request.epochs, request.seed is not None)
    return any(asked) or request.recipe != "ours"


def _model_name(request: Request, about: Checkpoint | None) -> str:
    if about is None:
        return request.model or DEFAULT_MODEL
    if _trains(request):
        raise RunError(
            "--checkpoint scores weights as they are: leave out --train, --seed, --recipe, "
            "--epochs and --set, or leave out --checkpoint to train"
        )
    if request.model not in (None, about.model):
        raise CheckpointError(
            f"checkpoint {str(request.checkpoint)!r} is of model {about.model!r}, not "
            f"{request.model!r}"
        )
    return about.model


def _settings(
    request: Request, device: torch.device, model: str
) -> tuple[Settings, dict[str, Any]]:
    config = models.config_class(model)
    assignments = understood(recipe(request.recipe, request.dataset), config)
    assignments += request.assignments
    if request.limit is not None:
        assignments.append(f"test_limit={request.limit}")
    if request.epochs is not None:
        assignments.append(f"epochs={request.epochs}")
    return parse(assignments, profile(device.type), config)


def _dials(texts: Sequence[str]) -> dict[str, Any]:
    """`key=value` texts with JSON values, as `ffld.load` takes them."""
    dials = {}
    for text in texts:
        key, _, value = text.partition("=")
        try:
            dials[key] = json.loads(value)
        except ValueError as error:
            raise RunError(
                f"--dial takes key=value with a JSON value, such as company=0, not {text!r}"
            ) from error
    return dials


def device_of(name: str) -> tuple[torch.device, str]:
    """The device of a name, and why its profile is taken."""
    available = torch.cuda.is_available()
    if name == "auto":
        found = "a CUDA device" if available else "no CUDA device"
        device = torch.device("cuda" if available else "cpu")
        why = f"torch sees {found}"
    elif re.fullmatch(r"cpu|cuda(:\d+)?", name):
        device, why = torch.device(name), "--device says so"
    else:
        raise RunError(f"unknown device {name!r}; there are auto, cpu, cuda, cuda:0, cuda:1, …")
    count = torch.cuda.device_count() if available else 0
    if device.type == "cuda" and (device.index or 0) >= count:
        raise RunError(
            f"device {name!r} is not there: torch {torch.__version__} sees {count} CUDA devices; "
            "pass --device cpu, or leave it out"
        )
    return device, f"{device.type} profile, since {why}"


def _name(plan: Plan) -> str:
    """The run's folder: model, dataset and a hash of everything that its result depends on."""
    model = re.sub(r"[^\w-]+", "-", plan.model)
    text = json.dumps(plan.configuration, sort_keys=True)
    return f"{model}-{plan.spec.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal digits."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror})") from error
