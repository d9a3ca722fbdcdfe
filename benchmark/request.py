"""What the command line of a run asks for: weights to score or to start from, and settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmark import models
from benchmark.settings import LOSS, PREDICTION, Settings, parse, profile, recipe, understood
from benchmark.typed import written
from benchmark.weights import DEFAULT_MODEL, Weights, find_weights, shipped_weights


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
    checkpoint: str | Path | None = None
    init: str | Path | None = None
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

    @property
    def training(self) -> list[str]:
        """The options that say that a model is to be trained, or how; none to score weights."""
        given = {
            "--train": self.train,
            "--init": self.init,
            "--seed": self.seed is not None,
            "--epochs": self.epochs,
            "--recipe": self.recipe != "ours",
        }
        keys = (text.partition("=")[0].strip() for text in self.assignments)
        settings = [f"--set {key}" for key in keys if key not in PREDICTION]
        return [option for option, is_given in given.items() if is_given] + settings


def weights_to_score(request: Request) -> Weights | None:
    """The checkpoint that is asked for, or the model's own if no training is; None to train.

    Raises:
        RunError: both are asked for.
    """
    if request.checkpoint is not None:
        if request.training:
            raise RunError(
                "--checkpoint scores weights as they are: leave out --train, --seed, --recipe, "
                f"--epochs and --set, but for {', '.join(PREDICTION)}, which decide how maps "
                "become points; or leave out --checkpoint to train"
            )
        return find_weights(request.checkpoint, request.model).predicting(request.assignments)
    if request.training:
        return None
    shipped = shipped_weights(request.model or DEFAULT_MODEL, request.dataset)
    return shipped and shipped.predicting(request.assignments)


def starting_weights(request: Request) -> Weights | None:
    """The weights that training is to start from, if any.

    Raises:
        RunError: others are to be scored.
    """
    if request.init is None:
        return None
    if request.checkpoint is not None:
        raise RunError("--checkpoint scores weights, --init trains them further: leave one out")
    return find_weights(request.init, request.model)


def settings_of(
    request: Request, device: torch.device, model: str, start: Weights | None
) -> tuple[Settings, dict[str, Any]]:
    """Settings of the recipe and overrides of the model; weights to start from bring theirs.

    Raises:
        SettingsError: there are no such settings.
        RunError: one that the weights to start from don't leave open.
    """
    config, defaults = models.config_class(model), profile(device.type)
    brought = start.about.overrides if start else {}
    shared = {field.name for field in dataclasses.fields(Settings)} & brought.keys()
    defaults = dataclasses.replace(defaults, **{key: brought[key] for key in shared})
    assignments = understood(recipe(request.recipe, request.dataset), config)
    assignments += request.assignments
    if request.limit is not None:
        assignments.append(f"test_limit={request.limit}")
    if request.epochs is not None:
        assignments.append(f"epochs={request.epochs}")
    settings, overrides = parse(assignments, defaults, config)
    if start and ":" not in model and (found := list(_other_network(config, brought, overrides))):
        raise RunError(
            f"--init brings the network of its weights, in which {', '.join(found)}: leave that "
            "out, or train without --init"
        )
    return settings, brought | overrides


def _other_network(
    config: type, brought: Mapping[str, Any], asked: Mapping[str, Any]
) -> Iterator[str]:
    """The settings that would make another network than the weights are of.

    In models of this project: what those from outside call their settings says nothing of them.
    """
    left_open = {"input_size", *PREDICTION, *LOSS}
    had = {field.name: field.default for field in dataclasses.fields(config)} | brought
    for key in sorted(asked.keys() - left_open):
        if asked[key] != had[key]:
            yield f"{key} is {written(had[key])} and not {written(asked[key])}"
