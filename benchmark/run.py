"""python -m benchmark.run: train a model on a dataset, score it, print the table."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark import world
from benchmark.command import Parser, carried_out, count
from ffld.console import out_folder
from ffld.dials import add_dials

_EPILOG = """\
examples:
  python -m benchmark.run --model lgr --dataset ffld
      score LGR on the procedural FFLD, by the weights that come with it: NE per landmark
  python -m benchmark.run --model lgr --dataset ffld --train
      train it first
  python -m benchmark.run --model vgg16 --dataset ffld --seed 1 --set lr=5e-4 --set epochs=20
      another model, seed and setting; an unknown key lists the valid ones
  python -m benchmark.run --model lgr --recipe paper --set variant=paper
      everything as the LGR paper has it: its recipe, its equations as printed
  torchrun --nproc-per-node=4 -m benchmark.run --model lgr --dataset ffld --train
      train in four processes, each with a GPU of its own and a quarter of every batch
  python -m benchmark.run --checkpoint runs/lgr --dial company=0 --dial clutter=0
      score on test images without other people and clutter; dials are in ffld/render/mix.py
  python -m benchmark.run --model lgr --dataset fld-procedural --out runs/stand-in
  python -m benchmark.run --dataset fld --root ~/FLD --checkpoint runs/stand-in
      train on the stand-in, then score the weights on your copy of the photographs
  python -m benchmark.run --dataset deepfashion2 --root ~/DeepFashion2 --init shipped --set lr=3e-4
      train the weights that come with LGR on, with your copy of the photographs
  python -m benchmark.run --dataset ffld --checkpoint hf://ORG/NAME@COMMIT
      score published weights, fetched once and verified: docs/hub.md
  python -m benchmark.run --checkpoint runs/lgr --set flip_average=true
      score weights with each image's points averaged over its mirror image

The table goes to stdout, everything else to stderr. The run's folder (--out, otherwise named after
model, dataset and configuration under runs/) holds checkpoint, predictions, result, curve and
contact sheet. A finished run is printed again, an interrupted one goes on where it stopped.
Weights for ffld come with lgr and are scored as they are, unless --train or what says how to train
(--init, --seed, --epochs, --recipe, --set) is given; --set turns=0, flip_average=true and
decoder=argmax, which decide how maps become points, don't.
Crops of the images are kept in $FFLD_CACHE, otherwise ~/.cache/ffld.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    arguments = vars(_parser().parse_args(argv))

    def work() -> None:
        # Imported here, so that --help and a mistyped option do not wait for torch.
        from benchmark.experiment import run
        from benchmark.plan import Request, resolve

        table = run(resolve(Request(**arguments)))
        if world.rank() == 0:
            print(table)

    words = [word for word in (sys.argv[1:] if argv is None else argv) if word != "--afresh"]
    command = shlex.join(["python", "-m", "benchmark.run", *words])
    return carried_out(work, f"interrupted; to go on where it stopped: {command}")


def _seed(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to {2**32 - 1}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "benchmark.run",
        "Train a fashion landmark model, score it by NE-1, print the table.",
        _EPILOG,
    )
    add = parser.add_argument
    add("--model", help="lgr (default), vgg16, mean-shape, … or my_package.my_file:build")
    add("--dataset", default="ffld", help="ffld (default), fld-procedural, fld, deepfashion2, …")
    add("--split", default="test", help="samples to score: test (default), val or train")
    add("--limit", type=count, metavar="N", help="score a fixed subset of N samples")
    add("--seed", type=_seed, help="of initial weights, order and augmentation (0)")
    add("--epochs", type=count, metavar="N", help="short for --set epochs=N")
    add("--checkpoint", metavar="WEIGHTS", help="score these: a folder, shipped, hf://ORG/NAME@REV")
    add("--init", metavar="WEIGHTS", help="train on from these, named in the same ways")
    add("--train", action="store_true", help="train, even where weights come with the model")
    add("--afresh", action="store_true", help="begin anew, whatever the folder holds")
    add("--device", default="auto", help="auto (default), cpu, cuda or cuda:N; picks the profile")
    add("--out", type=out_folder, metavar="DIR", help="the run's folder")
    add("--root", type=Path, metavar="DIR", help="your copy of a dataset of photographs")
    add("--source", metavar="DIR", help="what `python -m ffld build` wrote, in place of rendering")
    add("--approximate", action="store_true", help="map DeepFashion2's approximate points too")
    add_dials(parser)
    add("--recipe", default="ours", help="how to train: ours (default), or paper, that of LGR")
    add(
        "--set",
        dest="assignments",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the recipe or the model; may be repeated",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
