"""A small season, opened once a test process, and the days that tests let pass."""

from __future__ import annotations

import datetime
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from benchmark import Predictions
from leaderboard import fields
from leaderboard.__main__ import main
from leaderboard.build import Built, build
from leaderboard.entry import Answers
from leaderboard.seasons import Season
from tests.leaderboard.conftest import SAID

NAME, SAMPLES, CLOSES = "2027_spring", 12, "2027-01-31"
FIRST, LAST, AFTER = (datetime.date.fromisoformat(f"2027-{d}") for d in ("01-02", "01-31", "02-01"))


@cache
def _opened() -> Path:
    """A folder with the season's key, images and record."""
    folder = Path(mkdtemp(prefix="season-"))
    before, fields.today = fields.today, lambda: FIRST
    try:
        assert Stage(folder, None).season("open", NAME, *Stage(folder, None).opening) == 0
    finally:
        fields.today = before
    return folder


class Stage:
    """A folder with a season, submissions, tables and README, and a calendar."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.key, self.images = folder / "secret" / "key.json", folder / "images"
        self.seasons, self.submissions = folder / "seasons", folder / "submissions"
        self.tables, self.readme = folder / "tables", folder / "README.md"
        self.opening = [
            "--samples", str(SAMPLES), "--closes", CLOSES, "--key-file", str(self.key),
            "--images", str(self.images), "--processes", "1",
        ]  # fmt: skip

    @classmethod
    def copy(cls, folder: Path, monkeypatch) -> Stage:
        """A season of the test's own, on its first day."""
        shutil.copytree(_opened(), folder, dirs_exist_ok=True)
        made = cls(folder, monkeypatch)
        made.readme.write_text("# x\n<!-- leaderboard -->\n<!-- /leaderboard -->\nrest\n")
        made.on(FIRST)
        return made

    def on(self, day: datetime.date) -> None:
        """Let it be that day."""
        self.monkeypatch.setattr(fields, "today", lambda: day)

    @property
    def places(self) -> list[str]:
        return ["--submissions", str(self.submissions), "--seasons", str(self.seasons)]

    @property
    def record(self) -> Path:
        return self.seasons / f"{NAME}.json"

    def load(self) -> Season:
        return Season.load(NAME, self.seasons)

    def season(self, *words: str) -> int:
        """The exit code of `season …` here."""
        return main(["season", *map(str, words), "--seasons", str(self.seasons)])

    def close(self, *words: str) -> int:
        where = ["--key-file", self.key, "--images", self.images]
        return self.season("close", NAME, *where, "--submissions", self.submissions, *words)

    def predicted(self, name: str, error: float = 0.2, **changed) -> Path:
        """A folder of predictions by nobody's method: points about the middle of the box."""
        sheet = self.load().sheet
        rng = np.random.default_rng(int(1e6 * error))
        at = rng.normal(0.5, error, (len(sheet), len(sheet.schema), 2))
        sides = sheet.box[:, None, 2:] - sheet.box[:, None, :2]
        fields_ = {
            "dataset": sheet.dataset,
            "split": sheet.split,
            "revision": sheet.revision,
            "schema_fingerprint": sheet.schema.fingerprint,
            "ids": sheet.ids,
            "xy": sheet.box[:, None, :2] + at * sides,
        }
        Predictions(**fields_ | changed).save(self.folder / "runs" / name / "predictions.parquet")
        return self.folder / "runs" / name

    def new(self, name: str, runs: Path | list[Path], *more: str) -> int:
        """The exit code of `new`, of one run or several."""
        runs = runs if isinstance(runs, list) else [runs]
        said = ["ffld/train" if word == "made-up/train" else word for word in SAID]
        said = [word for word in said if word not in ("--input-size", "64x64")]
        words = ["--method", f"Method {name}", *said, *more]
        return main(["new", *map(str, runs), "--name", name, *self.places, *words])

    def entry(self, name: str, error: float = 0.2) -> Path:
        """An entry of such predictions."""
        assert self.new(name, self.predicted(name, error), "--input-size", "unknown") == 0
        return self.submissions / "ffld" / name

    def check(self, folder: Path, capsys) -> list[str]:
        """The problems that the command lists."""
        capsys.readouterr()
        code = main(["check", str(folder), *self.places])
        found = capsys.readouterr().err.splitlines()
        assert code == (2 if found else 0)
        return found

    def build(self) -> Built:
        answers = Answers(seasons=self.seasons)
        return build(answers, self.tables, self.submissions, self.readme)
