"""A campaign from its stages to what it brings back, with models that train within a second."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from torch import OutOfMemoryError

from benchmark import checkpoint, experiment, models
from benchmark.campaign import __main__, closing, stages
from benchmark.campaign.stages import Stage
from benchmark.checkpoint import load_tensors
from benchmark.predictions import Predictions
from benchmark.result import Result
from benchmark.suite import records
from benchmark.suite.tables import TABLES
from benchmark.train import TrainingError
from ffld.sample import DataError
from tests.benchmark.tiny_suite import QUICK, SMALL

TITLES = [f"tests.benchmark.tiny_model:build{rest}" for rest in (
    " seed 0", " channels=24 seed 0", " seed 1", " channels=24 seed 1"
)]  # fmt: skip


@pytest.fixture
def measured(monkeypatch):
    """Measuring speed takes no time here: what it was called with."""
    calls, really = [], subprocess.run

    def measure(words, *, timeout=None, **options):
        if "benchmark.speed" not in words:
            return really(words, timeout=timeout, **options)
        calls.append((words, timeout))
        Path(words[words.index("--out") + 1]).write_text("{}")
        return subprocess.CompletedProcess(words, 0)

    monkeypatch.setattr(closing.subprocess, "run", measure)
    return calls


@pytest.fixture
def campaign(run, measured, monkeypatch, capsys):
    """The command on the small table: (exit code, stdout, stderr)."""
    monkeypatch.setattr(stages, "TABLES", (SMALL,))
    monkeypatch.setattr(stages, "STAGES", (Stage("small"), Stage("small", seeds=2, nearest=1)))
    monkeypatch.setattr(stages, "PROFILES", {"cpu": QUICK})

    def call(*arguments):
        code = __main__.main(["--profile", "cpu", "--out", "out", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_stages_are_parts_of_the_suite_s_tables_the_main_one_first():
    tables = {table.name for table in TABLES}
    assert {stage.table for stage in stages.STAGES} == tables
    assert stages.STAGES[0] == Stage("3")


def test_what_is_worth_keeping_is_in_one_folder(campaign, suite, measured):
    code, said, notes = campaign()
    assert code == 0
    assert "5 of 5 runs finished" in said  # two rows with two seeds, and the mean shape
    assert "stage 2 of 2: table small, LGR and its 1 nearest rivals, 2 seeds" in notes
    brought = Path("out/brought")
    assert {path.name for path in brought.iterdir()} == {
        "runs.parquet", "transfer.json", "speed.json", "campaign.json", "weights",
    }  # fmt: skip
    summary = json.loads((brought / "campaign.json").read_text())
    assert sorted(run["run"] for run in summary["runs"]) == sorted([*TITLES, "mean-shape seed 0"])
    assert len(records.load(brought / "runs.parquet")) == 5
    assert [(words[1:3], timeout) for words, timeout in measured] == [
        (["-m", "benchmark.speed"], None)
    ]
    # The same call again has nothing left to do, and speed is not measured twice.
    code, said, notes = campaign()
    assert (code, len(measured)) == (0, 1)
    assert "stage" not in notes
    assert suite("--report", "--runs", brought / "runs.parquet")[0] == 0


def test_folders_of_a_pack_are_runs_without_weights(campaign, suite):
    assert campaign()[0] == 0
    pack = "out/brought/runs.parquet"
    assert suite("--unpack", pack, "--out", "again")[0] == 0
    made = {records.identity(content): path for path, content in records.folders(Path("again"))}
    for path, content in records.folders(Path("out/runs")):
        other = made[records.identity(content)]
        first, second = (Result.load(one / "result.json") for one in (path, other))
        ne = [one.scores["ne"]["visible"].value for one in (first, second)]
        assert ne[1] == pytest.approx(ne[0], abs=1e-3)  # points are rounded to 1/16 pixel of 70
        assert records.history(other) == records.history(path)
        points = [Predictions.load(one / "predictions.parquet") for one in (path, other)]
        counted = np.isfinite(points[1].xy)
        assert np.abs(points[1].xy - points[0].xy)[counted].max() <= 1 / 32 + 1e-9
    code, said, _ = suite("--unpack", pack, "--out", "again")
    assert (code, said) == (0, "")  # all of them are there


def test_large_weights_come_in_pieces_that_join_again(campaign, monkeypatch):
    monkeypatch.setattr(closing, "PIECE", 5000)
    assert campaign()[0] == 0
    weights = Path("out/brought/weights")
    pieces = sorted(weights.glob("model.safetensors.*"))
    assert len(pieces) > 1
    assert not (weights / "model.safetensors").exists()
    (weights / "model.safetensors").write_bytes(b"".join(one.read_bytes() for one in pieces))
    about = checkpoint.read(weights)
    spec_tensors, _ = load_tensors(weights / "model.safetensors")
    trained = next(
        path for path, content in records.folders(Path("out/runs"))
        if content["seed"] == 0 and "channels" not in content["overrides"]
        and content["model"] == about.model
    )  # fmt: skip
    whole, _ = load_tensors(trained / "checkpoint" / "model.safetensors")
    assert spec_tensors.keys() == whole.keys()
    for name, tensor in whole.items():
        assert np.allclose(spec_tensors[name].float(), tensor.float(), rtol=1e-3, atol=1e-4)


def test_trained_models_are_scored_on_photographs(campaign, fixtures_root):
    root = fixtures_root / "fld"
    code, _, _ = campaign("--photographs", f"fld={root}")
    assert code == 0
    found = json.loads(Path("out/brought/transfer.json").read_text())
    assert sorted(one["run"] for one in found) == sorted([*TITLES, "mean-shape seed 0"])
    assert all(0 < one["ne"] < 1 and one["count"] > 0 for one in found)


def test_time_that_is_up_loses_nothing(campaign, monkeypatch):
    code, _, notes = campaign("--time-budget", "0s")
    assert code == 2
    assert "no run was finished in this time; the same command goes on" in notes
    done, once = [], experiment.run

    def two_and_no_more(plan):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(plan)
        return once(plan)

    monkeypatch.setattr(experiment, "run", two_and_no_more)
    assert campaign()[0] == 130
    assert len(records.load(Path("out/brought/runs.parquet"))) == 2  # brought back already
    assert len(json.loads(Path("out/brought/campaign.json").read_text())["runs"]) == 2
    monkeypatch.setattr(experiment, "run", once)
    code, said, _ = campaign()
    assert code == 0
    assert "5 of 5 runs finished" in said


def test_a_run_that_fails_is_named_and_the_others_are_brought_back(campaign, monkeypatch):
    once = experiment.run

    def failing(plan):
        if plan.overrides.get("channels") == 24:
            raise TrainingError("the loss became nan")
        return once(plan)

    monkeypatch.setattr(experiment, "run", failing)
    code, said, notes = campaign()
    assert code == 2
    assert "channels=24 seed 0: the loss became nan" in notes.strip().splitlines()[-1]
    assert "3 of 4 runs finished" in said  # the second seed of the reference, too
    summary = json.loads(Path("out/brought/campaign.json").read_text())
    assert len(summary["failures"]) == 1


def test_a_run_that_fails_is_tried_once_in_a_call(campaign, monkeypatch):
    """The reference stands in both stages; without it nothing is known of its rivals."""
    once, tried = experiment.run, []

    def failing(plan):
        if plan.model != "mean-shape" and "channels" not in plan.overrides:
            tried.append(plan.seed)
            raise OutOfMemoryError("CUDA out of memory")
        return once(plan)

    monkeypatch.setattr(stages, "STAGES", (Stage("small"), Stage("small", seeds=2)))
    monkeypatch.setattr(experiment, "run", failing)
    code, said, notes = campaign()
    assert (code, tried) == (2, [0, 1])
    assert "3 of 5 runs finished" in said
    assert "2 runs failed: " in notes.strip().splitlines()[-1]


def test_where_all_runs_fail_it_is_said_why(campaign, monkeypatch):
    def full(_):
        raise OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(experiment, "run", full)
    code, _, notes = campaign()
    assert code == 2
    assert "seed 0: CUDA out of memory" in notes.strip().splitlines()[-1]


def test_photographs_that_fail_for_one_model_do_not_keep_the_others_back(
    campaign, fixtures_root, monkeypatch
):
    once, scored = experiment.run, []

    def failing(plan):
        if plan.spec.name == "fld":
            scored.append(plan)
            if len(scored) == 1:
                raise DataError("image 7 is cut off")
        return once(plan)

    monkeypatch.setattr(experiment, "run", failing)
    code, _, notes = campaign("--photographs", f"fld={fixtures_root / 'fld'}")
    assert code == 2
    assert "on fld: image 7 is cut off" in notes.strip().splitlines()[-1]
    assert len(json.loads(Path("out/brought/transfer.json").read_text())) == 4
    assert Path("out/brought/speed.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--profile", "tpu"], "unknown profile 'tpu'; there are cpu, rehearsal"),
        (["--photographs", "fld=/nowhere"], "root '/nowhere' is not a folder"),
    ],
)
def test_bad_input_is_one_error_line(campaign, arguments, said):
    code, _, notes = campaign(*arguments)
    assert code == 2
    assert said in notes.strip().splitlines()[-1]


def test_a_dry_run_does_nothing(campaign):
    code, said, _ = campaign("--dry-run")
    assert code == 0
    assert "stage 1: table small, 1 seed: 0 of 3 runs finished" in said
    assert not Path("out").exists()


def test_the_rehearsal_is_of_every_stage(monkeypatch):
    """Every model of every stage can be built in the rehearsal's size."""
    for job in stages.all_runs(stages.REHEARSAL, Path("nowhere")):
        plan = job.plan
        if job.entry.row.seeded:
            model = models.build(plan.model, plan.spec.schema, **plan.overrides)
            assert model.input_size == stages.REHEARSAL.size
