"""Files that commands are asked to write: whole or not at all, and errors in a line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.plan import RunError
from ffld.atomic import replacing


@contextmanager
def writing_out(path: Path, option: str = "--out") -> Iterator[Path]:
    """`ffld.atomic.replacing`, whose block writes nothing but this file.

    Raises:
        RunError: it can't be written.
    """
    try:
        with replacing(path) as temporary:
            yield temporary
    except OSError as error:
        raise RunError(f"{option}: cannot write {str(path)!r} ({error.strerror})") from error
