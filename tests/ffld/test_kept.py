"""What is kept can be looked at and removed, and nothing else goes with it."""

import os
import time

import numpy as np
import pytest
from filelock import FileLock

from ffld import kept
from ffld.__main__ import main
from ffld.cache import CROPS_LOCK, keep_arrays, load_arrays
from ffld.sample import DataError

DAY = 24 * 60 * 60


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache with entries of three kinds, of 0, 40 and 50 days ago, and what is no entry."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("FFLD_CACHE", str(folder))
    for name, days in {
        "crops/new.npy": 0,
        "crops/old.npy": 40,
        "labels/old.npz": 50,
        "weights/org/lgr/aaaa/model.safetensors": 40,
        "weights/org/lgr/aaaa/checkpoint.json": 50,
        "weights/org/lgr/bbbb/model.safetensors": 0,
        "locks/run.lock": 50,
        "mine.txt": 50,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 5000)
        then = time.time() - days * DAY
        os.utime(path, (then, then))
        os.utime(path.parent, (then, then))
    return folder


def left(folder):
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(file) for file in files if file.name != CROPS_LOCK)


def test_what_is_there_is_listed_the_last_used_first(cache, capsys):
    assert [entry.path.name for entry in kept.entries("crops")] == ["new.npy", "old.npy"]
    assert {entry.path.name for entry in kept.entries("weights")} == {"aaaa", "bbbb"}
    assert kept.entries("built") == []
    assert all(entry.size >= 5000 for kind in kept.KINDS for entry in kept.entries(kind))
    before = left(cache)
    assert main(["cache"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{cache}: 0.")
    assert [line.split()[0] for line in lines[1:]] == list(kept.KINDS)
    assert "    2  last used today, images cut" in lines[1]
    assert "    1  last used 50 days ago, labels" in lines[2]
    assert left(cache) == before


def test_a_kind_goes_and_nothing_else(cache, capsys):
    before = left(cache)
    assert main(["cache", "--remove", "crops", "--dry-run"]) == 0
    assert "would delete crops/old.npy" in capsys.readouterr().out
    assert left(cache) == before
    assert main(["cache", "--remove", "crops"]) == 0
    assert "deleted crops/new.npy" in capsys.readouterr().out
    others = [name for name in before if not name.startswith("crops")]
    assert left(cache) == others


def test_what_was_used_lately_stays_and_weights_go_as_a_whole(cache):
    assert main(["cache", "--remove", "all", "--unused", "30"]) == 0
    assert left(cache) == [
        "crops/new.npy", "locks/run.lock", "mine.txt", "weights/org/lgr/bbbb/model.safetensors",
    ]  # fmt: skip


def test_what_is_read_counts_as_used(cache):
    path = cache / "labels" / "kept.npz"
    keep_arrays(path, {"xy": np.zeros(2)})
    os.utime(path, (0, 0))
    load_arrays(path)
    kept.remove(["labels"], 1.0)
    assert [entry.path for entry in kept.entries("labels")] == [path]


def test_crops_are_left_alone_while_a_run_makes_some(cache):
    before = left(cache)
    with FileLock(cache / CROPS_LOCK), pytest.raises(DataError, match="a run is making crops"):
        kept.remove(["crops"])
    assert left(cache) == before


def test_links_lead_nowhere(cache, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "dear.txt").write_text("dear")
    (cache / "crops" / "link").symlink_to(outside)
    (cache / "weights" / "link").symlink_to(outside)
    kept.remove(list(kept.KINDS))
    assert (outside / "dear.txt").read_text() == "dear"
    assert not (cache / "crops" / "link").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--remove", "locks"], "no kind 'locks'; there are crops, labels"),
        (["--unused", "3"], "say what --remove is to delete"),
        (["--dry-run"], "say what --remove is to delete"),
    ],
)
def test_what_cannot_be_meant_is_one_error_line(cache, capsys, arguments, said):
    before = left(cache)
    assert main(["cache", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert left(cache) == before


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "week"])
def test_days_are_a_number(cache, days):
    with pytest.raises(SystemExit):
        main(["cache", "--remove", "crops", f"--unused={days}"])


def test_no_cache_is_nothing_to_remove(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "none"))
    assert main(["cache"]) == 0
    assert main(["cache", "--remove", "all"]) == 0
    assert "deleted 0.0 MB in " in capsys.readouterr().out
    assert not (tmp_path / "none").exists()
