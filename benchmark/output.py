"""The file that a command is asked to write by `--out`: judged before the work, written after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.folder import check_writable
from benchmark.plan import RunError
from ffld.atomic import replacing


def check_out(path: Path) -> None:
    """Refuse a file that could not be written once the work is done.

    Raises:
        RunError: it is a folder, or its folder can't be made or written in.
    """
    if path.is_dir():
        raise RunError(f"--out: {str(path)!r} is a folder; name a file")
    check_writable(path.parent)


@contextmanager
def writing_out(path: Path) -> Iterator[Path]:
    """`ffld.atomic.replacing`, whose block writes nothing but this file.

    Raises:
        RunError: it can't be written.
    """
    try:
        with replacing(path) as temporary:
            yield temporary
    except OSError as error:
        raise RunError(f"--out: cannot write {str(path)!r} ({error.strerror})") from error
