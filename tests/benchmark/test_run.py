"""The command from its arguments to its table, its folder, its errors and its exit codes."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import ffld
from benchmark import Predictions, Result, evaluate, train
from benchmark.run import main
from ffld.sample import DataError

TINY = "tests.benchmark.tiny_model:build"
QUICK = [
    "--dataset", "dots", "--device", "cpu", "--set", "input_size=32", "--set", "batch_size=16",
    "--set", "lr=0.03", "--set", "warmup=3",
]  # fmt: skip
LEARN = [*QUICK, "--model", TINY, "--epochs", "30", "--set", "channels=32"]
SHORT = [*QUICK, "--model", TINY, "--epochs", "3"]


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

    def epoch(model, optimizer, task, number):
        return _stop() if number == 1 else epochs(model, optimizer, task, number)

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


def test_a_finished_run_is_returned_and_train_trains_afresh(run, dots, monkeypatch):
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
    code, again, notes = run(*SHORT, "--train")
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


def test_a_folder_of_another_configuration_is_kept_unless_trained_afresh(run, tmp_path):
    mean = [*QUICK, "--model", "mean-shape", "--out", tmp_path / "run"]
    assert run(*mean)[0] == 0
    before = (tmp_path / "run" / "result.json").read_bytes()
    code, _, notes = run(*mean, "--seed", 3)
    assert code == 2
    assert "another configuration (seed: 0 there, 3 asked)" in notes
    assert (tmp_path / "run" / "result.json").read_bytes() == before
    assert run(*mean, "--seed", 3, "--train")[0] == 0


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
    assert run(*on_dots, tmp_path / "run" / "checkpoint", "--split", "val", "--limit", 4)[0] == 0
    (folder,) = _runs()
    result = Result.load(folder / "result.json")
    assert (result.split, result.samples) == ("val", 4)


def _refused(run, *arguments):
    code, table, notes = run(*arguments)
    assert (code, table) == (2, "")
    lines = notes.strip().split("\n")
    assert lines[-1].startswith("error: ")
    assert notes.count("error: ") == 1
    assert "Traceback" not in notes
    return lines[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "lgrr"], "unknown model 'lgrr'; did you mean 'lgr'?"),
        (["--model", "nothing.here:build"], "cannot import 'nothing.here'"),
        (["--dataset", "fdl"], "unknown dataset 'fdl'; did you mean 'fld'?"),
        (["--dataset", "fld"], "--root"),
        (["--dataset", "fld", "--root", "/nowhere"], "root '/nowhere' is not a folder"),
        (["--split", "tset"], "no split 'tset'; it has train, val, test"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--device", "cuda:99"], "device 'cuda:99' is not there"),
        (["--set", "depth=3"], "unknown setting 'depth'"),
        (["--set", "epochs=many"], "epochs is int, not 'many'"),
        (["--set", "input_size=50"], "input_size is 50; it must be a multiple of 16"),
        (["--set", "epochs=0"], "epochs is 0; it must be at least 1"),
        (["--checkpoint", "/nowhere"], "checkpoint '/nowhere': no such folder"),
        (["--out", "file/run"], "is a file; pass another --out"),
        (["--out", "full"], "is not empty and no run's folder"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_bad_input_is_one_error_line(run, tmp_path, arguments, said):
    work = tmp_path / "work"
    (work / "file").write_text("")
    (work / "full").mkdir()
    (work / "full" / "thesis.tex").write_text("")
    line = _refused(run, "--dataset", "dots", "--model", "vgg16", "--device", "cpu", *arguments)
    assert said in line
    assert sorted(path.name for path in work.iterdir()) == ["file", "full"]
    assert [path.name for path in (work / "full").iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "0"], "argument --limit: '0' is no whole number of at least 1"),
        (["--epochs", "some"], "argument --epochs: 'some' is no whole number of at least 1"),
        (["--seed", "-1"], "argument --seed: '-1' is no whole number from 0 to 4294967295"),
        (["--sed", "1"], "unrecognized arguments: --sed 1"),
    ],
)
def test_a_mistyped_option_is_one_error_line(capsys, arguments, said):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err == f"error: {said}; see --help\n"


def test_training_images_are_not_scored(run, dots):
    dots["test"].ids[3:5] = dots["train"].ids[3:5]
    line = _refused(run, *SHORT)
    assert "2 of the 16 samples to score are of images to train on" in line


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_broken_image_is_one_error_line_and_no_folder(run, dots, split, tmp_path):
    dots[split].broken = 7
    line = _refused(run, *SHORT, "--out", tmp_path / "run")
    assert line == f"error: image dots/{split}/000007.jpg is cut off"
    assert not (tmp_path / "run").exists()


def test_a_loss_that_explodes_is_one_error_line(run, tmp_path):
    out = ["--out", tmp_path / "run"]
    line = _refused(run, *SHORT, *out, "--set", "lr=1e31", "--set", "clip=1e30")
    assert "try a lower rate" in line
    assert not (tmp_path / "run" / "result.json").exists()


def test_a_checkpoint_of_another_kind_is_one_error_line(run, tmp_path, monkeypatch):
    out = tmp_path / "run"
    assert run(*QUICK, "--model", "mean-shape", "--out", out)[0] == 0
    scored = ["--dataset", "dots", "--device", "cpu", "--checkpoint", out]
    assert "is of model 'mean-shape', not 'lgr'" in _refused(run, *scored, "--model", "lgr")
    assert "scores weights as they are" in _refused(run, *scored, "--set", "lr=1")
    assert "scores weights as they are" in _refused(run, *scored, "--train")
    about = out / "checkpoint" / "checkpoint.json"
    about.write_text(about.read_text().replace('"schema": "fld8"', '"schema": "ffld"'))
    content = json.loads(about.read_text()) | {"schema_fingerprint": "0" * 16}
    about.write_text(json.dumps(content))
    assert "predicts landmarks of schema 'ffld'" in _refused(run, *scored)
    (out / "checkpoint" / "model.safetensors").unlink()
    assert "cannot be read" in _refused(run, *scored)


def test_photographs_without_a_train_split_name_the_stand_in(run, dots, monkeypatch):
    photographs = replace(ffld.spec("dots"), name="dots", procedural=False)
    stand_in = replace(photographs, name="dots-procedural", procedural=True)
    specs = {"dots": photographs, "dots-procedural": stand_in, "another": stand_in}
    monkeypatch.setattr(ffld, "spec", specs.__getitem__)
    monkeypatch.setattr(ffld, "available", lambda: ["another", "dots", "dots-procedural"])
    load = ffld.load

    def load_without_train(name, split="test", **options):
        if split == "train":
            raise DataError("no train samples in this copy")
        return load(name, split, **options)

    monkeypatch.setattr(ffld, "load", load_without_train)
    line = _refused(run, *SHORT)
    assert not _runs()
    assert "no train samples in this copy" in line
    assert f"--model {TINY} --dataset dots-procedural --out runs/dots-procedural" in line
    assert "--checkpoint runs/dots-procedural" in line


def test_arguments_are_parsed_before_torch_is_imported():
    code = (
        "import sys; from benchmark.run import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: print(stop.code, 'torch' in sys.modules)\n"
        "try: main(['--no-such-option'])\n"
        "except SystemExit as stop: print(stop.code, 'torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "examples:" in done.stdout
    lines = done.stdout.splitlines()
    assert "0 False" in lines
    assert lines[-1] == "2 False"
    assert done.stderr == "error: unrecognized arguments: --no-such-option; see --help\n"
