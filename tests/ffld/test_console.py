"""What all commands share: exit codes, one line for every error, readers that have read enough."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from ffld.__main__ import main
from ffld.console import carried_out, out_folder
from ffld.sample import DataError


def errors():
    return (DataError,)


def interrupt():
    raise KeyboardInterrupt


def refuse():
    raise DataError("a column\n  is missing")


@pytest.mark.parametrize(
    ("work", "code", "said"),
    [
        (lambda: None, 0, ""),
        (lambda: 3, 3, ""),
        (refuse, 2, "error: a column is missing\n"),
        (interrupt, 130, "\nhow to go on\n"),
    ],
)
def test_exit_codes_and_what_is_said(capsys, work, code, said):
    assert carried_out(work, errors, "how to go on") == code
    assert capsys.readouterr() == ("", said)


def test_who_does_not_speak_says_nothing(capsys):
    assert carried_out(refuse, errors, speaks=lambda: False) == 2
    assert capsys.readouterr().err == ""


def test_a_defect_shows_itself():
    with pytest.raises(ZeroDivisionError):
        carried_out(lambda: 1 // 0, errors)


@pytest.mark.parametrize("words", [["ffld", "list"], ["leaderboard", "--help"]])
def test_a_reader_that_has_read_enough_is_no_error(words):
    """The pipe is closed before a word is written, as `| true` does."""
    command = subprocess.Popen(
        [sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    command.stdout.close()
    assert "rror" not in command.stderr.read().decode()
    command.wait()


def test_a_folder_is_not_named_like_a_file(tmp_path, capsys):
    for name in ("coco", "ffld-1.3", "a.b/c"):
        assert out_folder(name) == Path(name)
    (tmp_path / "odd.json").mkdir()
    assert out_folder(str(tmp_path / "odd.json")) == tmp_path / "odd.json"
    with pytest.raises(argparse.ArgumentTypeError, match=r"'a\.PNG' would be a folder.* as a$"):
        out_folder("a.PNG")
    with pytest.raises(SystemExit, match="2"):
        main(["export", "--out", str(tmp_path / "x.json")])
    assert "argument --out: " in capsys.readouterr().err
    assert not (tmp_path / "x.json").exists()
