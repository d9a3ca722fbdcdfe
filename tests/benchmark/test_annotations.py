"""A run over a copy of photographs knows the annotations that it used."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmark.annotations import fingerprint
from tests.benchmark.tiny_model import TINY
from tests.ffld.miniature import FLD_ROWS, UPPER, write_fld

MOVED = ((0, 19, 8), *UPPER[1:])


@pytest.fixture
def over(run, tmp_path):
    """Train on a copy, or show that run: (exit code, stdout, stderr); the copy and the folder."""
    root, out = write_fld(tmp_path / "fld"), tmp_path / "run"
    words = ["--dataset", "fld", "--root", root, "--model", TINY, "--device", "cpu", "--out", out]
    words += ["--epochs", 1, "--set", "input_size=48", "--set", "batch_size=2"]
    return lambda *more: run(*words, *more), root, out


def corrected(root, split):
    """The copy again with one point of a split moved."""
    first = next(row for row in FLD_ROWS if row.split == split and row.points == UPPER)
    write_fld(root, [replace(row, points=MOVED) if row is first else row for row in FLD_ROWS])


@pytest.mark.parametrize(
    ("split", "part"), [("test", "scored"), ("train", "trained on"), ("val", "validated on")]
)
def test_a_finished_run_whose_annotations_were_corrected_is_not_shown(over, split, part):
    call, root, out = over
    assert call()[0] == 0
    corrected(root, split)
    code, table, notes = call()
    assert (code, table) == (2, "")
    assert f"holds a run on other annotations than {str(root)!r} has today" in notes
    assert f"(of what it {part}): pass another --out, or --afresh to replace it" in notes
    assert call("--afresh")[0] == 0
    assert "this run is finished" in call()[2]


def test_a_completed_copy_is_noticed(over):
    call, root, _ = over
    write_fld(root, FLD_ROWS[:-1])
    assert call()[0] == 0
    write_fld(root)
    assert "(of what it scored)" in call()[2]


def test_early_runs_that_noted_nothing_are_shown(over):
    call, root, out = over
    assert call()[0] == 0
    content = json.loads((out / "config.json").read_text())
    assert content.pop("annotations").keys() == {"scored", "trained on", "validated on"}
    (out / "config.json").write_text(json.dumps(content))
    corrected(root, "test")
    code, table, notes = call()
    assert (code, bool(table)) == (0, True)
    assert "this run is finished" in notes


def test_a_finished_run_is_shown_with_a_warning_where_its_copy_is_gone(over):
    call, root, _ = over
    assert call()[0] == 0
    root.rename(root.with_name("elsewhere"))
    code, table, notes = call()
    assert (code, bool(table)) == (0, True)
    assert "warning: whether the annotations are as they were in this run cannot be told" in notes


def test_rendered_samples_need_no_digest(run, tmp_path):
    words = ["--dataset", "dots", "--device", "cpu", "--model", "mean-shape"]
    assert run(*words, "--out", tmp_path / "run")[0] == 0
    assert "annotations" not in json.loads((tmp_path / "run" / "config.json").read_text())


def test_every_label_counts(dots):
    targets = dots["test"].open().targets
    whole = fingerprint(targets)
    assert whole == fingerprint(dots["test"].open().targets)
    xy, seen = targets.xy.copy(), targets.visibility.copy()
    row, slot = np.argwhere(seen == 2)[0]
    xy[row, slot] += 1e-9
    seen[row, slot] = 1
    for name, value in (("xy", xy), ("visibility", seen), ("box", targets.box + 1)):
        assert fingerprint(replace(targets, **{name: value})) != whole
    assert fingerprint(targets.select(slice(1, None))) != whole
