"""Checks of JSON values, to be put together: each yields what is wrong, in words."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Check = Callable[[object], Iterator[str]]


def keys(
    place: str, content: Mapping[str, Any], needed: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[str]:
    """Keys that are missing from an object, and keys that it should not have."""
    if missing := [name for name in needed if name not in content]:
        yield f"{place}missing: {', '.join(missing)}"
    if unknown := [name for name in content if name not in (*needed, *optional)]:
        known = ", ".join((*needed, *optional))
        yield f"{place}unknown: {', '.join(map(ascii, unknown))}; there are {known}"


def one_of(*choices: str) -> Check:
    """One of some texts."""

    def check(value: object) -> Iterator[str]:
        if value not in choices:
            yield f"expected one of {', '.join(choices)}, found {ascii(value)[:60]}"

    return check


def matching(pattern: re.Pattern[str], what: str) -> Check:
    """A text of a pattern, which `what` puts in words."""

    def check(value: object) -> Iterator[str]:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield f"expected {what}, found {ascii(value)[:60]}"

    return check


def or_word(words: Sequence[str], otherwise: Check) -> Check:
    """A check that lets some words pass, such as "unknown"."""

    def check(value: object) -> Iterator[str]:
        if not (isinstance(value, str) and value in words):
            hint = " or ".join(f'"{word}"' for word in words)
            yield from (f"{problem} (or {hint})" for problem in otherwise(value))

    return check


def whole(least: int, most: int) -> Check:
    """A whole number of a range."""

    def check(value: object) -> Iterator[str]:
        if type(value) is not int or not least <= value <= most:
            yield f"expected a whole number from {least} to {most}, found {ascii(value)[:60]}"

    return check


def number(value: object) -> Iterator[str]:
    """A finite number that is not negative."""
    if type(value) not in (int, float) or not 0 <= value < 1e9:  # False for NaN
        yield f"expected a number from 0, found {ascii(value)[:60]}"


def list_of(of: Check, least: int, most: int) -> Check:
    """A list of so many items, each checked."""

    def check(value: object) -> Iterator[str]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            yield f"expected a list of {least} to {most}, found {ascii(value)[:60]}"
            return
        for number, item in enumerate(value):
            yield from (f"[{number}] {problem}" for problem in of(item))

    return check


def object_of(fields: Mapping[str, Check], optional: Sequence[str] = ()) -> Check:
    """An object with these keys, no others, each value checked."""

    def check(value: object) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"expected an object of {', '.join(fields)}, found {ascii(value)[:60]}"
            return
        yield from keys("", value, [name for name in fields if name not in optional], optional)
        for name in fields:
            if name in value:
                yield from (f"{name} {problem}" for problem in fields[name](value[name]))

    return check


def day(value: object) -> Iterator[str]:
    """A UTC date."""
    try:
        made = datetime.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        made = None
    if made is None or len(value) != 10:
        yield f"expected a UTC date such as 2026-01-31, found {ascii(value)[:60]}"


def date(value: object) -> Iterator[str]:
    """A UTC date that does not lie in the future."""
    yield from (found := list(day(value)))
    if not found and datetime.date.fromisoformat(value) > today() + datetime.timedelta(days=1):
        yield f"{value} lies in the future"


def today() -> datetime.date:
    """The date in UTC."""
    return datetime.datetime.now(datetime.UTC).date()


def boolean(value: object) -> Iterator[str]:
    """True or false."""
    if type(value) is not bool:
        yield f"expected true or false, found {ascii(value)[:60]}"
