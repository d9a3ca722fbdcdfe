"""Bad input to the command: one error line, exit code 2, nothing half-written."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import ffld
from benchmark.run import main
from ffld.sample import DataError
from tests.benchmark.tiny_model import QUICK, SHORT, TINY
from tests.ffld.miniature import write_fld


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
        (["--recipe", "papers"], "unknown recipe 'papers'; there are ours, paper"),
        (["--dial", "company"], "--dial takes key=value with a JSON value"),
        (["--dial", "company=0"], "dots have no dials"),
        (["--set", "schedule=sine"], "milestones|cosine|steps|slope, not 'sine'"),
        (["--set", "head=big"], "head is one of shared|native, not 'big'"),
        (["--set", "pretrained=true"], "ImageNet weights fit width 1, not 0.25"),
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


def test_a_photograph_cut_off_is_one_error_line(run, tmp_path):
    root = write_fld(tmp_path / "fld")
    (photograph, *_) = (root / "Img" / "img").iterdir()
    photograph.write_bytes(photograph.read_bytes()[:-300])
    arguments = ["--dataset", "fld", "--root", root, "--model", TINY, "--device", "cpu"]
    line = _refused(run, *arguments, "--set", "input_size=48", "--out", tmp_path / "run")
    assert photograph.name in line
    assert not (tmp_path / "run").exists()


def test_a_model_without_vgg16_has_nothing_to_start_from(run, tmp_path):
    line = _refused(run, *SHORT, "--set", "pretrained=true", "--out", tmp_path / "run")
    assert "has no ImageNet weights to start from" in line
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
    setting = ["--set", "flip_average=true", "--set", "lr=1"]
    assert "scores weights as they are" in _refused(run, *scored, *setting)
    assert "unknown setting 'flip_average'" in _refused(run, *scored, *setting[:2])
    assert "scores weights as they are" in _refused(run, *scored, "--train")
    assert "scores weights as they are" in _refused(run, *scored, "--recipe", "paper")
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
    assert not Path("runs").exists()
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


def test_a_reader_who_has_read_enough_is_no_error():
    code = (
        "import sys; from benchmark.command import carried_out\n"
        "sys.exit(carried_out(lambda: print('x\\n' * 100_000), ''))\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"x\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
