"""A run's folder against its own predictions, on a made-up dataset in place of the real ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import benchmark
import ffld
from benchmark import metrics
from ffld import DataError, Split
from ffld.sample import drawn
from ffld.schema import FLD8
from leaderboard.__main__ import main
from tests.benchmark.targets import random_predictions, random_targets


@pytest.fixture
def split(monkeypatch: pytest.MonkeyPatch) -> Split:
    """A split of 20 samples, which `ffld.load` gives for "made-up" "test" under the root "root"."""
    made = random_targets(np.random.default_rng(0), 20)
    whole = Split(
        dataset="made-up",
        split="test",
        schema=FLD8,
        ids=made.ids.tolist(),
        annotate=made.select,
        read_image=lambda row: np.zeros((200, 200, 3), np.uint8),
    )

    def load(name: str, split: str, *, root: Path | None, limit: int | None, **_: bool) -> Split:
        if (name, split, root) != ("made-up", "test", Path("root")):
            raise DataError(f"no dataset {name!r} {split!r} under {root}")
        return whole.limit(limit)

    monkeypatch.setattr(ffld, "load", load)
    return whole


@pytest.fixture
def run(split: Split, tmp_path: Path) -> Path:
    """The folder of a run that was limited to 8 samples."""
    targets = split.limit(8).targets
    predictions = random_predictions(np.random.default_rng(1), targets)
    predictions.save(tmp_path / "predictions.parquet")
    benchmark.evaluate(predictions, targets).save(tmp_path / "result.json")
    return tmp_path


def verify(run: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["verify", str(run), "--root", "root"])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def edit(run: Path, *place: str, value: object) -> object:
    """Write a value into result.json; what stood there before."""
    path = run / "result.json"
    content = json.loads(path.read_text())
    inner = content
    for name in place[:-1]:
        inner = inner[name]
    before = inner.get(place[-1])
    inner[place[-1]] = value
    path.write_text(json.dumps(content))
    return before


def test_a_sound_run(run: Path, capsys: pytest.CaptureFixture[str]):
    code, out, err = verify(run, capsys)
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    assert "made-up test, 8 samples, NE 0." in out


def test_a_sum_taken_in_another_order_is_no_drift(run: Path, capsys: pytest.CaptureFixture[str]):
    before = edit(run, "scores", "ne", "visible", "value", value=0)
    edit(run, "scores", "ne", "visible", "value", value=before * (1 + 1e-13))
    assert verify(run, capsys)[0] == 0
    edit(run, "scores", "ne", "visible", "value", value=before * (1 + 1e-6))
    assert verify(run, capsys)[0] == 2


@pytest.mark.parametrize(
    "place",
    [
        ("scores", "ne", "visible", "value"),
        ("scores", "pck@0.1", "all", "high"),
        ("per_landmark", "ne", "visible", "left_hem", "low"),
        ("per_type", "auc", "all", "full", "pooled"),
    ],
)
def test_a_drifted_number_is_named(
    run: Path, capsys: pytest.CaptureFixture[str], place: tuple[str, ...]
):
    before = edit(run, *place, value=0.123456)
    code, out, err = verify(run, capsys)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "in 1 values" in err
    assert f"{'.'.join(place)} (found 0.123456, recomputed {before!r})" in err


def test_all_drifted_values_are_counted(run: Path, capsys: pytest.CaptureFixture[str]):
    edit(run, "scores", "ne", "visible", "count", value=1)
    edit(run, "samples", value=9)
    edit(run, "metrics", "ne", "unit", value="pixels")
    edit(run, "per_landmark", "ne", "visible", "extra", value=score(0.5))
    edit(run, "per_type", "ne", "visible", value={})
    err = verify(run, capsys)[2]
    assert f"in {3 + 5 + 3 * 5} values" in err
    assert "samples (found 9, recomputed 8)" in err
    assert "metrics.ne.unit (found pixels, recomputed box widths and heights)" in err
    assert "(found nothing, recomputed" in err
    assert err.endswith("; …\n")


def score(value: float) -> dict[str, float]:
    return {"value": value, "low": value, "high": value, "count": 1, "pooled": value}


def test_other_predictions_are_noticed(run: Path, split: Split, capsys: pytest.CaptureFixture[str]):
    other = random_predictions(np.random.default_rng(2), split.limit(8).targets)
    other.save(run / "predictions.parquet")
    err = verify(run, capsys)[2]
    assert "predictions_sha256 (found " in err
    assert "scores.ne.visible.value" in err


def test_predictions_of_other_samples_are_refused(
    run: Path, split: Split, capsys: pytest.CaptureFixture[str]
):
    chosen = set(split.limit(8).targets.ids)
    rest = [row for row, name in enumerate(split.targets.ids) if name not in chosen][:8]
    other = random_predictions(np.random.default_rng(2), split.targets.select(rest))
    other.save(run / "predictions.parquet")
    code, _, err = verify(run, capsys)
    assert code == 2
    assert "samples without a prediction" in err


def test_bad_folders_give_one_line(run: Path, capsys: pytest.CaptureFixture[str]):
    (run / "result.json").write_text("{")
    assert verify(run, capsys)[2].startswith("error: ")
    (run / "result.json").unlink()
    code, _, err = verify(run, capsys)
    assert (code, err) == (2, f"error: {run / 'result.json'}: no such file\n")
    (run / "predictions.parquet").unlink()
    code, _, err = verify(run, capsys)
    assert (code, err) == (2, f"error: {run / 'predictions.parquet'}: no such file\n")


def test_a_dataset_that_cannot_be_loaded(run: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["verify", str(run)]) == 2
    assert capsys.readouterr().err == "error: no dataset 'made-up' 'test' under None\n"


@pytest.mark.parametrize("arguments", [[], ["verify"], ["verifi", "x"], ["verify", "x", "--no"]])
def test_a_mistyped_command_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_the_module_runs_from_the_command_line(tmp_path: Path):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "leaderboard", "verify"]
    help_ = subprocess.run([*command, "--help"], cwd=root, capture_output=True, text=True)
    assert help_.returncode == 0
    assert "RUN_DIR" in help_.stdout
    done = subprocess.run([*command, str(tmp_path)], cwd=root, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == f"error: {tmp_path / 'predictions.parquet'}: no such file\n"


def test_one_missing_sample_is_said_to_be_missing(
    split: Split, run: Path, capsys: pytest.CaptureFixture[str]
):
    every = split.limit(8).targets
    order = [every.ids[place] for place in drawn(every.ids.tolist())]
    rows = np.flatnonzero(every.ids != order[3])
    random_predictions(np.random.default_rng(1), every.select(rows)).save(
        run / "predictions.parquet"
    )
    code, _, err = verify(run, capsys)
    assert code == 2
    assert "the fixed subset of 7 samples of made-up test (limit=7) has others: " in err
    assert f"in made-up test, but not in this subset: {order[7]} (1)" in err
    assert f"(limit=8), which has 1 more: {order[3]} (1)" in err


@pytest.mark.parametrize("command", ["verify", "legacy", "new"])
def test_no_predictions_are_said_to_be_none(
    split: Split, run: Path, capsys: pytest.CaptureFixture[str], command: str
):
    path = run / "predictions.parquet"
    random_predictions(np.random.default_rng(1), split.targets.select([])).save(path)
    more = ["--name", "x", "--submissions", str(run / "all")] if command == "new" else []
    assert main([command, str(run), "--root", "root", *more]) == 2
    assert capsys.readouterr().err == f"error: {path} holds no predictions\n"


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch):
    """A metric file that was not there before."""
    ne = metrics.available()["ne"]
    known = metrics.available
    monkeypatch.setattr(metrics, "available", lambda: {**known(), "another": ne})


def test_a_result_that_is_older_than_a_metric_is_verified(
    run: Path, another: None, capsys: pytest.CaptureFixture[str]
):
    assert verify(run, capsys)[0] == 0
    edit(run, "scores", "ne", "visible", "value", value=0.5)
    assert "in 1 values" in verify(run, capsys)[2]


def test_a_metric_that_a_result_states_anywhere_is_compared(
    run: Path, another: None, capsys: pytest.CaptureFixture[str]
):
    edit(run, "metrics", "another", value={"unit": "x", "higher_is_better": False})
    code, _, err = verify(run, capsys)
    assert code == 2
    assert "scores.another.visible.value (found nothing, recomputed" in err


def test_a_metric_that_is_gone_is_a_difference(run: Path, capsys: pytest.CaptureFixture[str]):
    edit(run, "metrics", "gone", value={"unit": "x", "higher_is_better": False})
    err = verify(run, capsys)[2]
    assert "metrics.gone.unit (found x, recomputed nothing)" in err
