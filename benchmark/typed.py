"""Values of a dataclass's fields as texts of the command line, and back."""

from __future__ import annotations

import dataclasses
import types
import typing


def field_types(config: type) -> dict[str, typing.Any]:
    """The types of the fields that a dataclass is made from, by name."""
    hints = typing.get_type_hints(config)
    return {field.name: hints[field.name] for field in dataclasses.fields(config) if field.init}


def converted(text: str, kind: typing.Any) -> typing.Any:
    """The value that a text stands for; ValueError where it is not of that type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if text.lower() == "none" and types.NoneType in inner:
            return None
        return _first_that_fits(text, [one for one in inner if one is not types.NoneType])
    if origin is typing.Literal:
        return inner[[str(one) for one in inner].index(text)]
    if origin is tuple:
        return _tuple(text, inner)
    if kind is bool:
        return ("false", "true").index(text.lower()) == 1
    if kind in (int, float, str):
        return kind(text)
    raise ValueError(f"no value of {kind} can be written on the command line")


def fits(value: typing.Any, kind: typing.Any) -> bool:
    """Whether a value is of a field's type; whole numbers are floats, too."""
    if typing.get_origin(kind) is typing.Literal:
        return value in typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)
        inner = inner[:1] * len(value) if inner[-1] is ... and isinstance(value, tuple) else inner
        same = isinstance(value, tuple) and len(value) == len(inner)
        return same and all(map(fits, value, inner))
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _first_that_fits(text: str, kinds: list) -> typing.Any:
    for kind in kinds:
        try:
            return converted(text, kind)
        except ValueError:
            continue
    raise ValueError(text)


def _tuple(text: str, inner: tuple) -> tuple:
    parts = [part.strip() for part in text.strip("()").split(",") if part.strip()]
    if inner[-1] is Ellipsis:
        return tuple(converted(part, inner[0]) for part in parts)
    if len(parts) != len(inner):
        raise ValueError(text)
    return tuple(converted(part, one) for part, one in zip(parts, inner, strict=True))


def written(value: typing.Any) -> str:
    """The text that stands for a value."""
    if isinstance(value, tuple):
        return ",".join(map(written, value))
    return str(value).lower() if isinstance(value, bool | None) else str(value)


def type_name(kind: typing.Any) -> str:
    """What a value of that type is, for people."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_name(one) for one in inner)
    if origin is typing.Literal:
        return "one of " + "|".join(map(str, inner))
    if origin is tuple:
        return f"{type_name(inner[0])},…" if inner[-1] is Ellipsis else "a tuple"
    return "none" if kind is types.NoneType else getattr(kind, "__name__", str(kind))
