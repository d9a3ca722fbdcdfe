"""Dials of procedural datasets as they are written on a command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ffld.render.named import NAMED
from ffld.sample import DataError


def add_dials(parser: argparse.ArgumentParser) -> None:
    """--dial, whose texts `turned` reads, as `dials`."""
    parser.add_argument(
        "--dial",
        dest="dials",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="how difficult a procedural dataset is to be, such as company=0, or a name for many "
        "dials, such as photographs; may be repeated",
    )


def turned(texts: Sequence[str]) -> dict[str, Any]:
    """Dials as `ffld.load` takes them, of names for many and `key=value` texts with JSON values.

    Raises:
        DataError: a text that is neither.
    """
    dials: dict[str, Any] = {}
    for text in texts:
        if text in NAMED:
            dials |= NAMED[text]
            continue
        key, _, value = text.partition("=")
        try:
            dials[key] = json.loads(value)
        except ValueError as error:
            raise DataError(
                f"--dial takes key=value with a JSON value, such as company=0, or one of the names "
                f"{', '.join(NAMED)}, not {text!r}"
            ) from error
    return dials


def words(dials: Mapping[str, Any]) -> list[str]:
    """The words of a command line that `turned` reads as these dials, where JSON can say them."""
    for name, setting in NAMED.items():
        if _written(dials) == _written(setting):  # the order of weights is part of them
            return ["--dial", name]
    pairs = ((key, _written(value)) for key, value in dials.items())
    return [word for key, value in pairs for word in ("--dial", f"{key}={value}")]


def _written(value: object) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError):  # keys that are no texts, which only the API can turn
        return repr(value)
