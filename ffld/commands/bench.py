"""The command line of `python -m ffld bench`."""

from __future__ import annotations

import argparse
import json

from ffld.commands.options import add_dataset


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command to those of `python -m ffld`."""
    bench = commands.add_parser(
        "bench",
        help="how fast a procedural dataset is rendered, or what was built is read",
        description="Labels and images a second of one core (CPU time), the share of each stage "
        "of an image, images a second of 1, 2, 4, ... processes up to the number of cores "
        "(wall-clock time), peak memory, and how long the whole dataset would take. Images have a "
        "long side of 256 pixels and are encoded as JPEG files in memory. Let nothing else run "
        "meanwhile, or the wall-clock rates come out low. With --source, how fast the images of a "
        "built dataset are read and cropped instead, beside decoding their bytes alone.",
    )
    add_dataset(bench, kind="a procedural one")
    bench.add_argument(
        "--limit",
        type=int,
        help="images that each process renders, labels are five times as many (default: 200), or "
        "reads (default: 2000)",
    )
    bench.add_argument(
        "--processes",
        type=int,
        nargs="+",
        metavar="N",
        help="time these numbers of processes (default: 1, 2, 4, ... all cores; reading: 1, all)",
    )
    bench.add_argument(
        "--source", metavar="DIR", help="time reading from the folder that `build` wrote"
    )
    bench.add_argument("--json", action="store_true", help="print JSON in place of a table")
    bench.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from ffld import bench, bench_loading

    limit = arguments.limit
    if arguments.source is None:
        result = bench.bench(
            arguments.dataset, 200 if limit is None else limit, arguments.processes
        )
        table = bench.table
    else:
        result = bench_loading.bench_loading(
            arguments.dataset,
            arguments.source,
            2000 if limit is None else limit,
            arguments.processes,
        )
        table = bench_loading.table
    print(json.dumps(result, indent=2) if arguments.json else table(result))
