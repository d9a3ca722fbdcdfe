"""What is wrong with a row or an item of an official file, part by part."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One wrong part; `found` or `expected` is "" where the other says it all."""

    field: str
    found: str
    expected: str


class Malformed(ValueError):
    """A row or item that is not as the official files have it; lists every fault that it has."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(map(_told, faults)))


def _told(fault: Fault) -> str:
    if not fault.expected:
        return fault.found
    return f"{f'found {fault.found}, ' if fault.found else ''}expected {fault.expected}"


def leaves_folder(name: str) -> bool:
    """Whether a listed name is no relative name inside the archive."""
    parts = name.replace("\\", "/").split("/")
    return not parts[0] or ".." in parts or ":" in parts[0] or "\0" in name
