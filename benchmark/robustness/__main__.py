"""python -m benchmark.robustness: what worse photographs and boxes cost a model."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.command import Parser, carried_out, check_writable, count
from ffld.console import out_folder
from ffld.dials import add_dials

if TYPE_CHECKING:
    from benchmark.robustness.measure import Model
    from ffld.schema import LandmarkSchema

_EPILOG = """\
examples:
  python -m benchmark.robustness
      the shipped LGR on 500 test images of FFLD, every corruption at its declared severities
  python -m benchmark.robustness --checkpoint LGR=shipped --checkpoint VGG16=runs/vgg16 --out runs/r
      two models on the same corrupted images; table on stdout, JSON, table and figure in the folder
  python -m benchmark.robustness --dataset deepfashion2 --root ~/DF2 --boxes detected.csv
      on your photographs, and with the boxes of a detector in place of the annotated ones
  python -m benchmark.robustness --corruption blur --set blur=0.5,1,2,4,8
      one corruption, severities of your own
  python -m benchmark.robustness --sheet sheet.png
      no model: only a picture of what models are shown

Scores are NE-1 against the original targets, in the frame of the true box, whatever was done to
the image or the box that the model is given: docs/robustness.md. Draws depend on --seed, sample
and corruption alone. An interrupted command goes on where it stopped.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    arguments = _parser().parse_args(argv)
    return carried_out(
        lambda: _robustness(arguments), "interrupted; the same command goes on where it stopped"
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser("benchmark.robustness", "Score models on worse photographs and boxes.", _EPILOG)
    add = parser.add_argument
    add(
        "--checkpoint",
        dest="checkpoints",
        action="append",
        default=[],
        metavar="[LABEL=]DIR",
        help="a run's folder, or 'shipped' (default: LGR as shipped); may be repeated",
    )
    add("--dataset", default="ffld", help="ffld (default), fld-procedural, fld, deepfashion2, …")
    add("--split", default="test", help="samples to score: test (default), val or train")
    add("--limit", type=count, default=500, metavar="N", help="a fixed subset of N samples (500)")
    add("--root", type=Path, metavar="DIR", help="your copy of a dataset of photographs")
    add("--source", metavar="DIR", help="what `python -m ffld build` wrote, in place of rendering")
    add("--approximate", action="store_true", help="map DeepFashion2's approximate points too")
    add_dials(parser)
    add("--seed", type=int, default=0, help="of the corruptions' draws (0)")
    add(
        "--corruption",
        dest="names",
        action="append",
        default=[],
        metavar="NAME",
        help="only this one; may be repeated",
    )
    add(
        "--set",
        dest="assignments",
        action="append",
        default=[],
        metavar="NAME=S,S,…",
        help="severities in place of the declared ones; may be repeated",
    )
    add("--boxes", type=Path, metavar="FILE", help="boxes from elsewhere: CSV or JSON by sample id")
    add("--sheet", type=Path, metavar="FILE", help="only draw what models are shown")
    add(
        "--out", type=out_folder, metavar="DIR", help="the study's folder (runs/robustness-DATASET)"
    )
    add("--batch-size", type=count, default=32, metavar="N", help="images at a time (32)")
    add("--device", default="auto", help="auto (default), cpu, cuda or cuda:N")
    return parser


def _robustness(arguments: argparse.Namespace) -> None:
    # Imported here, so that --help and a mistyped option do not wait for torch.
    from benchmark.crops import Source
    from benchmark.robustness import figure, given
    from benchmark.robustness.conditions import chosen, conditions
    from benchmark.robustness.measure import Study, measure
    from benchmark.source import settled
    from ffld.commands.options import check_picture
    from ffld.dials import turned

    check_writable(arguments.sheet, "--sheet")
    check_picture(arguments.sheet, option="--sheet")
    severities = chosen(arguments.names, arguments.assignments)
    root = str(arguments.root.expanduser().resolve()) if arguments.root else None
    source = Source(
        arguments.dataset,
        arguments.split,
        arguments.limit,
        root,
        arguments.approximate,
        turned(arguments.dials),
        source=settled(arguments.source),
    )
    split = source.open()
    boxes = given.read(arguments.boxes, split.targets) if arguments.boxes else None
    asked = conditions(severities, boxes)
    if arguments.sheet:
        drawn = figure.sheet(split, asked, arguments.seed, arguments.sheet, count=2)
        print(f"{arguments.sheet}: {drawn} samples of {split.targets.revision}")
        return
    study = Study(
        split=split,
        source=source,
        seed=arguments.seed,
        models=_models(arguments, split.schema),
        conditions=asked,
        out=arguments.out or Path("runs") / f"robustness-{arguments.dataset}",
    )
    made = measure(study, arguments.batch_size)
    print(f"{made} of {len(study.models) * len(asked)} files were made now", file=sys.stderr)
    print(_written(study))


def _models(arguments: argparse.Namespace, schema: LandmarkSchema) -> list[Model]:
    from benchmark.detector import Detector
    from benchmark.device import device_of
    from benchmark.plan import RunError
    from benchmark.robustness.measure import Model
    from benchmark.weights import SHIPPED

    device, _ = device_of(arguments.device)
    models = []
    for text in arguments.checkpoints or [SHIPPED]:
        label, place = _labelled(text)
        detector = Detector.load(place, device)
        models.append(Model.of(label or detector.about.model, detector, schema))
    labels, folders = ([getattr(one, of) for one in models] for of in ("label", "folder"))
    for what, names in (("label", labels), ("weights", folders)):
        if twice := {name for name in names if names.count(name) > 1}:
            raise RunError(
                f"{what} {', '.join(sorted(twice))} is there twice; tell checkpoints apart with "
                "--checkpoint LABEL=DIR"
            )
    return models


def _labelled(text: str) -> tuple[str, str]:
    """The label, "" for none, and the weights that [LABEL=]DIR names; either may hold a "="."""
    parts = text.split("=")
    for i in range(len(parts)):
        label, place = "=".join(parts[:i]), "=".join(parts[i:])
        if place and Path(place).exists():
            return label, place
    label, _, place = text.rpartition("=")
    return label, place


def _written(study) -> str:
    """Write what the study says into its folder; the tables."""
    from benchmark.robustness import figure
    from benchmark.robustness.report import markdown, report
    from ffld.atomic import replacing

    content = report(study)
    tables = markdown(content)
    texts = {"robustness.json": json.dumps(content, indent=1), "robustness.md": tables}
    for name, text in texts.items():
        with replacing(study.out / name) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    figure.figure(content, study.out / "robustness.png")
    print(f"robustness.json, .md and .png are in {study.out}", file=sys.stderr)
    return tables


if __name__ == "__main__":
    sys.exit(main())
