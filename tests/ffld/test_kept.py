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
NEW, OLD = f"crops/ffld-test-{'a' * 16}.npy", f"crops/ffld-test-{'b' * 16}.npy"
LABELS = "labels/ffld-test-b.npz"
COMMITS = [f"weights/org/lgr/{letter * 40}" for letter in "ab"]
NOT_OURS = ["built/mine/manifest.json", "crops/mine.npy", "locks/run.lock", "mine.txt"]
ROOMY = 50_000  # bytes of a file, so that it takes blocks everywhere


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache with entries of three kinds, of 0, 40 and 50 days ago, and what is no entry."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("FFLD_CACHE", str(folder))
    ages = {
        NEW: 0,
        OLD: 40,
        LABELS: 50,
        f"{COMMITS[0]}/model.safetensors": 40,
        f"{COMMITS[0]}/checkpoint.json": 50,
        f"{COMMITS[1]}/model.safetensors": 0,
        "weights/org/lgr/.fetching/model.safetensors": 50,
        **dict.fromkeys(NOT_OURS, 50),
    }
    for name, days in ages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(np.random.default_rng(0).bytes(ROOMY))
        then = time.time() - days * DAY
        os.utime(path, (then, then))
        os.utime(path.parent, (then, then))
    return folder


def left(folder):
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(file) for file in files if file.name not in (CROPS_LOCK, ".lock"))


def test_what_is_there_is_listed_the_last_used_first(cache, capsys):
    assert [entry.path for entry in kept.entries("crops")] == [cache / NEW, cache / OLD]
    assert {entry.path for entry in kept.entries("weights")} == {cache / name for name in COMMITS}
    assert kept.entries("built") == []
    sizes = [entry.size for kind in kept.KINDS for entry in kept.entries(kind)]
    assert min(sizes) >= ROOMY
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
    with FileLock(cache / CROPS_LOCK):  # nothing is touched, so nobody is waited for
        assert main(["cache", "--remove", "crops", "--dry-run"]) == 0
    assert f"would delete {OLD}" in capsys.readouterr().out
    assert left(cache) == before
    assert main(["cache", "--remove", "crops"]) == 0
    assert f"deleted {NEW}" in capsys.readouterr().out
    assert left(cache) == [name for name in before if name not in (NEW, OLD)]


def test_what_was_used_lately_stays_and_weights_go_as_a_whole(cache):
    before = left(cache)
    assert main(["cache", "--remove", "all", "--unused", "30"]) == 0
    gone = [name for name in before if name in (OLD, LABELS) or name.startswith(COMMITS[0])]
    assert len(gone) == 4
    assert left(cache) == [name for name in before if name not in gone]


def test_all_means_what_is_dated_in_the_future_too(cache):
    os.utime(cache / NEW, (2e9, 2e9))
    kept.remove(["crops"])
    assert kept.entries("crops") == []


def test_a_folder_cut_short_is_not_taken_for_a_whole_one(cache, monkeypatch):
    """It is fetched again, and what was left of it goes with the next."""

    def stopped(path):
        (path / "checkpoint.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(kept.shutil, "rmtree", stopped)
        with pytest.raises(KeyboardInterrupt):
            kept.remove(["weights"])
    assert not (cache / COMMITS[0]).exists()
    assert (cache / COMMITS[1]).exists()
    left_over = (cache / COMMITS[0]).with_name(f".removing-{'a' * 40}")
    assert left_over in [entry.path for entry in kept.entries("weights")]
    (cache / COMMITS[0]).mkdir()  # fetched again
    kept.remove(["weights"])
    rest = [path.name for path in (cache / COMMITS[0]).parent.iterdir()]
    assert sorted(rest) == [".fetching", ".lock"]


def test_what_goes_meanwhile_is_no_error(cache, monkeypatch):
    paths = kept._paths("crops")
    (cache / NEW).unlink()
    monkeypatch.setattr(kept, "_paths", lambda kind: paths)
    assert [entry.path for entry in kept.entries("crops")] == [cache / OLD]
    kept.remove(["crops"])
    assert not (cache / OLD).exists()


def test_what_is_read_counts_as_used(cache):
    path = cache / LABELS
    keep_arrays(path, {"xy": np.zeros(2)})
    os.utime(path, (0, 0))
    load_arrays(path)
    kept.remove(["labels"], 1.0)
    assert [entry.path for entry in kept.entries("labels")] == [path]


@pytest.mark.parametrize(
    ("kind", "lock"), [("crops", CROPS_LOCK), ("weights", "weights/org/lgr/.lock")]
)
def test_what_another_process_is_making_is_left_alone(cache, kind, lock):
    before = left(cache)
    with FileLock(cache / lock), pytest.raises(DataError, match="another process is making"):
        kept.remove([kind])
    assert left(cache) == before


def test_links_lead_nowhere(cache, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "dear.txt").write_text("dear")
    link = cache / f"weights/org/lgr/{'c' * 40}"
    link.symlink_to(outside)
    kept.remove(list(kept.KINDS))
    assert (outside / "dear.txt").read_text() == "dear"
    assert not link.is_symlink()


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
