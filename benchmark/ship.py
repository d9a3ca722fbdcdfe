"""python -m benchmark.ship: a finished run's weights as files that come with the model.

The folder that it makes holds the checkpoint with matrices in half precision, `training.json` (how
the weights came about), `scores.json` (what they scored) and the model card, which is written from
these files alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ffld
from benchmark.code import DIRTY, commit
from benchmark.command import Parser, add_prediction_settings, carried_out
from ffld.console import out_folder

if TYPE_CHECKING:
    from torch import nn

    from benchmark.checkpoint import Checkpoint
    from benchmark.weights import Weights

_EPILOG = """\
examples:
  python -m benchmark.ship runs/lgr-ffld-1234abcd --out lgr/weights/lgr-ffld
      round the weights to half precision and write them with their card
  python -m benchmark.run --model lgr --checkpoint lgr/weights/lgr-ffld --out runs/scored
  python -m benchmark.ship runs/lgr-ffld-1234abcd --out lgr/weights/lgr-ffld --scores runs/scored
      the same weights, and their scores on the card; runs of other weights are refused
  python -m benchmark.ship runs/lgr-ffld-1234abcd --out lgr/weights/lgr-ffld --set turns=-15,15
      the same weights, which look at each image twice unless they are told otherwise
  python -m benchmark.ship runs/lgr-ffld-128 --with runs/lgr-ffld-96 --out lgr/weights/lgr-ffld
      two networks as one file, whose heat maps are averaged; the largest input comes first
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    about = "Make a run's weights files that come with the model."
    parser = Parser("benchmark.ship", about, _EPILOG)
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="folder of a finished training")
    add("--out", type=out_folder, required=True, metavar="DIR", help="such as lgr/weights/lgr-ffld")
    add(
        "--before", nargs="*", default=[], metavar="WEIGHTS",
        help="those that it went on from, the latest first: runs, shipped, hf://…",
    )  # fmt: skip
    add(
        "--with", dest="others", nargs="*", default=[], metavar="WEIGHTS",
        help="networks to average with, trained apart: runs, or folders that ship wrote",
    )  # fmt: skip
    add("--scores", type=Path, nargs="*", default=[], metavar="RUN", help="runs that scored them")
    add_prediction_settings(parser)
    arguments = parser.parse_args(argv)
    return carried_out(lambda: _ship(arguments), "interrupted")


def _ship(arguments: argparse.Namespace) -> None:
    # Imported here, so that --help and a mistyped option do not wait for torch.
    from benchmark.card import CARD, card
    from benchmark.scored import add_scores

    out = arguments.out
    if not arguments.others:
        _refuse_to_replace_several(out)
    given = {name: getattr(arguments, name) for name in ("before", "settings", "others")}
    gather(arguments.run, out, half=True, **given)
    add_scores(out, arguments.scores)
    write(out / CARD, card(out))
    print(f"{out}: {sum(file.stat().st_size for file in out.iterdir()) / 1e6:.1f} MB")


def _refuse_to_replace_several(out: Path) -> None:
    """RunError where `out` holds an average: who writes its scores easily forgets --with."""
    from benchmark import checkpoint
    from benchmark.plan import RunError

    if (out / checkpoint.ABOUT).is_file() and (others := checkpoint.read(out).others):
        raise RunError(
            f"{str(out)!r} holds the average of {1 + len(others)} networks, and one would take "
            "their place: name the others by --with again, or choose another --out"
        )


def gather(
    run: Path,
    out: Path,
    *,
    half: bool,
    before: Sequence[str | Path] = (),
    settings: Sequence[str] = (),
    others: Sequence[str | Path] = (),
) -> None:
    """Write a finished run's checkpoint, training.json and scores.json, which is yet empty.

    Args:
        half: round matrices and kernels to 16 bits; otherwise the files are the run's own.
        before: the weights that it began with, the latest first: a run's folder, or what else
            `find_weights` takes.
        settings: of halved weights, how their maps become points where not as in training, see
            `Weights.predicting`.
        others: with `half`, weights to average with, see `benchmark.ensemble`.

    Raises:
        RunError, CheckpointError: the run isn't finished, or its checkpoint is not sound; others
            are of another kind.
        SettingsError: what trained weights don't leave open.
        ValueError: others, and the files are to be the run's own.
    """
    from benchmark import checkpoint
    from benchmark.card import SCORES
    from benchmark.origin import TRAINING, read
    from benchmark.weights import find_weights

    if others and not half:
        raise ValueError("an average is written in half precision alone")
    _history(run)
    weights = find_weights(run).predicting(settings)
    model, floor, about = joined(weights, [find_weights(other) for other in others])
    made = _training(run)
    code = made["environment"].get("commit", commit())  # older runs don't tell theirs
    if code.endswith(DIRTY):
        warnings.warn(
            f"{run}: it was trained by code that no commit holds ({code}), so nobody can repeat it",
            stacklevel=2,
        )
    training = {
        "commit": code,
        **made,
        "parameters": checkpoint.learned(model),
    }
    if before:
        training["before"] = _earlier(training, before)
    if others:
        training["others"] = [_told(other) for other in others]
    if half:
        about.save(out, model, floor, half=True)
    else:
        out.mkdir(parents=True, exist_ok=True)
        for file in checkpoint.FILES:
            shutil.copyfile(weights.folder / file, out / file)
    write(out / TRAINING, json.dumps(training, indent=2) + "\n")
    read(out / TRAINING)  # as everybody will
    write(out / SCORES, "{}\n")


def joined(weights: Weights, others: Sequence[Weights]) -> tuple[nn.Module, nn.Module, Checkpoint]:
    """The network of weights, or its ensemble with others; the floor; what it all is.

    Raises:
        RunError: others of another kind, or the same once more.
        ModelError: networks that can't be averaged.
    """
    from benchmark.checkpoint import WEIGHTS
    from benchmark.ensemble import Ensemble
    from benchmark.plan import RunError, sha256

    about = weights.about
    schema = ffld.spec(about.dataset).schema
    model, floor = about.build(weights.folder, schema)
    if not others:
        return model, floor, about
    every = (weights, *others)
    if len({sha256(one.folder / WEIGHTS) for one in every}) < len(every):
        raise RunError("--with: the same weights twice are no other network; leave them out")
    for one in every:
        if one.about.others:
            raise RunError(f"--with: {one.name!r} holds several networks; name those of each")
        for key in ("model", "dataset", "schema_fingerprint", "padding"):
            ours, theirs = getattr(about, key), getattr(one.about, key)
            if ours != theirs:
                raise RunError(f"--with: {one.name!r} has {key} {theirs!r}, and not {ours!r}")
    members = [other.about.build(other.folder, schema)[0] for other in others]
    configs = [other.about.config for other in others]
    return Ensemble(schema, [model, *members]), floor, replace(about, others=configs)


def _training(run: Path) -> dict[str, Any]:
    """How a finished run's weights came about."""
    from benchmark import folder

    history = _history(run)
    content = folder.saved(run)
    content["configuration"]["root"] = None  # where a copy lies is nobody else's affair
    seconds = round(sum(record["seconds"] for record in history), 1)
    return {"seconds": seconds, "epochs": len(history), **content}


def _earlier(training: Mapping[str, Any], before: Sequence[str | Path]) -> list[dict[str, Any]]:
    """The trainings before one, the latest first.

    Raises:
        RunError: these are not the weights that the later one began with.
    """
    from benchmark import checkpoint
    from benchmark.plan import RunError, sha256
    from benchmark.weights import find_weights

    found: list[dict[str, Any]] = []
    for place in before:
        weights = find_weights(place).folder / checkpoint.WEIGHTS
        start = (found[-1] if found else training)["configuration"].get("init") or {}
        if start.get("sha256") != sha256(weights):
            raise RunError(
                f"{str(place)!r} holds other weights than those that the later training began with"
                + (f" ({start['sha256'][:12]}…)" if start else ", which were random")
            )
        record = _told(place)
        record.pop("others", None)  # training goes on from the first network alone
        found += [record, *record.pop("before", [])]
    return found


def _told(place: str | Path) -> dict[str, Any]:
    """How weights came about, as is told beside them.

    Raises:
        RunError: it isn't told.
    """
    from benchmark import origin
    from benchmark.folder import CONFIG
    from benchmark.plan import RunError
    from benchmark.weights import find_weights

    told = find_weights(place).folder / origin.TRAINING
    if told.is_file():
        return origin.read(told)
    if not (Path(place) / CONFIG).is_file():
        raise RunError(f"{str(place)!r} has no {origin.TRAINING}, so nobody knows its past")
    return _training(Path(place))


def _history(run: Path) -> list[dict[str, float]]:
    from benchmark import folder
    from benchmark.plan import RunError

    path = run / folder.METRICS
    if not (path.is_file() and (run / folder.RESULT).is_file()):
        raise RunError(f"{str(run)!r} is not the folder of a finished training")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(path: Path, text: str) -> None:
    """Write a small file, whole or not at all."""
    from ffld.atomic import replacing

    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
