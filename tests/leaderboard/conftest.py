"""A made-up dataset, runs on it, and entries that the commands themselves make of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ffld
from benchmark import Predictions
from ffld import DataError, Split
from ffld.sample import Targets
from ffld.schema import FLD8
from leaderboard import boards
from leaderboard.__main__ import main
from leaderboard.boards import Row, record
from leaderboard.build import Built, build
from leaderboard.entry import Answers, entries
from tests.benchmark.targets import random_targets

SAID = [
    "--author", "Ada Example", "--contact", "ada@example.org", "--kind", "baseline",
    "--paper", "none", "--code", "https://github.com/example/landmarks", "--commit", "0123abc",
    "--command", "python train.py --seed 0", "--weights", "none",
    "--training-data", "made-up/train", "--box", "annotated", "--garment-type", "hidden",
    "--tta", "none", "--input-size", "64x64", "--parameters", "1000", "--latency-ms", "2.5",
    "--hardware", "2 CPU cores",
]  # fmt: skip


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch) -> Targets:
    """The targets of 80 samples, which `ffld.load` gives for "made-up" "test"."""
    rng = np.random.default_rng(0)
    made = random_targets(rng, 80)
    kinds = rng.choice(["front", "back"], 80)
    made = replace(made, attributes={"viewpoint": kinds, "source": np.array(["a"] * 80)})
    whole = Split(
        dataset="made-up",
        split="test",
        schema=FLD8,
        ids=made.ids.tolist(),
        annotate=made.select,
        read_image=lambda row: np.zeros((200, 200, 3), np.uint8),
    )

    def load(name: str, split: str, *, limit: int | None, **_: object) -> Split:
        if (name, split) != ("made-up", "test"):
            raise DataError(f"no dataset {name!r} {split!r}")
        return whole.limit(limit)

    monkeypatch.setattr(ffld, "load", load)
    monkeypatch.setattr(boards, "DECLARED", len(made))
    return made


class Board:
    """A folder of submissions, its tables and README, and what one does with them."""

    def __init__(self, folder: Path, targets: Targets) -> None:
        self.folder, self.targets = folder, targets
        self.submissions, self.tables = folder / "submissions", folder / "tables"
        self.readme = folder / "README.md"
        self.readme.write_text("# x\n<!-- leaderboard -->\n<!-- /leaderboard -->\nrest\n")

    def run(self, error: float, seed: int = 0, name: str = "run") -> Path:
        """The folder of a run that is wrong by about `error` of the box."""
        rng = np.random.default_rng([seed, int(1e6 * error)])
        sides = (self.targets.box[:, 2:] - self.targets.box[:, :2])[:, None]
        of = self.targets
        folder = self.folder / "runs" / f"{name}-{seed}"
        predictions = Predictions(
            dataset=of.dataset,
            split=of.split,
            ids=of.ids,
            xy=of.xy + rng.normal(0, error / 1.25, of.xy.shape) * sides,
            confidence=rng.random(of.xy.shape[:2]),
            revision=of.revision,
            schema_fingerprint=of.schema.fingerprint,
        )
        predictions.save(folder / "predictions.parquet")
        (folder / "config.json").write_text(json.dumps({"configuration": {"seed": seed}}))
        return folder

    def new(self, name: str, error: float = 0.1, seeds: int = 1, *more: str) -> Path:
        """An entry made of such runs by the command."""
        return self.draft(name, [self.run(error, seed, name) for seed in range(seeds)], *more)

    def draft(self, name: str, folders: Sequence[Path], *more: str) -> Path:
        """An entry made of these runs by the command."""
        runs = [str(folder) for folder in folders]
        words = ["--method", f"Method {name}", *SAID, *more]
        where = ["--name", name, "--submissions", str(self.submissions)]
        assert main(["new", *runs, *where, *words]) == 0
        return self.submissions / "made-up" / name

    def edit(self, name: str, change: Callable[[dict], object]) -> Path:
        """Change the submission of an entry."""
        path = self.submissions / "made-up" / name / "submission.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
        return path.parent

    def check(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
        """The problems that the command lists."""
        capsys.readouterr()
        code = main(["check", str(folder), "--submissions", str(self.submissions)])
        found = capsys.readouterr().err.splitlines()
        assert code == (2 if found else 0)
        assert all(line.startswith("error: ") for line in found)
        return [line.removeprefix("error: ") for line in found]

    def rows(self) -> dict[str, Sequence[Row]]:
        """Board -> its ranked entries."""
        made = record("made-up", entries(self.submissions), Answers())
        return {one.slug: rows for one, rows in made.boards.items()}

    def build(self) -> Built:
        """All tables, with the README."""
        return build(Answers(), self.tables, self.submissions, self.readme)


@pytest.fixture
def board(tmp_path: Path, targets: Targets) -> Board:
    return Board(tmp_path, targets)
