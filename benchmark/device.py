"""Which device a run is on, by name."""

from __future__ import annotations

import re

import torch


class DeviceError(ValueError):
    """A device that is unknown or not there; the message says which there are."""


def device_of(name: str) -> tuple[torch.device, str]:
    """The device of a name, and why its profile is taken.

    Args:
        name: "auto", "cpu", "cuda" or "cuda:N".

    Raises:
        DeviceError: unknown, or not there.
    """
    available = torch.cuda.is_available()
    if name == "auto":
        found = "a CUDA device" if available else "no CUDA device"
        device = torch.device("cuda" if available else "cpu")
        why = f"torch sees {found}"
    elif re.fullmatch(r"cpu|cuda(:\d+)?", name):
        device, why = torch.device(name), "--device says so"
    else:
        raise DeviceError(f"unknown device {name!r}; there are auto, cpu, cuda, cuda:0, cuda:1, …")
    count = torch.cuda.device_count() if available else 0
    if device.type == "cuda" and (device.index or 0) >= count:
        raise DeviceError(
            f"device {name!r} is not there: torch {torch.__version__} sees {count} CUDA devices; "
            "pass --device cpu, or leave it out"
        )
    return device, f"{device.type} profile, since {why}"
