"""Any file of predictions to its table, and what a file may not be."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

import ffld
from benchmark import Predictions, Result, evaluate
from benchmark.score import main
from ffld.sample import drawn
from leaderboard.__main__ import main as leaderboard


@pytest.fixture(scope="module")
def targets():
    return ffld.load("fld-procedural", split="test", limit=6).targets


@pytest.fixture
def predictions(targets):
    xy = targets.xy + np.random.default_rng(0).normal(0, 5, targets.xy.shape)
    return Predictions("fld-procedural", "test", targets.ids, xy, revision=targets.revision)


@pytest.fixture
def score(capsys):
    """Run the command: (exit code, stdout, stderr)."""

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def _csv(path, targets, predictions):
    """A line for each annotated landmark, samples last to first."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["landmark", "id", "x", "y", "remark"])
        for row in reversed(range(len(targets))):
            for slot, name in enumerate(targets.schema.landmarks):
                if np.isfinite(targets.xy[row, slot]).all():
                    x, y = predictions.xy[row, slot].tolist()
                    writer.writerow([name, targets.ids[row], repr(x), repr(y), ""])
    return path


def test_parquet_and_csv_give_the_numbers_of_evaluate(score, targets, predictions, tmp_path):
    expected = evaluate(predictions, targets)
    predictions.save(tmp_path / "p.parquet")
    path = _csv(tmp_path / "p.csv", targets, predictions)
    out = tmp_path / "out"
    assert score(tmp_path / "p.parquet") == (0, expected.table() + "\n", "")
    assert score(path, "--dataset", "fld-procedural", "--out", out)[:2] == (
        0,
        expected.table() + "\n",
    )
    assert Result.load(out / "result.json").scores == expected.scores
    assert leaderboard(["verify", str(out)]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,x,y\na,1,2\n", "has no column landmark; expected the heading id,landmark,x,y"),
        ("", "has no column id, landmark, x, y"),
        ("", "separated by commas, found none\n"),
        ("id;landmark;x;y\na;left_hem;1;2\n", "separated by commas, found 'id;landmark;x;y'\n"),
        ("ID,Landmark,X,Y\na,left_hem,1,2\n", "in small letters, separated by commas, found 'ID,L"),
        ("id," + 200 * "x" + "\n", f"found 'id,{97 * 'x'}'…\n"),
        ("id,landmark,x,y\n", "holds no predictions"),
        ("id,landmark,x,y\na,left_colar,1,2\n", "line 2: no landmark 'left_colar', did you mean"),
        ("id,landmark,x,y\na,left_hem,1\n", "line 2: '1', None are no pixels"),
        ("id,landmark,x,y\na,left_hem,1,nan\n", "line 2: '1', 'nan' are no pixels"),
        ("id,landmark,x,y\n" + 2 * "a,left_hem,1,2\n", "line 3: left_hem of a for the second time"),
        ("id,landmark,x,y\na,left_hem,1,2\n", "ids that are not in the split: a"),
        ("id,landmark,x,y\n\xff", "is not readable CSV"),
    ],
)
def test_what_is_no_table_of_points_is_one_error_line(score, tmp_path, text, said):
    path = tmp_path / "p.csv"
    path.write_bytes(text.encode("latin-1"))
    code, table, notes = score(path, "--dataset", "fld-procedural")
    assert (code, table) == (2, "")
    assert notes.startswith("error: ")
    assert notes.count("\n") == 1
    assert said in notes


def test_what_is_asked_for_wrongly_is_one_error_line(score, predictions, tmp_path):
    predictions.save(tmp_path / "p.parquet")
    (tmp_path / "p.csv").write_text("id,landmark,x,y\n")
    (tmp_path / "taken").touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    for words, said in (
        ([tmp_path / "p.csv"], "pass --dataset and --split"),
        ([tmp_path / "none.csv", "--dataset", "fld-procedural"], "no such file"),
        ([tmp_path / "p.csv", "--dataset", "fdl"], "did you mean 'fld'?"),
        ([tmp_path / "p.parquet", "--split", "val"], "a Parquet file says its own"),
        ([tmp_path / "p.parquet", "--out", tmp_path / "run"], "is a run's folder"),
        ([tmp_path / "p.parquet", "--out", tmp_path / "taken"], "is a file"),
    ):
        code, table, notes = score(*words)
        assert (code, table) == (2, "")
        assert notes.startswith("error: ")
        assert said in notes


def test_one_missing_sample_is_said_to_be_missing(score, tmp_path):
    """Without it the number of samples is that of another subset, which has other samples."""
    every = ffld.load("fld-procedural", split="test", limit=300).targets
    whole = Predictions("fld-procedural", "test", every.ids, every.xy, revision=every.revision)
    in_order = [every.ids[place] for place in drawn(every.ids.tolist())]
    kept = every.ids != in_order[7]  # so that the last of the subset is outside one of 299
    part = replace(whole, ids=whole.ids[kept], xy=whole.xy[kept])
    part.save(tmp_path / "p.parquet")
    code, table, notes = score(tmp_path / "p.parquet")
    assert (code, table) == (2, "")
    for text in (
        "error: there are 299 predictions, and the fixed subset of 299 samples of fld-procedural "
        "test (limit=299) has others: ",
        f"in fld-procedural test, but not in this subset: {in_order[299]} (1); ",
        f"samples without a prediction in this subset: {in_order[7]} (1); ",
        f"it takes the subset of 300 (limit=300), which has 1 more: {in_order[7]} (1); ",
    ):
        assert text in notes
    assert "not in the split" not in notes
    assert notes.count("\n") == 1
    foreign = part.ids.copy()
    foreign[foreign == in_order[0]] = "stranger"
    replace(part, ids=foreign).save(tmp_path / "p.parquet")
    assert "ids that are not in the split: stranger (1)" in score(tmp_path / "p.parquet")[2]


def test_the_kind_of_a_file_is_told_by_its_name_in_any_case(score, targets, predictions, tmp_path):
    path = _csv(tmp_path / "UP.CSV", targets, predictions)
    code, table, _ = score(path, "--dataset", "fld-procedural")
    assert (code, table) == (0, evaluate(predictions, targets).table() + "\n")


@pytest.mark.parametrize("more", [(), ("--dataset", "fld-procedural")])
def test_what_is_neither_parquet_nor_named_csv_is_told_so(score, tmp_path, more):
    path = tmp_path / "points.tsv"
    for text in ("id\tlandmark\tx\ty\n", ""):
        path.write_text(text)
        code, table, notes = score(path, *more)
        assert (code, table) == (2, "")
        assert notes == (
            f"error: {path} is no Parquet file; if it is CSV, name it .csv and pass --dataset and "
            "--split\n"
        )


@pytest.fixture
def dialled(tmp_path):
    """A run's folder with predictions of images without company, as benchmark.run leaves it."""
    dials = {"company": 0}
    targets = ffld.load("fld-procedural", split="test", limit=6, dials=dials).targets
    made = Predictions(
        "fld-procedural", "test", targets.ids, targets.xy + 1, None, targets.revision
    )
    folder = tmp_path / "run"
    made.save(folder / "predictions.parquet")
    evaluate(made, targets).save(folder / "result.json")
    (folder / "config.json").write_text(json.dumps({"configuration": {"dials": dials}}))
    return folder, evaluate(made, targets)


def test_predictions_made_with_dials_are_scored_as_their_run_says(score, dialled, capsys):
    folder, expected = dialled
    assert score(folder / "predictions.parquet") == (0, expected.table() + "\n", "")
    assert leaderboard(["verify", str(folder)]) == 0
    assert leaderboard(["legacy", str(folder)]) == 0
    (folder / "config.json").unlink()
    capsys.readouterr()
    code, table, notes = score(folder / "predictions.parquet")
    assert (code, table) == (2, "")
    assert f"they are for fld-procedural {expected.revision}" in notes
    assert "pass them as --dial" in notes
    assert leaderboard(["verify", str(folder)]) == 2
    assert "pass them as --dial" in capsys.readouterr().err
    dials = ("--dial", "company=0")
    assert score(folder / "predictions.parquet", *dials) == (0, expected.table() + "\n", "")
    assert leaderboard(["verify", str(folder), *dials]) == 0
    assert score(folder / "predictions.parquet", "--dial", "company=1")[0] == 2
