"""What the commands of the benchmark share: one line for every error, exit codes, torch's threads.

Nothing here imports torch before it must, so that --help and a mistyped option answer at once.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from benchmark import world
from ffld import console


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, `error: …`, and exit code 2."""

    def __init__(self, module: str, description: str, epilog: str) -> None:
        super().__init__(
            prog=f"python -m {module}",
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        print(f"error: {message}; see --help", file=sys.stderr)
        raise SystemExit(2)


def add_prediction_settings(parser: argparse.ArgumentParser) -> None:
    """`--set`, of commands that predict by trained weights: see `benchmark.settings.PREDICTION`."""
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="how maps become points: turns=0 or turns=-15,15, flip_average=false, decoder=argmax",
    )


def carried_out(work: Callable[[], None], interrupted: str) -> int:
    """Do a command's work: 0 when it was done, 2 for bad input, 130 when interrupted.

    Args:
        interrupted: what to say after Ctrl-C.
    """
    warnings.showwarning = _show_warning
    # Before torch is imported: its threads must not spin for long while they wait, since that stops
    # a machine with more work than cores; and deterministic matrix products on CUDA need the
    # workspace.
    os.environ.setdefault("GOMP_SPINCOUNT", "50000")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The other processes of a job have met the same error.
    return console.carried_out(work, _errors, interrupted, speaks=lambda: not world.rank())


def count(text: str) -> int:
    """An argument that is a whole number of at least 1."""
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def check_writable(path: Path | None, option: str = "--out", suffixes: Sequence[str] = ()) -> None:
    """Refuse a file that cannot be written, before there is something to write.

    Args:
        suffixes: those of the format that it is going to have; none where any will do.

    Raises:
        DataError: says why.
    """
    from ffld import DataError
    from ffld.atomic import misnamed, unwritable

    if path is None:
        return
    if path.is_dir():
        raise DataError(f"{option}: {str(path)!r} is a folder; name a file")
    why = suffixes and misnamed(path, suffixes)
    if why := why or unwritable(path.parent):
        raise DataError(f"{option}: {why}")


def _errors() -> tuple[type[Exception], ...]:
    """What a user's input can cause; anything else is a defect and shows its traceback."""
    from benchmark import PredictionsError
    from benchmark.checkpoint import CheckpointError
    from benchmark.device import DeviceError
    from benchmark.models import ModelError
    from benchmark.plan import RunError
    from benchmark.result import ResultError
    from benchmark.settings import SettingsError
    from benchmark.train import TrainingError
    from ffld import DataError

    return (
        CheckpointError, DataError, DeviceError, ModelError, PredictionsError, ResultError,
        RunError, SettingsError, TrainingError, world.LostProcess,
    )  # fmt: skip


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    text = " ".join(str(message).split())
    if "deterministic implementation" not in text:  # CUDA kernels, which repeat within rounding
        print(f"warning: {text}", file=sys.stderr)
