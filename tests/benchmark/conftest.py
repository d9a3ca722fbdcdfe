"""A dataset so small and plain that a model learns it within seconds."""

import colorsys
from pathlib import Path

import cv2
import numpy as np
import pytest

import benchmark.ship
import ffld
from benchmark.run import main
from ffld.catalog import DatasetSpec
from ffld.sample import DataError, Split, Targets
from ffld.schema import FLD8, Visibility

WIDTH, HEIGHT = 70, 90
SIZES = {"train": 48, "val": 12, "test": 16}
SPEC = DatasetSpec(
    name="dots",
    title="coloured dots where the landmarks are",
    schema=FLD8,
    splits=SIZES,
    revision="1",
    procedural=True,
    licence="",
    citation="",
    obtain="",
)


class Dots:
    """One split; `broken` names a row whose image cannot be read, `reads` counts images."""

    def __init__(self, name: str) -> None:
        self.name, self.reads, self.broken = name, 0, None
        count = SIZES[name]
        rng = np.random.default_rng([ord(letter) for letter in name])
        types = rng.integers(0, len(FLD8.garment_types), count)
        self.box = np.tile([8.0, 6.0, 62.0, 84.0], (count, 1)) + rng.uniform(-5, 5, (count, 4))
        rows = np.linspace(0.15, 0.85, 4)  # collar, sleeve, waistline, hem
        mean = np.array([[x, y] for y in rows for x in (0.7, 0.3)])
        place = np.clip(mean + rng.uniform([-0.13, -0.06], [0.13, 0.06], (count, 8, 2)), 0.02, 0.98)
        sides = self.box[:, None, 2:] - self.box[:, None, :2]
        self.xy = self.box[:, None, :2] + place * sides
        self.visibility = np.where(rng.random((count, 8)) < 0.8, 2, 1).astype(np.uint8)
        absent = ~FLD8.type_mask[types]
        self.xy[absent], self.visibility[absent] = np.nan, Visibility.ABSENT
        self.types = np.array(FLD8.type_names)[types]
        self.ids = [f"dots/{name}/{row:06d}" for row in range(count)]

    def image(self, row: int) -> np.ndarray:
        if row == self.broken:
            raise DataError(f"image {self.ids[row]}.jpg is cut off")
        self.reads += 1
        image = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
        for k, point in enumerate(self.xy[row]):
            if np.isfinite(point).all():
                colour = [255 * part for part in colorsys.hsv_to_rgb(k / 8, 1, 1)]
                centre = np.rint(point * 16 - 8).astype(int).tolist()
                cv2.circle(image, centre, 4 * 16, colour, -1, cv2.LINE_AA, shift=4)
        return image

    def annotate(self, rows) -> Targets:
        rows = list(rows)
        return Targets(
            dataset="dots",
            split=self.name,
            revision="1",
            schema=FLD8,
            ids=np.array(self.ids)[rows],
            xy=self.xy[rows],
            visibility=self.visibility[rows],
            garment_type=self.types[rows],
            box=self.box[rows],
            size=np.tile([WIDTH, HEIGHT], (len(rows), 1)),
            rivals=np.full((len(rows), 1, 8, 2), np.nan),
        )

    def open(self) -> Split:
        return Split(
            dataset="dots",
            split=self.name,
            schema=FLD8,
            ids=self.ids,
            annotate=self.annotate,
            read_image=self.image,
        )


@pytest.fixture
def dots(monkeypatch, tmp_path):
    """The splits of a dataset "dots", which `ffld` now knows; caches go to a temporary folder."""
    splits = {name: Dots(name) for name in SIZES}
    load, spec = ffld.load, ffld.spec

    def load_dots(name, split="test", *, limit=None, dials=None, **others):
        if name != "dots":
            return load(name, split, limit=limit, dials=dials, **others)
        if dials:
            raise DataError("dots have no dials")
        return splits[split].open().limit(limit)

    monkeypatch.setattr(ffld, "load", load_dots)
    monkeypatch.setattr(ffld, "spec", lambda name: SPEC if name == "dots" else spec(name))
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "cache"))
    return splits


@pytest.fixture
def run(dots, tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder: (exit code, stdout, stderr)."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def ship(run, capsys):
    """Make a run's weights files, in that folder: (exit code, stdout, stderr)."""

    def call(*arguments):
        code = benchmark.ship.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def suite(run, monkeypatch, capsys):
    """`benchmark.suite` with one table of tiny models: (exit code, stdout, stderr)."""
    from benchmark.suite import __main__, actions, records, report
    from tests.benchmark.tiny_suite import QUICK, SMALL

    for module in (actions, report):
        monkeypatch.setattr(module, "TABLES", (SMALL,))
        monkeypatch.setattr(module, "PROFILES", {"cpu": QUICK})
    monkeypatch.setattr(records, "HELD", Path("held"))

    def call(*arguments):
        code = __main__.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="session")
def _kept(tmp_path_factory):
    return tmp_path_factory.mktemp("suite")


@pytest.fixture
def done(suite, _kept):
    """The suite's command, and the folder of its core rows' runs, two seeds; not to be changed."""
    if not any(_kept.iterdir()):
        assert suite("--core", "--seeds", 2, "--out", _kept)[0] == 0
    return suite, _kept
