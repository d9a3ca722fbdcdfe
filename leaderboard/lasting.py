"""What a build may not take away: entries, what they say and predict, seasons, their record."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from leaderboard.submission import FIXED
from leaderboard.tables import STATED


def vanished(out: Path, files: Mapping[str, str], left: Collection[str]) -> list[str]:
    """Entries and seasons that the tables of a folder list and that are gone, or are others now.

    Args:
        files: name -> content, of the tables as they are to be.
        left: datasets whose tables stay.
    """
    found = []
    for path in sorted(out.glob("*.json")) if out.is_dir() else []:
        if path.stem not in left:
            found += differences(listed(path), json.loads(files.get(path.name, "{}")))
    return found


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What of a dataset's table, as JSON, should have stayed and did not."""
    yield from _altered_seasons(before.get("seasons", []), after.get("seasons", []))
    for name, place in before.get("entries", {}).items():
        now = after.get("entries", {}).get(name)
        if now is None:
            yield f"entry {name} is gone: entries stay; withdraw it, with a date and a reason"
        elif now not in (place, "withdrawn") and not _may_move(place, now):
            yield f"entry {name} was {place!r} and is {now!r} now; it must stay there"
        elif not _replaced(place, now):
            yield from _altered(name, before.get(STATED, {}), after.get(STATED, {}))


def _altered(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """What an entry no longer says, or no longer predicts: seeds are added, never taken away.

    Args:
        before, after: entry -> what it said and says, as `Submission.stated` has it; of
            tables that held none of it nothing is known.
    """
    if name not in before:
        return
    was, now = before[name], after[name]
    remedy = "withdraw it, with a date and a reason, and send another"
    if was["statement"] != now["statement"]:
        yield f"entry {name} states something else than it did ({', '.join(FIXED)} stay): {remedy}"
    if missing := set(was["predictions"]) - set(now["predictions"]):
        yield f"entry {name} lacks {len(missing)} of the predictions that it had: {remedy}"


def _may_move(place: str, now: str) -> bool:
    """Whether an entry's place may become this one: sealed ones are revealed, replaced editions
    leave their entries to be predicted again, for the same board of the new version."""
    board, same = place.rpartition(" ")[0], now.rpartition(" ")[0]
    stays = board != "" and board == same
    return place in ("claimed", "sealed") or (stays and _replaced(place, now))


def _replaced(place: str, now: str) -> bool:
    """Whether two places are of different editions; what follows + is no version."""
    (board, _, was), (_, _, is_) = place.rpartition(" "), now.rpartition(" ")
    return bool(board) and was.partition("+")[0] != is_.partition("+")[0]


def _altered_seasons(before: Sequence[dict], after: Sequence[dict]) -> Iterator[str]:
    """Seasons of earlier tables that are gone, or whose record says something else now."""
    now = {season["season"]: season for season in after}
    for old in before:
        name, new = old["season"], now.get(old["season"])
        if new is None:
            yield f"season {name} is gone: seasons stay, with their entries"
        elif altered := [
            field
            for field, value in old.items()
            if new[field] != value and not (field == "revealed" and value is None)
        ]:
            yield f"season {name}: its record was altered ({', '.join(altered)}); it must stay"


def listed(path: Path) -> dict[str, Any]:
    """A table that an earlier build wrote; nothing where there is none, or something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    ours = isinstance(content, dict) and {"boards", "entries", "reported"} <= content.keys()
    return content if ours else {}
