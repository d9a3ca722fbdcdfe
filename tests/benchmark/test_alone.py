"""One process at a time is at a run's folder."""

import os
import signal
import time
from pathlib import Path

import pytest

from benchmark import folder, train
from benchmark.plan import RunError
from benchmark.run import main
from tests.benchmark.test_world import _two
from tests.benchmark.tiny_model import SHORT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def _stopped_in_training(arguments, begun):
    """A process that carries the command out as far as its second epoch, where it waits."""
    child = os.fork()
    if child:
        while not begun.exists():
            time.sleep(0.01)
        return child
    try:
        epochs = train._epoch

        def epoch(*given):
            if given[-1] == 1:
                begun.touch()
                time.sleep(600)
            return epochs(*given)

        train._epoch = epoch
        main(arguments)
    finally:
        os._exit(70)


def test_a_run_that_another_process_is_at_is_left_to_it(run, tmp_path):
    out = tmp_path / "run"
    arguments = [*map(str, SHORT), "--out", str(out)]
    child = _stopped_in_training(arguments, tmp_path / "begun")
    before = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert "training.safetensors" in before
    for more in ([], ["--afresh"]):
        code, table, notes = run(*arguments, *more)
        assert (code, table) == (2, "")
        error = f"error: another process is at the run in '{out}': wait for it"
        assert notes.strip().splitlines()[-1].startswith(error)
    assert {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    code, _, notes = run(*arguments)
    assert code == 0
    assert "epoch 1/3" not in notes  # it goes on where the killed one was
    assert not list(out.glob(".*"))


def test_a_job_of_several_processes_is_one(run, dots, tmp_path):
    out = tmp_path / "run"
    with folder.alone(out):
        codes, written = _two([*SHORT, "--out", out])
    assert codes == [2, 2], written
    assert "another process is at the run" in written["err0"]
    assert not out.exists()
    assert _two([*SHORT, "--out", out])[0] == [0, 0]


def test_a_folder_is_the_same_by_whatever_path(tmp_path, monkeypatch):
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with folder.alone(Path("runs/new")):
        with pytest.raises(RunError, match="another process is at the run"):
            folder.alone(tmp_path / "runs" / "new").__enter__()
        with folder.alone(tmp_path / "runs" / "other"):
            pass
    assert not (tmp_path / "runs").exists()


def test_a_cache_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "file"))
    with pytest.raises(RunError, match="set FFLD_CACHE"):
        folder.alone(tmp_path / "run").__enter__()
