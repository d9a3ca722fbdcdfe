"""What validating official archives shares: photographs in files of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from joblib import delayed

from ffld.datasets._malformed import Malformed
from ffld.datasets._nearby import other_case
from ffld.datasets._photographs import Photographs
from ffld.validate import labels
from ffld.validate.files import leaves
from ffld.validate.labels import Batch, Ids
from ffld.validate.pictures import Gallery, Picture, see
from ffld.validate.report import Report
from ffld.workers import workers

STEP = 256  # image files that a worker looks at in one go

_SLACK = 1.0  # pixels by which official boxes and points leave the image: 0 or 1 as the first pixel


@dataclass
class Findings:
    """What is compared at the end, over all splits of a tree: ids and looks, with their places."""

    folder: Path
    images: str
    report: Report
    ids: Ids = field(default_factory=Ids)
    places: list[dict[str, object]] = field(default_factory=list)
    gallery: Gallery = field(default_factory=Gallery)

    def relative(self, path: str | Path) -> str:
        """A path as problems name it."""
        path = Path(path)
        return (
            path.relative_to(self.folder).as_posix() if self.folder in path.parents else str(path)
        )

    def malformed(self, file: str, error: Malformed, row: object, sample: str = "") -> None:
        """Report every fault of a row or an item."""
        for fault in error.faults:
            self.report.add(
                "row-malformed",
                file,
                fault.found or "something else",
                row=row,
                sample=sample,
                field=fault.field,
                expected=fault.expected,
            )

    def finish(self) -> None:
        """Report what is there twice."""
        for again, first in self.ids.repeated().items():
            found = f"it is there already, in {self.places[first]['file']}"
            self.report.add("id-duplicate", found=found, field="id", **self.places[again])
        self.gallery.report(self.report)


def check_photographs(
    photographs: Photographs,
    rows: Sequence[object],
    pictures: Sequence[Picture],
    found: Findings,
    box_at: Sequence[tuple[str, object] | None] | None = None,
) -> None:
    """Check samples whose image files were looked at.

    Args:
        photographs: of these files; `origins` are the files of the annotations.
        rows: (N,) where in those each sample is written.
        pictures: of each file.
        box_at: see `Batch`.
    """
    report, file_of = found.report, photographs.file_of
    sizes = np.array([picture.size for picture in pictures], np.int64).reshape(-1, 2)
    attributes = photographs.attributes
    batch = Batch(
        schema=photographs.spec.schema,
        files=[found.relative(origin) for origin in photographs.origins],
        rows=rows,
        ids=photographs.ids,
        type_index=np.array(
            [photographs.spec.schema.type_index(name) for name in photographs.garment_type.tolist()]
        ),
        xy=photographs.xy.astype(np.float64),
        visibility=photographs.visibility.astype(np.int64),
        box=photographs.box.astype(np.float64),
        size=sizes[file_of],
        viewpoint=attributes.get("viewpoint", np.full(len(file_of), "")),
        rivals=photographs.rivals(np.arange(len(file_of))),
        box_at=box_at,
        slack=_SLACK,
    )
    labels.check(batch, report)
    found.ids.add(batch.ids)
    found.places += [batch.place(row) for row in range(len(batch))]
    for number, first in zip(*np.unique(file_of, return_index=True), strict=True):
        tell_picture(photographs.files[number], batch.ids[first], pictures[number], found)


def tell_picture(file: str, sample: str, picture: Picture, found: Findings) -> None:
    """Report what is wrong with an image, keep its look; `sample` is the first that it shows."""
    place = {"file": found.relative(file), "row": "", "sample": sample}
    for rule, what in picture.faults:
        found.report.add(rule, found=what, field="image", **place)
    if picture.look is not None:
        found.gallery.add(file, place, picture.look)


def seen(
    files: Sequence[str], boxes: Sequence[Sequence[float] | None], found: Findings
) -> Iterator[list[Picture]]:
    """The pictures of files, `STEP` at a time, looked at by all cores."""
    parts = [slice(at, at + STEP) for at in range(0, len(files), STEP)]
    work = (delayed(_see)(files[part], boxes[part], found.images, found.folder) for part in parts)
    yield from workers(1 if len(parts) == 1 else -1)(work)


def _see(
    files: Sequence[str], boxes: Sequence[Sequence[float] | None], images: str, folder: Path
) -> list[Picture]:
    return [see_one(Path(f), images, box, folder) for f, box in zip(files, boxes, strict=True)]


def see_one(path: Path, images: str, box: Sequence[float] | None, folder: Path) -> Picture:
    """A file of a tree as closely as a level says; links that lead out of it aren't followed."""
    if path.is_symlink() and leaves(path, folder):
        return Picture((0, 0), ())  # they are told with the tree
    if not path.is_file():
        return Picture((0, 0), (("image-missing", other_case([str(path)]) or "nothing"),))
    return Picture((0, 0), ()) if images == "none" else see(path, images, box)
