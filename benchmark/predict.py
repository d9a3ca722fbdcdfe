"""python -m benchmark.predict: photographs, or a sealed season's images, in; landmarks out."""

from __future__ import annotations

import argparse
import glob
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.command import Parser, add_prediction_settings, carried_out, count

if TYPE_CHECKING:
    import numpy as np

    from benchmark.detector import Detector

_EPILOG = """\
examples:
  python -m benchmark.predict photo.jpg
      all landmarks with their confidence, as JSON, by the weights that come with lgr
  python -m benchmark.predict photo.jpg --type short_sleeve_dress --box 40 30 410 620 \\
          --out overlay.png
      only those that the garment type has, within the garment's box, and a picture of them
  python -m benchmark.predict photos/ 'more/*.png' --checkpoint runs/lgr --out overlays/
      your own weights, all pictures of a folder and of a pattern: a JSON list, a picture for each
  python -m benchmark.predict photo.jpg --checkpoint hf://ORG/NAME@COMMIT
      published weights, fetched once and verified
  python -m benchmark.predict photo.jpg --set turns=0
      one look at each picture in place of two, turned to either side: faster, less exact
  python -m benchmark.predict --season images/ --checkpoint runs/lgr --out runs/lgr-season
      the samples of a sealed season (docs/submitting.md): predictions.parquet, for the leaderboard

JSON goes to stdout, everything else to stderr. Points and boxes are pixels of the upright picture,
as viewers show it: x right, y down, (0, 0) its top left corner. Boxes are x1 y1 x2 y2, the extent
of one garment; the models are trained on such boxes and are much worse without. Confidence says
how sure a point is if the garment has that landmark, not whether it has it: that is what --type
is for. Names that no picture has are all told before any work is done. Pictures that cannot be
read are named in the error, the others are done all the same. Of folders and patterns, what this
command drew is left out.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    arguments = _parser().parse_args(argv)
    work = _predict if arguments.season is None else _predict_season
    return carried_out(lambda: work(arguments), "interrupted")


def _parser() -> argparse.ArgumentParser:
    parser = Parser("benchmark.predict", "Find fashion landmarks in photographs.", _EPILOG)
    add = parser.add_argument
    add("photos", nargs="*", metavar="PHOTO", help="picture, folder of pictures, or pattern")
    add("--season", type=Path, metavar="DIR", help="in place of photos, a season's image set")
    add("--model", default=None, help="lgr (default); with --checkpoint, refuses any other")
    add(
        "--checkpoint",
        metavar="WEIGHTS",
        help="a run's folder, shipped (default), hf://ORG/NAME@REV",
    )
    add_prediction_settings(parser)
    add("--type", dest="garment_type", metavar="TYPE", help="garment type, such as skirt")
    add("--box", type=float, nargs=4, metavar=("X1", "Y1", "X2", "Y2"), help="of one picture")
    add(
        "--out",
        type=Path,
        metavar="PATH",
        help="picture to draw; a folder for several; of a season, the folder of its predictions",
    )
    add("--batch-size", type=count, default=8, metavar="N", help="pictures at a time (8)")
    add("--device", default="auto", help="auto (default), cpu, cuda or cuda:N")
    return parser


def _detector(arguments: argparse.Namespace) -> Detector:
    from benchmark.detector import Detector
    from benchmark.device import device_of

    device, _ = device_of(arguments.device)
    return Detector.load(arguments.checkpoint, device, arguments.model, arguments.settings)


def _predict_season(arguments: argparse.Namespace) -> None:
    from benchmark.plan import RunError
    from benchmark.season import predict_season
    from ffld.sealed import open_images

    given = {"PHOTO": arguments.photos, "--box": arguments.box, "--type": arguments.garment_type}
    if used := [name for name, value in given.items() if value]:
        raise RunError(f"{used[0]} is not for --season, whose samples have boxes and types")
    if arguments.out is None:
        raise RunError("--season needs --out, the folder for predictions.parquet")
    split = open_images(arguments.season)  # what is wrong with it shows before weights are read
    detector = _detector(arguments)
    path = predict_season(detector, split, arguments.out, batch_size=arguments.batch_size)
    print(path)


def _predict(arguments: argparse.Namespace) -> None:
    # Imported here, so that --help and a mistyped option do not wait for torch.
    from tqdm import tqdm

    from benchmark.overlays import places
    from benchmark.plan import RunError

    if not arguments.photos:
        raise RunError("name a picture, a folder of pictures, or --season DIR")
    files = _files(arguments.photos)
    detector = _detector(arguments)
    detector.owned(arguments.garment_type)  # an unknown type shows before any picture is read
    if arguments.box and len(files) > 1:
        raise RunError(f"--box is for one picture, and there are {len(files)}")
    if not arguments.box:
        print("no --box: the whole picture is taken as the garment's box", file=sys.stderr)
    overlays = places(files, arguments.out)
    found: list[dict] = []
    problems: list[str] = []
    with tqdm(total=len(files), unit=" pictures", disable=len(files) == 1) as progress:
        for start in range(0, len(files), arguments.batch_size):
            batch = files[start : start + arguments.batch_size]
            found += _batch(detector, batch, arguments, overlays, problems)
            progress.update(len(batch))
    if found:
        print(json.dumps(found[0] if len(files) == 1 else found, indent=2))
    if problems:
        raise RunError("; ".join(problems))


def _batch(
    detector: Detector,
    files: Sequence[Path],
    arguments: argparse.Namespace,
    overlays: dict[Path, Path],
    problems: list[str],
) -> Iterator[dict]:
    """What is printed of each picture; why one cannot be read is added to the problems."""
    import numpy as np

    from benchmark.overlays import draw
    from benchmark.plan import RunError
    from ffld import DataError
    from ffld.photo import read_photo

    read: list[tuple[Path, np.ndarray, np.ndarray]] = []
    for file in files:
        try:
            image = read_photo(file)
            read.append((file, image, _box(arguments.box, image, file)))
        except DataError as error:
            problems.append(str(error))
    if not read:
        return
    points, confidences = detector(
        [r[1] for r in read], [r[2] for r in read], arguments.garment_type
    )
    for (file, image, box), xy, confidence in zip(read, points, confidences, strict=True):
        slots = np.flatnonzero(detector.owned(arguments.garment_type))
        if file in overlays:
            names = [detector.schema.landmarks[k] for k in slots]
            try:
                draw(overlays[file], image, box, names, xy[slots], confidence[slots])
            except RunError as error:
                problems.append(str(error))
        yield {
            "photo": str(file),
            "garment_type": arguments.garment_type,
            "box": box.tolist(),
            "landmarks": [
                {
                    "name": detector.schema.landmarks[k],
                    "x": round(float(xy[k, 0]), 3),
                    "y": round(float(xy[k, 1]), 3),
                    "confidence": round(float(confidence[k]), 4),
                }
                for k in slots
            ],
        }


def _files(photos: Sequence[str]) -> list[Path]:
    """The pictures that the arguments name, each once, folders and patterns in sorted order.

    Of folders and patterns those that this command drew are left out.
    """
    from benchmark.overlays import SUFFIXES, is_overlay
    from benchmark.plan import RunError

    files: dict[Path, None] = {}
    problems: list[str] = []
    drawn = 0
    for text in photos:
        path = Path(text)
        if path.is_dir():
            found = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES]
            what = f"folder {text!r} holds no picture ({', '.join(SUFFIXES)})"
        elif path.exists():
            files[path] = None
            continue
        else:
            found = [Path(name) for name in sorted(glob.glob(text, recursive=True))]
            what = f"no file, folder or pattern {text!r}"
        found = [file for file in found if file.is_file()]
        ours = set(filter(is_overlay, found))
        drawn += len(ours)
        if not found:
            problems.append(what)
        elif len(ours) == len(found):
            problems.append(f"{text!r} holds nothing but what was drawn by this command")
        files |= dict.fromkeys(file for file in found if file not in ours)
    if problems:
        raise RunError("; ".join(problems))
    if drawn:
        print(f"{drawn} pictures that this command drew are left out", file=sys.stderr)
    return list(files)


def _box(given: Sequence[float] | None, image: np.ndarray, file: Path) -> np.ndarray:
    """The box asked for, clipped to the picture, or the whole picture."""
    import numpy as np

    from benchmark.detector import lacking
    from ffld import DataError

    height, width = image.shape[:2]
    if given is None:
        return np.array([0.0, 0.0, width, height])
    box = np.array(given)
    if lack := lacking(box, (width, height)):
        raise DataError(
            f"{file}: box {' '.join(f'{side:g}' for side in given)} {lack}; --box takes x1 y1 x2 "
            "y2 with x1 < x2, y1 < y2, in pixels of the picture"
        )
    return np.clip(box, 0, [width, height, width, height])


if __name__ == "__main__":
    sys.exit(main())
