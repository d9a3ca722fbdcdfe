"""A list file of the DeepFashion archives: a count, a row of entry names, then one row an image.

Fields are separated by any blanks, and a byte order mark may come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ffld.datasets._malformed import Fault, Malformed
from ffld.sample import DataError

_LARGEST = 1_000_000  # no coordinate of a photograph is beyond it


@dataclass(frozen=True)
class ListFile:
    """A list file: its rows, and the number of rows that its first line declares."""

    path: Path
    declared: int
    lines: Sequence[str]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line number, counted from 1, and fields of every row that is not blank."""
        for number, line in enumerate(self.lines, 3):
            if fields := line.split():
                yield number, fields

    def notes(self) -> list[str]:
        """What its declared number of rows contradicts."""
        rows = sum(1 for line in self.lines if line.strip())
        if rows == self.declared:
            return []
        return [f"{self.path} declares {self.declared:,} rows and has {rows:,}"]


def open_list(path: Path) -> ListFile:
    """Read a list file.

    Raises:
        DataError: unreadable, or it doesn't start with a count and the row of entry names.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); unpack it again") from error
    names = lines[1].split() if len(lines) > 1 else []
    if not lines[0].strip().isdecimal() or not (names and "_name" in names[0]):
        raise DataError(
            f"{path}: its first two lines are {lines[0][:60]!r} and {' '.join(names)[:60]!r}; "
            f"expected the number of rows, then the entry names; unpack it again"
        )
    return ListFile(path, int(lines[0]), lines[2:])


def integers(fields: Sequence[str]) -> list[int]:
    """Fields as numbers; they may be zero-padded.

    Raises:
        Malformed: not whole numbers, or larger than any photograph.
    """
    try:
        numbers = [int(field) for field in fields]
    except ValueError as error:
        found = repr(" ".join(fields)[:80])
        raise Malformed(Fault("numbers", found, "whole numbers")) from error
    if numbers and max(map(abs, numbers)) > _LARGEST:
        found = f"{max(numbers, key=abs)}, which is in no photograph"
        raise Malformed(Fault("numbers", found, "pixels of a photograph"))
    return numbers
