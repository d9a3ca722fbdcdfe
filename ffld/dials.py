"""Dials of procedural datasets as they are written on a command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ffld.render.named import NAMED
from ffld.sample import DataError


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
