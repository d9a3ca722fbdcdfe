"""python -m ffld: look at datasets, measure them."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import NoReturn

from ffld import build_command, export_command
from ffld.hub import commands as hub_commands

EXAMPLES = """examples:
  python -m ffld list
  python -m ffld show --dataset ffld --n 24 --out sheet.png
  python -m ffld show --dataset fld --root ~/data/FLD --split test --out fld.png
  python -m ffld stats --dataset ffld --limit 5000 --out stats/
  python -m ffld stats --dataset ffld --limit 8000 --compare ~/FashionAI/Annotations/train.csv
  python -m ffld duplicates --dataset ffld --splits train test --limit 2000 --out pairs.jpg
  python -m ffld bench --dataset ffld
  python -m ffld build --dataset ffld --out ffld-built
  python -m ffld publish ffld-built --repo ORG/NAME
  python -m ffld download --repo ORG/NAME --revision COMMIT --out ffld-built
  python -m ffld export --dataset ffld --split test --limit 500 --images --out coco/
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    from ffld.sample import DataError

    try:
        arguments.run(arguments)
    except (DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m ffld",
        description="The datasets of the suite.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="the datasets there are, and where they come from")
    listing.set_defaults(run=_list)
    own = (_add_show, _add_stats, _add_duplicates, _add_bench)
    for add in (*own, build_command.add, export_command.add, hub_commands.add):
        add(commands)
    return parser


def _add_show(commands: argparse._SubParsersAction) -> None:
    show = commands.add_parser("show", help="draw samples with their landmarks on one sheet")
    show.add_argument("--dataset", default="ffld", help="a name of `list` (default: ffld)")
    show.add_argument("--split", default="train", help="train, val or test (default: train)")
    show.add_argument("--root", help="folder of your copy, for datasets of photographs")
    show.add_argument("--n", type=int, default=24, help="how many samples (default: 24)")
    show.add_argument("--columns", type=int, default=6, help="tiles in a row (default: 6)")
    show.add_argument("--side", type=int, default=320, help="pixels of a tile (default: 320)")
    show.add_argument("--plain", action="store_true", help="the images alone, nothing drawn")
    show.add_argument(
        "--approximate",
        action="store_true",
        help="deepfashion2: also landmarks whose mapping is only approximate",
    )
    show.add_argument("--out", type=Path, default=Path("sheet.png"), help="picture to write")
    show.set_defaults(run=_show)


def _add_stats(commands: argparse._SubParsersAction) -> None:
    stats = commands.add_parser(
        "stats",
        help="counts, visibility, boxes; how far layouts are from real ones",
        description="Counts and shares of a split, printed as JSON; with --out also as a picture. "
        "With --compare, how far its landmark layouts are from the real ones of a table instead: "
        "a two-sample test per group of garments, then each landmark.",
    )
    stats.add_argument("--dataset", default="ffld", help="a name of `list` (default: ffld)")
    stats.add_argument("--split", default="train", help="train, val or test (default: train)")
    stats.add_argument("--root", help="folder of your copy, for datasets of photographs")
    stats.add_argument("--limit", type=int, default=5000, help="samples (default: 5000)")
    stats.add_argument("--style", help="only samples of this style, such as shop")
    stats.add_argument(
        "--compare",
        type=Path,
        metavar="CSV",
        help="real layouts: FashionAI's table (with --dataset ffld), or one of FLD's upper-body "
        "landmarks (with --dataset fld-procedural)",
    )
    stats.add_argument("--out", type=Path, metavar="DIR", help="folder for stats.json, stats.png")
    stats.set_defaults(run=_stats)


def _add_duplicates(commands: argparse._SubParsersAction) -> None:
    duplicates = commands.add_parser(
        "duplicates",
        help="images that two splits share, or nearly share",
        description="Every image of one split against every one of another: 64-bit perceptual "
        "hashes (DCT of a 32 x 32 grey thumbnail) that differ in a few bits, confirmed by the "
        "correlation of the garments' boxes; images with equal pixels in any case. With --out the "
        "first 24 pairs side by side.",
    )
    duplicates.add_argument("--dataset", default="ffld", help="a name of `list` (default: ffld)")
    duplicates.add_argument("--root", help="folder of your copy, for datasets of photographs")
    duplicates.add_argument(
        "--splits",
        nargs=2,
        default=("train", "test"),
        metavar="SPLIT",
        help="two of train, val and test (default: train test)",
    )
    duplicates.add_argument(
        "--limit",
        type=int,
        default=5000,
        help="samples of each split; more than there are means all (default: 5000)",
    )
    duplicates.add_argument(
        "--distance", type=int, default=8, help="bits that may differ, 0 to 16 (default: 8)"
    )
    duplicates.add_argument(
        "--correlation", type=float, default=0.8, help="of the boxes, at least (default: 0.8)"
    )
    duplicates.add_argument("--out", type=Path, metavar="FILE", help="picture of the pairs found")
    duplicates.set_defaults(run=_duplicates)


def _add_bench(commands: argparse._SubParsersAction) -> None:
    bench = commands.add_parser(
        "bench",
        help="how fast a procedural dataset is rendered, and where the time goes",
        description="Labels and images a second of one core (CPU time), the share of each stage "
        "of an image, images a second of 1, 2, 4, ... processes up to the number of cores "
        "(wall-clock time), peak memory, and how long the whole dataset would take. Images have a "
        "long side of 256 pixels and are encoded as JPEG files in memory. Let nothing else run "
        "meanwhile, or the wall-clock rates come out low.",
    )
    bench.add_argument("--dataset", default="ffld", help="a procedural one (default: ffld)")
    bench.add_argument(
        "--limit",
        type=int,
        default=200,
        help="images that each process renders; labels are five times as many (default: 200)",
    )
    bench.add_argument(
        "--processes",
        type=int,
        nargs="+",
        metavar="N",
        help="time these numbers of processes (default: 1, 2, 4, ... all cores)",
    )
    bench.add_argument("--json", action="store_true", help="print JSON in place of a table")
    bench.set_defaults(run=_bench)


def _list(arguments: argparse.Namespace) -> None:
    import ffld

    for name in ffld.available():
        spec = ffld.spec(name)
        counts = " / ".join(f"{count:,}" for count in spec.splits.values())
        kind = "rendered on demand" if spec.procedural else "your copy, --root"
        print(f"{name:24} {len(spec.schema):2} landmarks  {counts:27} {kind:19} {spec.title}")


def _show(arguments: argparse.Namespace) -> None:
    import cv2
    from tqdm import tqdm

    import ffld
    from ffld.draw import draw_sample, sheet

    for option in ("n", "columns", "side"):
        if getattr(arguments, option) < 1:
            raise ffld.DataError(f"--{option} is {getattr(arguments, option)}; give at least 1")
    if not cv2.haveImageWriter(arguments.out.name):
        raise ffld.DataError(
            f"--out: cannot write {arguments.out.suffix!r} pictures; name it .png or .jpg"
        )
    split = ffld.load(
        arguments.dataset,
        arguments.split,
        root=arguments.root,
        limit=arguments.n,
        approximate=arguments.approximate,
    )
    tiles = []
    for sample in tqdm(split, desc="drawing", unit="sample", file=sys.stderr, leave=False):
        labels = (sample.box, sample.xy, sample.visibility)
        if arguments.plain:
            labels = (sample.box * float("nan"), sample.xy, sample.visibility * 0)
        title = f"{sample.id}  {sample.garment_type}"
        tiles.append(
            draw_sample(sample.image, *labels, split.schema, title=title, side=arguments.side)
        )
    picture = sheet(tiles, min(arguments.columns, len(tiles)))
    _, data = cv2.imencode(arguments.out.suffix, picture[..., ::-1])
    arguments.out.write_bytes(data.tobytes())
    print(f"{len(tiles)} samples of {arguments.dataset} {arguments.split} in {arguments.out}")


def _stats(arguments: argparse.Namespace) -> None:
    import json
    from dataclasses import asdict

    import numpy as np

    import ffld
    from ffld import layout_gap, layouts, statistics

    real = layouts.read_table(arguments.compare) if arguments.compare else None
    split = ffld.load(
        arguments.dataset, arguments.split, root=arguments.root, limit=arguments.limit
    )
    targets = split.targets
    if arguments.style is not None:
        styles = targets.attributes.get("style", np.array([""]))
        if arguments.style not in styles:
            known = ", ".join(sorted(set(styles.tolist()))) or "none"
            raise ffld.DataError(f"no sample of style {arguments.style!r}; there are {known}")
        targets = targets.select(np.flatnonzero(styles == arguments.style))
    if real is None:
        content = statistics.describe(targets)
        print(json.dumps(content, indent=2))
    else:
        gaps = layout_gap.layout_gaps(real, layouts.from_targets(targets))
        content = [asdict(gap) for gap in gaps]
        print(layout_gap.table(gaps))
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        name = "layouts.json" if real else "stats.json"
        (arguments.out / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        if real is None:
            statistics.plot(targets, arguments.out / "stats.png")


def _duplicates(arguments: argparse.Namespace) -> None:
    import cv2

    import ffld
    from ffld import duplicates

    if arguments.splits[0] == arguments.splits[1]:
        raise ffld.DataError(f"--splits names {arguments.splits[0]} twice; name two of them")
    if arguments.out and not cv2.haveImageWriter(arguments.out.name):
        raise ffld.DataError(
            f"--out: cannot write {arguments.out.suffix!r} pictures; name it .png or .jpg"
        )
    a, b = (
        ffld.load(arguments.dataset, split, root=arguments.root, limit=arguments.limit)
        for split in arguments.splits
    )
    pairs = duplicates.near_duplicates(
        a, b, distance=arguments.distance, correlation=arguments.correlation
    )
    if pairs:
        print(duplicates.table(pairs))
    identical = sum(pair.identical for pair in pairs)
    print(
        f"{len(a):,} images of {a.split} against {len(b):,} of {b.split}: {identical:,} identical "
        f"pairs, {len(pairs) - identical:,} near ones"
    )
    if arguments.out and pairs:
        picture = duplicates.contact_sheet(a, b, pairs)
        _, data = cv2.imencode(arguments.out.suffix, picture[..., ::-1])
        arguments.out.write_bytes(data.tobytes())


def _bench(arguments: argparse.Namespace) -> None:
    import json

    from ffld import bench

    result = bench.bench(arguments.dataset, arguments.limit, arguments.processes)
    print(json.dumps(result, indent=2) if arguments.json else bench.table(result))


if __name__ == "__main__":
    sys.exit(main())
