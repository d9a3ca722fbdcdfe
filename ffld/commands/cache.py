"""The command line of `python -m ffld cache`."""

from __future__ import annotations

import argparse
import math
import time


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of `python -m ffld`."""
    cache = commands.add_parser(
        "cache",
        help="what is kept on this machine, and how to be rid of it",
        description="What lies in $FFLD_CACHE, otherwise ~/.cache/ffld: how much of each kind, and "
        "when it was last used. All of it can be made or fetched again. --remove deletes kinds, "
        "with --unused what was not used for so many days alone. Leave crops alone while a run "
        "trains on them from a disk that several machines share.",
    )
    cache.add_argument(
        "--remove", nargs="+", metavar="KIND", help="kinds to delete, such as crops; or all"
    )
    cache.add_argument(
        "--unused", type=_days, metavar="DAYS", help="with --remove: leave what is younger"
    )
    cache.add_argument(
        "--dry-run", action="store_true", help="with --remove: say what would go, delete nothing"
    )
    cache.set_defaults(run=_run)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 <= days < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 0")
    return days


def _run(arguments: argparse.Namespace) -> None:
    from ffld import kept
    from ffld.cache import cache_folder
    from ffld.sample import DataError

    if arguments.remove is None:
        if arguments.unused is not None or arguments.dry_run:
            raise DataError("--unused and --dry-run say what --remove is to delete; add it")
        print(_table())
        return
    kinds = list(kept.KINDS) if "all" in arguments.remove else arguments.remove
    if unknown := [kind for kind in kinds if kind not in kept.KINDS]:
        raise DataError(f"--remove: no kind {unknown[0]!r}; there are {', '.join(kept.KINDS)}, all")
    verb = "would delete" if arguments.dry_run else "deleted"
    total = kept.remove(
        list(dict.fromkeys(kinds)),
        arguments.unused or 0.0,
        dry=arguments.dry_run,
        each=lambda entry: print(
            f"{verb} {entry.path.relative_to(cache_folder())} ({_bytes(entry.size)})", flush=True
        ),
    )
    print(f"{verb} {_bytes(total)} in {cache_folder()}")


def _table() -> str:
    from ffld import kept
    from ffld.cache import cache_folder

    lines, total = [], 0
    for kind, about in kept.KINDS.items():
        found = kept.entries(kind)
        size = sum(entry.size for entry in found)
        total += size
        last = f"last used {_ago(found[0].used)}, " if found else ""
        lines.append(f"{kind:12}{_bytes(size):>10}  {len(found):5}  {last}{about.what}")
    return "\n".join([f"{cache_folder()}: {_bytes(total)}", *lines])


def _bytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def _ago(then: float) -> str:
    days = int((time.time() - then) // (24 * 60 * 60))
    return "today" if days < 1 else f"{days} day{'s' if days > 1 else ''} ago"
