"""Runs say by which commit they were made, and only where that can be known."""

import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark import code


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
