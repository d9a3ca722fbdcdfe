"""The command from its arguments to its table and its folder."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from benchmark import Predictions, Result, evaluate, train
from benchmark.detector import Detector
from benchmark.models import build
from ffld.schema import FLD8
from tests.benchmark.test_models import RIVALS
from tests.benchmark.tiny_model import QUICK, SHORT, TINY
from tests.ffld.miniature import write_fld

LEARN = [*QUICK, "--model", TINY, "--epochs", "30", "--set", "channels=32"]


def test_a_model_is_trained_scored_and_shown_beside_the_floor(run, dots, tmp_path):
    out = tmp_path / "run"
    code, table, notes = run(*LEARN, "--out", out)
    assert code == 0
    assert "mean-shape" in table
    assert "left_collar" in table
    assert "cpu profile, since --device says so" in notes
    assert sorted(path.name for path in out.iterdir()) == [
        "checkpoint", "config.json", "curve.png", "floor.json", "metrics.jsonl",
        "predictions.parquet", "result.json", "sheet.png",
    ]  # fmt: skip
    result, floor = Result.load(out / "result.json"), Result.load(out / "floor.json")
    assert result.scores["ne"]["visible"].high < floor.scores["ne"]["visible"].low
    predictions = Predictions.load(out / "predictions.parquet")
    recomputed = evaluate(predictions, dots["test"].open().targets)
    assert recomputed.to_json() == result.to_json()
    lines = (out / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == list(range(1, len(lines) + 1))
    about = json.loads((out / "checkpoint" / "checkpoint.json").read_text())
    assert (about["model"], about["input_size"], about["padding"]) == (TINY, 32, 0.1)


def test_the_paper_s_recipe_and_variant_make_one_configuration(run, tmp_path):
    few = ["--dataset", "dots", "--device", "cpu", "--epochs", 2, "--out", tmp_path / "run"]
    sizes = ["--set", "input_size=48", "--set", "width=0.0625"]
    paper = ["--model", "lgr", "--recipe", "paper", "--set", "variant=paper", "--set", "lr=2e-3"]
    assert run(*few, *sizes, *paper)[0] == 0
    content = json.loads((tmp_path / "run" / "config.json").read_text())["configuration"]
    settings, overrides = content["settings"], content["overrides"]
    assert (settings["batch_size"], settings["rotation"], settings["blur"]) == (16, 30, 0)
    assert (settings["epochs"], settings["lr"]) == (2, 2e-3)  # what is asked for comes last
    assert (overrides["variant"], overrides["reduction"]) == ("paper", "mean")


def test_hidden_files_of_others_are_left_alone(run, tmp_path):
    out = tmp_path / "run"
    (out / ".git").mkdir(parents=True)
    for name in (".notes.2026", ".git/.result.json.7"):
        (out / name).write_text("mine")
    assert run(*QUICK, "--model", "mean-shape", "--out", out)[0] == 0
    assert (out / ".notes.2026").read_text() == (out / ".git/.result.json.7").read_text() == "mine"


def test_a_checkpoint_keeps_every_setting_of_its_model(run, tmp_path):
    """A later default must not change what an old checkpoint is."""
    few = ["--dataset", "dots", "--device", "cpu", "--epochs", 1, "--out", tmp_path / "run"]
    sizes = ["--set", "input_size=48", "--set", "width=0.0625", "--set", "variant=paper"]
    assert run(*few, *sizes, "--model", "lgr")[0] == 0
    about = json.loads((tmp_path / "run" / "checkpoint" / "checkpoint.json").read_text())
    config = build("lgr", FLD8, input_size=48, width=0.0625, variant="paper").config
    assert about["config"] == json.loads(json.dumps(dataclasses.asdict(config)))
    scored = ["--dataset", "dots", "--device", "cpu", "--checkpoint", tmp_path / "run"]
    assert run(*scored, "--out", tmp_path / "scored")[0] == 0


@pytest.mark.parametrize(
    ("model", "head"), [*((model, "native") for model in RIVALS), ("fashionnet", "shared")]
)
def test_rivals_are_trained_and_their_checkpoints_scored_and_used(run, dots, tmp_path, model, head):
    few = ["--dataset", "dots", "--device", "cpu", "--epochs", 1, "--out", tmp_path / "run"]
    sizes = ["--set", "input_size=48", "--set", "width=0.0625", "--set", "flip_average=true"]
    assert run(*few, *sizes, "--model", model, "--set", f"head={head}")[0] == 0
    scored = ["--dataset", "dots", "--device", "cpu", "--checkpoint", tmp_path / "run"]
    assert run(*scored, "--out", tmp_path / "scored")[0] == 0
    first, second = (Result.load(tmp_path / name / "result.json") for name in ("run", "scored"))
    assert first.scores["ne"]["all"].value == pytest.approx(second.scores["ne"]["all"].value, 1e-4)
    detector = Detector.load(tmp_path / "run", device="cpu")
    found = Predictions.load(tmp_path / "run" / "predictions.parquet")
    split = dots["test"]
    xy, _ = detector([split.image(0)], [split.box[0]])
    assert np.allclose(xy[0], found.xy[0], atol=2e-2)


def test_a_study_turns_dials_and_cannot_be_mistaken_for_the_edition(run, tmp_path):
    few = ["--dataset", "fld-procedural", "--device", "cpu", "--model", "mean-shape", "--limit", 6]
    sizes = ["--set", "train_limit=8", "--set", "input_size=48", "--out", tmp_path / "run"]
    assert run(*few, *sizes, "--dial", "company=0", "--dial", "consumer=1")[0] == 0
    result = Result.load(tmp_path / "run" / "result.json")
    assert result.revision.startswith("fld-procedural-")
    assert "+" in result.revision
    content = json.loads((tmp_path / "run" / "config.json").read_text())["configuration"]
    assert content["dials"] == {"company": 0, "consumer": 1}
    about = json.loads((tmp_path / "run" / "checkpoint" / "checkpoint.json").read_text())
    assert about["revision"] == result.revision


def test_the_same_run_twice_gives_the_same_bytes(run, tmp_path):
    for name in ("one", "two"):
        assert run(*SHORT, "--out", tmp_path / name)[0] == 0
    for file in ("result.json", "predictions.parquet", "checkpoint/model.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert run(*SHORT, "--seed", 1, "--out", tmp_path / "three")[0] == 0
    one, three = (tmp_path / name / "result.json" for name in ("one", "three"))
    assert one.read_bytes() != three.read_bytes()


@pytest.mark.parametrize("moment", ["between epochs", "while saving", "while scoring"])
def test_an_interrupted_run_resumes_to_the_same_result(run, tmp_path, monkeypatch, moment):
    assert run(*SHORT, "--out", tmp_path / "whole")[0] == 0
    broken = tmp_path / "broken"
    with monkeypatch.context() as patch:
        _interrupt(patch, moment)
        code, table, notes = run(*SHORT, "--out", broken)
    assert (code, table) == (130, "")
    assert f"python -m benchmark.run {' '.join(SHORT)} --out {broken}" in notes
    assert not (broken / "result.json").exists()
    code, _, notes = run(*SHORT, "--out", broken)
    assert code == 0
    assert notes.count("epoch 1/3") == 0
    for file in ("result.json", "checkpoint/model.safetensors"):
        assert (tmp_path / "whole" / file).read_bytes() == (broken / file).read_bytes()
    assert len((broken / "metrics.jsonl").read_text().splitlines()) == 3
    assert not list(broken.glob("*training*"))


def _interrupt(patch, moment):
    """Make the run stop as Ctrl-C would, in its second epoch or after its last."""
    if moment == "while scoring":
        patch.setattr("benchmark.pictures.contact_sheet", _stop)
        return
    epochs = train._epoch
    save = train.TrainingState.save

    def epoch(*arguments):
        return _stop() if arguments[-1] == 1 else epochs(*arguments)

    def save_half(state, path, *arguments):
        save(state, path, *arguments)
        if len(state.history) == 2:
            path.with_name(f".{path.name}.1").write_bytes(path.read_bytes()[:100])
            _stop()

    if moment == "between epochs":
        patch.setattr(train, "_epoch", epoch)
    else:
        patch.setattr(train.TrainingState, "save", save_half)


def _stop(*_):
    raise KeyboardInterrupt


def test_a_finished_run_is_returned_and_afresh_begins_it_anew(run, dots, monkeypatch):
    code, table, notes = run(*SHORT)
    assert code == 0
    (folder,) = _runs()
    assert f"folder: runs/{folder.name}" in notes
    assert folder.name.startswith("tests-benchmark-tiny_model-build-dots-")
    reads = sum(split.reads for split in dots.values())
    code, again, notes = run(*SHORT)
    assert (code, again) == (0, table)
    assert "this run is finished" in notes
    assert sum(split.reads for split in dots.values()) == reads
    (folder / "metrics.jsonl").unlink()
    code, again, notes = run(*SHORT, "--afresh")
    assert (code, again) == (0, table)
    assert "epoch 3/3" in notes
    assert (folder / "metrics.jsonl").is_file()


def _runs():
    return list(Path("runs").iterdir()) if Path("runs").exists() else []


def test_every_configuration_has_its_own_folder(run):
    mean = [*QUICK, "--model", "mean-shape"]
    for more in ([], ["--seed", 1], ["--limit", 5], ["--split", "val"], ["--set", "train_limit=9"]):
        assert run(*mean, *more)[0] == 0
    assert len(_runs()) == 5


def test_a_folder_of_another_configuration_is_kept_unless_begun_anew(run, tmp_path):
    mean = [*QUICK, "--model", "mean-shape", "--out", tmp_path / "run"]
    assert run(*mean)[0] == 0
    before = (tmp_path / "run" / "result.json").read_bytes()
    code, _, notes = run(*mean, "--seed", 3)
    assert code == 2
    assert "another configuration (seed: 0 there, 3 asked)" in notes
    assert (tmp_path / "run" / "result.json").read_bytes() == before
    assert run(*mean, "--seed", 3, "--afresh")[0] == 0


def test_mean_shape_is_fitted_by_the_same_runner(run, tmp_path):
    code, table, notes = run(*QUICK, "--model", "mean-shape", "--out", tmp_path / "run")
    assert code == 0
    assert "mean-shape" not in table
    assert "epoch" not in notes.split("\n", 1)[1]
    assert not (tmp_path / "run" / "floor.json").exists()
    assert not (tmp_path / "run" / "metrics.jsonl").exists()
    assert run(*SHORT, "--out", tmp_path / "tiny")[0] == 0
    floor = (tmp_path / "tiny" / "floor.json").read_bytes()
    assert floor == (tmp_path / "run" / "result.json").read_bytes()


def test_a_checkpoint_is_scored_without_training(run, tmp_path):
    assert run(*SHORT, "--out", tmp_path / "run")[0] == 0
    on_dots = ["--dataset", "dots", "--device", "cpu", "--checkpoint"]
    code, table, notes = run(*on_dots, tmp_path / "run", "--out", tmp_path / "scored")
    assert code == 0
    assert "mean-shape" in table
    assert "epoch 1" not in notes
    for file in ("result.json", "floor.json"):
        first, second = (tmp_path / name / file for name in ("run", "scored"))
        assert first.read_bytes() == second.read_bytes()
    with safe_open(tmp_path / "run/checkpoint/model.safetensors", "pt") as kept:
        names = kept.keys()
        sizes = {name: math.prod(kept.get_slice(name).get_shape()) for name in names}
    counted = ("running_mean", "running_var", "num_batches_tracked")
    learned = sum(size for name, size in sizes.items() if not name.endswith(counted))
    for name in ("run", "scored"):
        said = json.loads((tmp_path / name / "config.json").read_text())["parameters"]
        assert 0 < said == learned
    assert run(*on_dots, tmp_path / "run" / "checkpoint", "--split", "val", "--limit", 4)[0] == 0
    (folder,) = _runs()
    result = Result.load(folder / "result.json")
    assert (result.split, result.samples) == ("val", 4)


def test_how_maps_become_points_can_be_set_for_a_checkpoint(run, tmp_path):
    few = ["--dataset", "dots", "--device", "cpu", "--epochs", 1, "--out", tmp_path / "run"]
    sizes = ["--set", "input_size=48", "--set", "width=0.0625"]
    assert run(*few, *sizes, "--model", "vgg16", "--set", "flip_average=true")[0] == 0
    scored = ["--dataset", "dots", "--device", "cpu", "--checkpoint", tmp_path / "run"]
    ways = {"same": "flip_average=true", "plain": "flip_average=false", "argmax": "decoder=argmax"}
    ways["turned"] = "turns=-15,0,15"
    for name, setting in ways.items():
        assert run(*scored, "--set", setting, "--out", tmp_path / name)[0] == 0
    results = [(tmp_path / name / "result.json").read_bytes() for name in ("run", *ways)]
    assert results[0] == results[1]
    assert len(set(results)) == 4
    about = json.loads((tmp_path / "plain" / "config.json").read_text())["configuration"]
    assert about["overrides"]["flip_average"] is False


def test_weights_from_the_stand_in_score_real_photographs(run, fixtures_root, tmp_path):
    few = ["--device", "cpu", "--model", TINY, "--epochs", "1", "--limit", 4]
    sizes = ["--set", "train_limit=8", "--set", "val_limit=4", "--set", "input_size=48"]
    stand_in = ["--dataset", "fld-procedural", "--out", tmp_path / "trained"]
    assert run(*few, *sizes, *stand_in)[0] == 0
    photographs = ["--dataset", "fld", "--root", fixtures_root / "fld", "--device", "cpu"]
    scored = ["--checkpoint", tmp_path / "trained", "--out", tmp_path / "scored"]
    code, table, notes = run(*photographs, *scored)
    assert code == 0
    assert "mean-shape" in table
    assert "trained on 8 samples of fld-procedural" in notes
    assert Result.load(tmp_path / "scored" / "result.json").dataset == "fld"
    assert (tmp_path / "scored" / "sheet.png").is_file()


def test_a_copy_of_photographs_is_trained_on(run, tmp_path):
    root = write_fld(tmp_path / "fld")
    arguments = ["--dataset", "fld", "--root", root, "--model", TINY, "--device", "cpu"]
    few = ["--epochs", "1", "--set", "input_size=48", "--set", "batch_size=2"]
    assert run(*arguments, *few, "--out", tmp_path / "run")[0] == 0
    assert Result.load(tmp_path / "run" / "result.json").samples == 3
