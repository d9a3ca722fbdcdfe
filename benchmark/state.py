"""The state of an unfinished training, as one safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmark.checkpoint import CheckpointError, load_tensors, save_tensors


@dataclass(frozen=True)
class TrainingState:
    """Where a training stands after an epoch; all that continuing it needs.

    Attributes:
        history: one record an epoch, as in `metrics.jsonl`.
        best: the weights of the epoch with the least validation NE.
    """

    history: list[dict[str, float]]
    best: Mapping[str, Tensor]

    def save(
        self,
        path: Path,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        average: nn.Module | None = None,
    ) -> None:
        """Write this, all that is given and torch's random states as one file."""
        state = optimizer.state_dict()
        moments = {
            f"{index}.{name}": value
            for index, values in state["state"].items()
            for name, value in values.items()
        }
        groups = {
            "model": model.state_dict(),
            "best": self.best,
            "optimizer": moments,
            "random": _random_states(),
            "average": average.state_dict() if average else {},
        }
        tensors = {
            f"{g}/{name}": tensor for g, part in groups.items() for name, tensor in part.items()
        }
        metadata = {
            "history": json.dumps(self.history),
            "groups": json.dumps(state["param_groups"]),
        }
        save_tensors(path, tensors, metadata)

    @classmethod
    def load(
        cls,
        path: Path,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        average: nn.Module | None = None,
    ) -> TrainingState:
        """Read what `save` wrote, into what it was written from and torch's random states.

        Raises:
            CheckpointError: not such a file, or of another model.
        """
        tensors, metadata = load_tensors(path)
        try:
            groups = _grouped(tensors, "/")
            moments = _grouped(groups.get("optimizer", {}), ".")
            state = {int(index): values for index, values in moments.items()}
            model.load_state_dict(groups["model"])
            if average is not None:
                average.load_state_dict(groups["average"])
            optimizer.load_state_dict(
                {"state": state, "param_groups": json.loads(metadata["groups"])}
            )
            _lay_out_as_parameters(optimizer)
            torch.set_rng_state(groups["random"]["cpu"])
            if "cuda" in groups["random"] and torch.cuda.is_available():
                torch.cuda.set_rng_state(groups["random"]["cuda"])
            return cls(history=json.loads(metadata["history"]), best=groups["best"])
        except (KeyError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:300]
            raise CheckpointError(
                f"{path} is of another training ({reason}); --afresh begins anew"
            ) from error


def _grouped(tensors: Mapping[str, Tensor], separator: str) -> dict[str, dict[str, Tensor]]:
    """Tensors by the first part of their names."""
    groups: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        group, _, name = key.partition(separator)
        groups.setdefault(group, {})[name] = tensor
    return groups


def _lay_out_as_parameters(optimizer: torch.optim.Optimizer) -> None:
    """Give moments the strides of their parameters: the fused step walks through raw memory."""
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if value.shape == parameter.shape:
                state[name] = torch.empty_like(parameter, requires_grad=False).copy_(value)


def _random_states() -> dict[str, Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states["cuda"] = torch.cuda.get_rng_state()
    return states
