"""The secret key of a season: drawn once, kept in a file that nobody else can read, never shown.

The file also says what the key is for, so that a call of `season open` that was killed goes on with
the same key, and a key cannot be used for another season by mistake.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path

from leaderboard.fields import day, matching, object_of, whole
from leaderboard.season_record import KEY, SeasonError

PROJECT = Path(__file__).parents[1]

_LARGEST = 4096  # bytes of a key file
_TEXT = matching(re.compile(r"[A-Za-z0-9_-]{1,80}"), "a name")
_SHAPE = object_of(
    {
        "season": _TEXT,
        "dataset": _TEXT,
        "samples": whole(1, 10_000_000),
        "opens": day,
        "closes": day,
        "key": KEY,
    }
)


@dataclass(frozen=True)
class SeasonKey:
    """A key and the season that it was drawn for."""

    season: str
    dataset: str
    samples: int
    opens: str
    closes: str
    key: str = field(repr=False)


def draw(path: Path, away_from: list[Path], **season: str | int) -> SeasonKey:
    """Draw the key of a season into a new file, or read it if it was drawn for this very season.

    Args:
        away_from: folders that are shown to others, besides this project and any Git work tree.
        season: the other fields of a SeasonKey; `opens` may be later than that of the file.

    Raises:
        SeasonError: a place where others would see it, or a file that is there already.
    """
    _refuse_shown(path, away_from)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and not path.stat().st_size:
            path.unlink()  # of a call that was killed before it wrote the key, or rendered anything
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = read(path)
        if asdict(found) | {"opens": "", "key": ""} != season | {"opens": "", "key": ""}:
            raise SeasonError(
                f"{path} holds the key of season {found.season} ({found.dataset}, {found.samples} "
                f"samples, closes {found.closes}); a key is never overwritten: name another file"
            ) from None
        return found
    made = SeasonKey(**season, key=secrets.token_hex(32))
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(made), indent=2) + "\n")
        stream.flush()
        os.fsync(stream.fileno())  # images are rendered under it from now on
    return made


def read(path: Path) -> SeasonKey:
    """Read a key file; a warning where others can read it too.

    Raises:
        SeasonError: no such file, or no key file.
    """
    if not path.is_file():
        raise SeasonError(f"{path}: no such file; it is what `season open` wrote as --key-file")
    about = path.stat()
    if os.name == "posix" and about.st_mode & 0o077:
        warnings.warn(
            f"{path} can be read by others (mode {about.st_mode & 0o777:o}): whoever did has the "
            f"labels; chmod 600 {path}",
            stacklevel=2,
        )
    try:
        if about.st_size > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SeasonError(f"{path} is no key file: {error}") from error
    if found := list(_SHAPE(content)):
        # Not what was found, for that may be most of a key.
        raise SeasonError(
            f"{path} is no key file: {'; '.join(p.split(', found')[0] for p in found)}"
        )
    return SeasonKey(**content)


def _refuse_shown(path: Path, away_from: list[Path]) -> None:
    place = path.resolve()
    for folder in (PROJECT, *away_from):
        if place.is_relative_to(folder.resolve()):
            raise SeasonError(f"key file {path} lies in {folder}, which others see; keep it apart")
    for folder in place.parents:
        if (folder / ".git").exists():
            raise SeasonError(f"key file {path} lies in the Git work tree {folder}; keep it apart")
