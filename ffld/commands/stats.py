"""The command line of `python -m ffld stats`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from ffld.commands.options import add_samples, open_samples
from ffld.console import out_folder


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of `python -m ffld`."""
    stats = commands.add_parser(
        "stats",
        help="counts, visibility, boxes; how far layouts are from real ones",
        description="Counts and shares of a split, printed as JSON; with --out also as a picture. "
        "With --compare, how far its landmark layouts are from the real ones of a table instead: "
        "a two-sample test per group of garments, then each landmark.",
    )
    add_samples(stats, split="train", limit=5000)
    stats.add_argument("--style", help="only samples of this style, such as shop")
    stats.add_argument(
        "--compare",
        type=Path,
        metavar="CSV",
        help="real layouts: FashionAI's table (with --dataset ffld), or one of FLD's upper-body "
        "landmarks (with --dataset fld-procedural)",
    )
    stats.add_argument(
        "--parts",
        type=int,
        default=1,
        metavar="K",
        help="of --compare: test each of K disjoint parts of the samples by itself, and print the "
        "mean AUC with its standard error; a part is as large as --limit / K (default: 1)",
    )
    stats.add_argument(
        "--out",
        type=out_folder,
        metavar="DIR",
        help="folder for stats.json, stats.png; for layouts.json with --compare",
    )
    stats.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    import numpy as np

    from ffld import layout_gap, layouts, statistics
    from ffld.sample import DataError

    if arguments.parts < 1:
        raise DataError(f"--parts is {arguments.parts}; the samples are at least one part")
    if arguments.parts > 1 and arguments.compare is None:
        raise DataError("--parts is of --compare: name a table of real layouts, or leave it out")
    real = layouts.read_table(arguments.compare) if arguments.compare else None
    targets = open_samples(arguments).targets
    if arguments.style is not None:
        styles = targets.attributes.get("style", np.array([""]))
        if arguments.style not in styles:
            known = ", ".join(sorted(set(styles.tolist()))) or "none"
            raise DataError(f"no sample of style {arguments.style!r}; there are {known}")
        targets = targets.select(np.flatnonzero(styles == arguments.style))
    if real is None:
        content = statistics.describe(targets)
        print(json.dumps(content, indent=2))
    else:
        gaps = layout_gap.layout_gaps(real, layouts.from_targets(targets), parts=arguments.parts)
        content = [asdict(gap) for gap in gaps]
        print(layout_gap.table(gaps))
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        name = "layouts.json" if real else "stats.json"
        (arguments.out / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        if real is None:
            statistics.plot(targets, arguments.out / "stats.png")
