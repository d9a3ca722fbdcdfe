"""Trained weights as a model repository of a Hugging Face hub, with a card of what they scored.

A repository holds what `python -m benchmark.ship` writes: the checkpoint's three files,
training.json, scores.json and the card. All of it becomes one commit, or none if it is there.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmark import checkpoint
from benchmark.card import CARD, SCORES, card
from benchmark.checkpoint import Checkpoint
from benchmark.origin import TRAINING, seen, unknown_start
from benchmark.plan import RunError
from benchmark.scored import add_scores
from benchmark.ship import gather
from ffld.hub import client, transfer
from ffld.hub.client import Repository, Snapshot
from ffld.hub.errors import HubError
from ffld.hub.transfer import Published

LICENCE = "apache-2.0"  # of weights that have seen rendered images alone, as of this project

_HELD = (*checkpoint.FILES, TRAINING, SCORES)
_OTHERS = {".gitattributes", "LICENSE", CARD}


def prepare(
    source: Path,
    folder: Path,
    scores: Sequence[Path],
    *,
    half: bool = False,
    before: Sequence[str | Path] = (),
) -> None:
    """Write all that is published into an empty folder, but for the card.

    Args:
        source: folder of a finished run, whose own scores count, or one that `ship` wrote.
        scores: runs that scored the weights as they are published.
        half: round matrices and kernels of a run to 16 bits; then its own scores do not count.
        before: the weights that a run went on from, the latest first, as `find_weights` takes them.

    Raises:
        RunError, CheckpointError, ResultError: weights or scores that cannot be published.
    """
    if (source / TRAINING).is_file():
        if before:
            raise RunError(f"--before is for a run; {str(source)!r} was made by ship, which has it")
        if missing := [file for file in _HELD if not (source / file).is_file()]:
            raise RunError(f"{str(source)!r} has no {missing[0]}; make it anew: benchmark.ship")
        for file in _HELD:
            shutil.copyfile(source / file, folder / file)
        add_scores(folder, scores)
    else:
        gather(source, folder, half=half, before=before)
        add_scores(folder, scores, own=None if half else source)
    held = json.loads((folder / SCORES).read_text(encoding="utf-8"))
    if not held:
        raise RunError(
            "nobody has scored these weights in half precision, and the card has numbers of result "
            f"files alone: python -m benchmark.ship {source} --out DIR, then python -m "
            "benchmark.run --checkpoint DIR --out SCORED, then add --scores SCORED"
        )
    if any("revision" not in one for one in held.values()):
        raise RunError(
            f"{str(source)!r} is of an earlier version: make it anew with benchmark.ship"
        )


def licence_of(folder: Path, asked: str | None) -> str:
    """The licence that goes on the card: the one asked for, or that of this project.

    Raises:
        RunError: none was asked for, and the weights have seen photographs, or may have; or it is
            no name.
    """
    if asked is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", asked):
        raise RunError(f"--licence takes a name of the hub's, such as {LICENCE}, not {asked!r}")
    training = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    photographs = [one for one in seen(training) if not one.procedural]
    if asked is None and photographs:
        terms = "; ".join(f"{one.name}: {one.licence}" for one in photographs)
        raise RunError(
            f"these weights were trained on photographs under terms of their own ({terms}): say "
            "under which licence they may be published, such as --licence cc-by-nc-4.0"
        )
    if asked is None and (start := unknown_start(training)):
        raise RunError(
            "these weights went on from others, and nothing says what those had seen: name "
            f"{start.get('address', 'their runs')} with --before, or say under which licence they "
            "may be published: --licence"
        )
    return asked or LICENCE


def publish(
    folder: Path, repository: Repository, licence: str, *, private: bool = False
) -> Published:
    """Make a repository hold prepared weights and their card; it is made if it isn't there.

    Raises:
        HubError: the hub refuses, or the repository holds something else.
    """
    about = checkpoint.read(folder)
    client.create(repository, private)
    before = client.look_up(repository)
    _refuse_foreign(before, about)
    files: dict[str, Path | bytes] = {name: folder / name for name in _HELD}
    files[CARD] = card(folder, repository.name, licence).encode()
    return transfer.update(before, files, (), f"Publish {about.model} trained on {about.revision}")


def _refuse_foreign(before: Snapshot, about: Checkpoint) -> None:
    """Publishing replaces weights, which must have been of the same model and dataset."""
    others = [path for path in before.hashes if path not in _OTHERS and path not in _HELD]
    if others:
        raise HubError(f"{before} holds {others[0]}, which isn't of weights; choose another one")
    text = transfer.text(before, checkpoint.ABOUT)
    if text is None:
        return
    try:
        found = json.loads(text)
        same = (found["model"], found["dataset"]) == (about.model, about.dataset)
    except (KeyError, TypeError, ValueError):
        same = False
    if not same:
        raise HubError(
            f"{before} holds weights of something else than {about.model!r} trained on "
            f"{about.dataset!r}; choose another one"
        )
