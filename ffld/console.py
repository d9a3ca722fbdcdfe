"""What all commands share: one line for every error, exit codes, output that may be cut off."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

# suffixes that nobody gives a folder
_FILES = (".bmp", ".csv", ".gif", ".htm", ".html", ".jpeg", ".jpg", ".json", ".md", ".onnx",
          ".parquet", ".pdf", ".png", ".tif", ".tiff", ".txt", ".webp", ".zip")  # fmt: skip


def out_folder(text: str) -> Path:
    """An argument that is a folder to write into, and isn't named like one file.

    Raises:
        ArgumentTypeError: it is.
    """
    path = Path(text)
    if path.suffix.lower() in _FILES and not path.is_dir():
        raise argparse.ArgumentTypeError(
            f"{text!r} would be a folder, and is named like a {path.suffix} file; name a folder, "
            f"such as {path.with_suffix('').name}"
        )
    return path


def carried_out(
    work: Callable[[], int | None],
    errors: Callable[[], tuple[type[Exception], ...]],
    interrupted: str = "interrupted",
    speaks: Callable[[], bool] = lambda: True,
) -> int:
    """Do a command's work: what it returns or 0, 2 for bad input, 130 when interrupted.

    Args:
        errors: what a user's input can cause, each told in one line; asked for when there is one.
        interrupted: what to say after Ctrl-C.
        speaks: whether this process is the one of its job that tells.
    """
    try:
        code = work() or 0
        sys.stdout.flush()
    except BrokenPipeError:  # who reads the answer has read enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"\n{interrupted}", file=sys.stderr)
        return 130
    except Exception as error:
        if not isinstance(error, errors()):
            raise  # a defect, which shows its traceback
        if speaks():
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return code
