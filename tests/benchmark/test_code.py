"""Runs say by which commit they were made, and only where that can be known."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark import code
from tests.benchmark.tiny_model import QUICK


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *who, "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """A repository that the code is in, with one commit of it."""
    git(tmp_path, "init")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-m", "one")
    monkeypatch.setattr(code, "__file__", str(tmp_path / "code.py"))
    monkeypatch.setattr(code, "commit", code.commit.__wrapped__)
    return tmp_path


def test_the_commit_and_whether_files_differ_from_it(repository):
    head = git(repository, "rev-parse", "HEAD")
    assert code.commit() == head
    (repository / "notes.txt").write_text("not of the code\n")
    assert code.commit() == head
    (repository / "code.py").write_text("2\n")
    assert code.commit() == head + code.DIRTY


def test_a_copy_in_somebody_elses_repository_is_not_of_its_commits(repository):
    git(repository, "rm", "--cached", "code.py")
    git(repository, "commit", "--allow-empty", "-m", "theirs")
    assert code.commit() == code.UNKNOWN


def test_outside_of_git_it_is_unknown(repository, monkeypatch):
    def gone(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(code.subprocess, "run", gone)
    assert code.commit() == code.UNKNOWN


def test_a_run_says_it(tmp_path):
    from benchmark.plan import environment

    told = json.loads(json.dumps(environment()))
    assert told["commit"] == code.commit()
    assert (told["opencv"], told["numpy"]) == (cv2.__version__, np.__version__)


@pytest.fixture
def outside(tmp_path, monkeypatch) -> Path:
    """The file of a model from outside of the project, `theirs:build`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "theirs.py"
    path.write_text("from tests.benchmark.tiny_model import Config, build  # noqa: F401\n")
    yield path
    sys.modules.pop("theirs", None)


def test_a_finished_run_of_other_code_is_shown_with_a_warning(run, tmp_path, outside):
    asked = [*QUICK, "--model", "theirs:build", "--epochs", 1, "--out", tmp_path / "run"]
    assert run(*asked)[0] == 0
    made = json.loads((tmp_path / "run" / "config.json").read_text())["environment"]
    assert made["model_code"] == hashlib.sha256(outside.read_bytes()).hexdigest()
    assert "warning" not in run(*asked)[2]
    outside.write_text(outside.read_text() + "# another reading of the paper\n")
    code, table, notes = run(*asked)
    assert code == 0
    assert "mean-shape" in table
    (line,) = [line for line in notes.splitlines() if line.startswith("warning: ")]
    assert "other code (the model's file, SHA-256: " in line
    assert "--afresh" in line
    assert run(*asked, "--afresh")[0] == 0
    assert "warning" not in run(*asked)[2]


@pytest.mark.parametrize("unfinished", [False, True])
def test_a_run_of_another_commit_is_used_with_a_warning(run, tmp_path, monkeypatch, unfinished):
    monkeypatch.setattr("benchmark.plan.commit", lambda: "a" * 40)
    asked = [*QUICK, "--model", "mean-shape", "--out", tmp_path / "run"]
    assert run(*asked)[0] == 0
    if unfinished:
        (tmp_path / "run" / "result.json").unlink()
    monkeypatch.setattr("benchmark.plan.commit", lambda: code.UNKNOWN)
    if not unfinished:
        assert "warning" not in run(*asked)[2]
    monkeypatch.setattr("benchmark.plan.commit", lambda: "b" * 40)
    done, _, notes = run(*asked)
    assert done == 0
    assert "by other code (commit: aaaaaaaaaaaa there, bbbbbbbbbbbb today); --afresh" in notes
