"""What `leaderboard new` takes from runs, and leaves to be filled in."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

import ffld
from leaderboard.__main__ import main
from leaderboard.draft import Run, draft
from leaderboard.submission import FILE, SubmissionError

ONE, OTHER = "1" * 40, "2" * 40


def told(run, commit, **made):
    """Write a run's config.json, as of a model of ours unless said otherwise."""
    about = {"model": "lgr", "dataset": "made-up", "split": "test", "device": "cpu", "seed": 0}
    about |= {"settings": {}, "overrides": {}, **made}
    environment = {} if commit is None else {"commit": commit}
    content = {"configuration": about, "environment": environment}
    (run / "config.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("commits", "said"),
    [
        ([ONE, ONE], ONE),
        ([ONE, OTHER], None),  # no single one made them
        ([ONE, None], None),  # older runs don't tell
        ([f"{ONE}-dirty", f"{ONE}-dirty"], None),
        (["unknown", "unknown"], None),
    ],
)
def test_the_commit_is_that_of_all_runs(board, commits, said):
    runs = [board.run(0.1, seed) for seed in range(2)]
    for seed, (run, commit) in enumerate(zip(runs, commits, strict=True)):
        told(run, commit, seed=seed)
    folder, missing = draft([Run.load(run) for run in runs], "x", {}, into=board.submissions)
    assert json.loads((folder / FILE).read_text())["code"]["commit"] == said
    assert "code" in missing  # its address, at least


@pytest.mark.parametrize("made", [{"checkpoint": "x"}, {"model": "their.package:build"}])
def test_the_commit_that_trained_weights_or_made_their_model_is_another(board, made):
    run = board.run(0.1)
    told(run, ONE, **made)
    folder, _ = draft([Run.load(run)], "x", {}, into=board.submissions)
    assert json.loads((folder / FILE).read_text())["code"]["commit"] is None


@pytest.mark.parametrize(
    ("model", "said"), [("mean-shape", "none"), ("their.package:build", None), (None, None)]
)
def test_a_model_of_ours_without_the_setting_averages_nothing(board, model, said):
    run = board.run(0.1)
    content = {"config": {"input_size": 64}} | ({"model": model} if model else {})
    (run / "checkpoint").mkdir()
    (run / "checkpoint" / "checkpoint.json").write_text(json.dumps(content))
    folder, _ = draft([Run.load(run)], "x", {}, into=board.submissions)
    assert json.loads((folder / FILE).read_text())["test_time_augmentation"] == said


def test_predictions_alone_are_numbered(board):
    folders = [board.run(0.1, seed) for seed in range(3)]
    for folder in (folders[0], folders[2]):
        (folder / "config.json").unlink()
    entry = board.draft("several", folders)  # the second is a run, of seed 1
    stated = json.loads((entry / "submission.json").read_text())["predictions"]
    assert [one["seed"] for one in stated] == [0, 1, 2]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--dataset", "made-down"], "no entry is of dataset 'made-down'; there are of: made-up"),
        (["--submissions", "nowhere"], "nowhere holds no entry; pass --submissions"),
    ],
)
def test_what_is_not_there_cannot_be_ranked(board, capsys, words, found):
    board.new("one")
    assert main(["rank", "--submissions", str(board.submissions), *words]) == 2
    assert found in capsys.readouterr().err


def test_what_was_made_with_dials_turned_is_of_no_board(board):
    run = Run.load(board.run(0.1))
    edition = ffld.spec("ffld").revision
    turned = replace(run.predictions, dataset="ffld", revision=f"{edition}+457ae12e")
    with pytest.raises(SubmissionError, match="and boards rank editions as they are"):
        draft([replace(run, predictions=turned)], "x", {}, into=board.submissions)
    assert not board.submissions.joinpath("ffld", "x").exists()


def test_runs_of_unlike_numbers_of_samples_are_refused(board, capsys):
    runs = [board.run(0.1, seed) for seed in range(2)]
    one = Run.load(runs[1]).predictions
    replace(one, ids=one.ids[1:], xy=one.xy[1:], confidence=None).save(
        runs[1] / "predictions.parquet"
    )
    assert main(["new", *map(str, runs), "--name", "x", "--submissions", str(board.folder)]) == 2
    error = capsys.readouterr().err
    assert f"{runs[1]}: 79 predictions, 80 in {runs[0]}; predict the same samples" in error
    assert "not in the split" not in error


def test_points_that_look_misread_are_an_entry_with_a_warning(board):
    run = board.run(0.1)
    one = Run.load(run).predictions
    replace(one, xy=np.abs(one.xy) / 1e4).save(run / "predictions.parquet")
    with pytest.warns(UserWarning, match=f"{run}: all coordinates are between 0 and 1") as told:
        folder, _ = draft([Run.load(run)], "x", {}, into=board.submissions)
    assert len(told) == 1
    assert (folder / FILE).is_file()


def test_ordinary_points_are_an_entry_without_a_warning(board):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draft([Run.load(board.run(0.1))], "x", {}, into=board.submissions)
