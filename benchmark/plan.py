"""What a run is to do: the command line resolved, checked and named, before any work is done."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import ffld
from benchmark import models, world
from benchmark.checkpoint import WEIGHTS, Checkpoint, CheckpointError
from benchmark.code import commit
from benchmark.device import device_of
from benchmark.request import Request, RunError, settings_of, starting_weights, weights_to_score
from benchmark.settings import Settings, apart
from benchmark.source import identity, settled
from benchmark.typed import type_name, written
from benchmark.weights import DEFAULT_MODEL, Weights
from ffld.catalog import DatasetSpec
from ffld.dials import turned
from ffld.sample import DataError


@dataclass(frozen=True)
class Plan:
    """A request that can be carried out.

    Attributes:
        source: what a procedural dataset is read from; None to render it.
        seed: of training, also where weights are scored.
        overrides: of the model's Config.
        weights: those to score; None to train.
        start: those that training starts from; None for random ones.
        folder: where the run's files go.
        reason: why this device and profile.
        because: options that ask for training where weights come with the model; mostly empty.
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
    weights: Weights | None
    start: Weights | None
    folder: Path
    afresh: bool
    reason: str
    because: str = ""

    @property
    def about(self) -> Checkpoint | None:
        """The description of the weights to score."""
        return self.weights and self.weights.about

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """All that the result depends on, as JSON values; names the run's folder."""
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
            "checkpoint": self.weights and sha256(self.weights.folder / WEIGHTS),
            "settings": self.settings.content,
            "overrides": dict(self.overrides),
        }
        if self.start is not None:
            digest = sha256(self.start.folder / WEIGHTS)
            content["init"] = {"sha256": digest, **self.start.about.content}
            if self.start.address is not None:
                content["init"]["address"] = self.start.address
        if self.source is not None:  # the samples are those of the revision, but for JPEG's loss
            content["source"] = identity(self.source)
        if self.about is not None:
            content["trained"] = self.about.trained
            if self.weights.address is not None:
                content["weights"] = self.weights.address
        return json.loads(json.dumps(content))

    @property
    def recipe(self) -> str:
        """A digest of how it trains: of settings, dials and the weights that it starts from."""
        made = self.configuration
        settings = {name: one for name, one in made["settings"].items() if name != "test_limit"}
        how = [settings, made["dials"], made.get("init", {}).get("sha256")]
        return hashlib.sha256(json.dumps(how, sort_keys=True).encode()).hexdigest()[:8]

    def note(self) -> str:
        """One line on the profile, and why it was taken."""
        if self.weights is not None:
            about = self.weights.about
            which = "the weights that come with " if self.weights.shipped else ""
            source = f" of {self.weights.address}" if self.weights.address else ""
            return (
                f"{self.reason}; scoring {which}{about.model}{source}, trained on {about.samples} "
                f"samples of {about.revision}, input "
                + " and ".join(f"{side}x{side}" for side in about.sizes)
                + ("; --train trains your own" if self.weights.shipped else "")
            )
        s = self.settings
        limits = (f"{'all' if n is None else n}" for n in (s.train_limit, s.val_limit))
        more = ""
        if self.start:
            more = f"; starting from the weights in {self.start.name}"
        elif self.because:
            more = (
                f"; training, since {self.because} says how: without, the weights that come with "
                f"{self.model} are scored"
            )
        return (
            f"{self.reason}: input {s.input_size}x{s.input_size}, width {s.width:g}, "
            f"{' / '.join(limits)} train / val samples, at most {s.epochs} epochs of batches of "
            f"{s.batch_size}; change any with --set{self._kept()}{more}"
        )

    def _kept(self) -> str:
        """Settings that the model has under another type, which the profile leaves to it."""
        return "".join(
            f"; {key} is the model's own, of type {type_name(kind)}: the profile's "
            f"{written(getattr(self.settings, key))} is not applied to it"
            for key, kind in apart(self.settings, models.config_class(self.model)).items()
        )


def resolve(request: Request, elsewhere: torch.device | None = None) -> Plan:
    """Check a request and fill in what it leaves open.

    Args:
        elsewhere: plan for this device, which need not be here, to know the run's configuration.

    Raises:
        RunError, DeviceError, DataError, ModelError, SettingsError, CheckpointError: what cannot be
            done.
    """
    spec = ffld.spec(request.dataset)
    if request.split not in spec.splits:
        raise DataError(
            f"dataset {spec.name!r} has no split {request.split!r}; it has {', '.join(spec.splits)}"
        )
    device, reason = (elsewhere, "") if elsewhere else device_of(request.device)
    start, weights = starting_weights(request), weights_to_score(request)
    given = weights or start
    model = given.about.model if given else request.model or DEFAULT_MODEL
    settings, overrides = settings_of(request, device, model, start)
    if weights is not None:
        overrides = weights.about.config
    if start and settings.pretrained:
        raise RunError("--init and pretrained=true each say what to start from: leave one out")
    plan = Plan(
        model=model,
        spec=spec,
        split=request.split,
        seed=weights.about.seed if weights else request.seed or 0,
        root=str(request.root.expanduser().resolve()) if request.root else None,
        approximate=request.approximate,
        dials=turned(request.dials),
        source=settled(request.source),
        device=device,
        settings=settings,
        overrides=overrides,
        weights=weights,
        start=start,
        folder=request.out or Path(),
        afresh=request.afresh,
        reason=reason,
        because="" if given or request.train else _training_in_place_of_weights(request, model),
    )
    return plan if request.out else dataclasses.replace(plan, folder=Path("runs") / _name(plan))


def _training_in_place_of_weights(request: Request, model: str) -> str:
    """Options by which training was asked for, where otherwise weights would have been scored."""
    return ", ".join(request.training) if models.shipped(model, request.dataset) else ""


def environment(model: str = DEFAULT_MODEL) -> dict[str, Any]:
    """What besides the configuration may change a result: machine, packages, code.

    Args:
        model: whose code it is; that of a model from outside is no part of the commit.
    """
    found = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "processes": world.size(),
        "commit": commit(),
    }
    return found | ({"model_code": models.code_digest(model)} if ":" in model else {})


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
