"""A season from its first to its last day, by the commands that its organiser and others type."""

import json
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmark import Predictions, Result, evaluate, models
from benchmark.checkpoint import Checkpoint
from benchmark.predict import main as predict
from ffld.schema import FFLD
from ffld.sealed import Sealed
from leaderboard.__main__ import main
from leaderboard.entry import Answers
from leaderboard.gate import record_problems
from tests.leaderboard.season import AFTER, CLOSES, LAST, NAME, SAMPLES, Stage

ROOT = Path(__file__).parents[2]
PAGE = f"ffld-season_{NAME}-all-annotated-notype-own.html"


@pytest.fixture
def stage(tmp_path, monkeypatch):
    return Stage.copy(tmp_path, monkeypatch)


def checkpoint(folder):
    """A model of a run: the middle of the box, for every landmark."""
    model = models.build("mean-shape", FFLD, input_size=32)
    about = Checkpoint(
        model="mean-shape", config={"input_size": 32}, schema=FFLD.name,
        schema_fingerprint=FFLD.fingerprint, input_size=32, padding=0.0, dataset="ffld",
        revision="ffld-1.0", samples=1, seed=3, val_ne=None,
    )  # fmt: skip
    about.save(folder / "checkpoint", model, model)
    return folder


def problems(stage):
    return record_problems(
        Answers(seasons=stage.seasons), stage.submissions, stage.tables, stage.readme
    )


def everything(stage):
    """All that others see of a season."""
    shown = [stage.images, stage.seasons, stage.submissions, stage.tables, stage.readme]
    files = [f for one in shown for f in ([one] if one.is_file() else one.rglob("*"))]
    return {f: f.read_bytes() for f in files if f.is_file()}


def test_from_the_first_to_the_last_day(stage, capsys):
    # The organiser has opened it.
    key = json.loads(stage.key.read_text())["key"]
    assert stat.S_IMODE(stage.key.stat().st_mode) == 0o600
    assert stage.season("verify", NAME, "--images", stage.images) == 0
    assert "record and images sound (sealed, entries until 2027-01-31)" in capsys.readouterr().out

    # A participant predicts by a trained model, another without the runner; both submit.
    run = checkpoint(stage.folder / "runs" / "x")
    out = stage.folder / "runs" / "x-season"
    words = ["--season", str(stage.images), "--checkpoint", str(run), "--out", str(out)]
    assert predict([*words, "--device", "cpu"]) == 0
    points_and_shares = len(FFLD.type_names) * len(FFLD) * (2 + 1)
    assert json.loads((out / "config.json").read_text())["parameters"] == points_and_shares
    assert stage.new("middle", out) == 0
    stage.on(LAST)
    other = stage.entry("other", 0.3)
    middle = other.with_name("middle")
    said = json.loads((middle / "submission.json").read_text())
    assert said["season"] == {"name": NAME, "commitment": stage.load().commitment}
    assert (said["claimed"], said["samples"], said["input_size"]) == ({}, "all", [32, 32])
    assert said["predictions"][0]["seed"] == 3
    assert not (middle / "result.json").exists()

    # Nobody can score them, everybody can see that they are in.
    for folder in (middle, other):
        assert stage.check(folder, capsys) == []
        assert main(["verify", str(folder), "--seasons", str(stage.seasons)]) == 2
        assert "sealed: nothing can be scored before its key is revealed" in capsys.readouterr().err
    assert main(["rank", *stage.places]) == 0
    listed = capsys.readouterr().out
    assert "Method other" in listed
    assert "sealed" in listed
    assert "NE" not in listed.split("SHA-256")[0]
    stage.build()
    page = (stage.tables / PAGE).read_text()
    assert f"Sealed, entries until {CLOSES}" in page
    assert said["predictions"][0]["sha256"] in page
    assert stage.load().commitment in page
    assert f"entries until {CLOSES}" in stage.readme.read_text()
    assert problems(stage) == []
    assert not [f for f, content in everything(stage).items() if key.encode() in content]
    assert not [f for f, content in everything(stage).items() if bytes.fromhex(key) in content]

    # The day after the last one, the key is revealed and the entries are scored.
    assert stage.close() == 2
    assert "its key stays secret till that day is over" in capsys.readouterr().err
    stage.on(AFTER)
    assert stage.close("--all") == 0
    assert "entries in time: 2, results written: 2" in capsys.readouterr().out
    assert stage.season("verify", NAME, "--images", stage.images) == 0
    assert "the key gives them" in capsys.readouterr().out
    for folder in (middle, other):
        assert stage.check(folder, capsys) == []
        assert main(["verify", str(folder), "--seasons", str(stage.seasons)]) == 0
    targets = Sealed("ffld", NAME, SAMPLES, key).open().targets
    alone = evaluate(Predictions.load(out / "predictions.parquet"), targets, resamples=0)
    kept = Result.load(middle / "result.json").scores["ne"]["visible"].value
    assert kept == pytest.approx(alone.scores["ne"]["visible"].value, abs=1e-4)
    capsys.readouterr()
    assert main(["rank", *stage.places]) == 0
    ranks = capsys.readouterr().out
    assert f"{kept:.4f}" in ranks
    stage.build()
    page = (stage.tables / PAGE).read_text()
    assert key in page
    assert "key revealed on 2027-02-01" in page
    assert f"{kept:.4f}" in stage.readme.read_text()
    assert problems(stage) == []


def test_a_reader_can_check_the_commitment_with_what_docs_say(stage):
    stage.on(AFTER)
    assert stage.close() == 0
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    text = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    text = text.replace("leaderboard/seasons/NAME.json", str(stage.record))
    exec(text, {})
    changed = json.loads(stage.record.read_text()) | {"samples": 11}
    stage.record.write_text(json.dumps(changed))
    with pytest.raises(AssertionError):
        exec(text, {})


def test_opening_goes_on_where_it_was_killed(stage, capsys):
    """With the same key, even on a later day, and to the same record."""
    record, key = stage.record.read_bytes(), stage.key.read_bytes()
    stage.record.unlink()
    (stage.images / "manifest.json").unlink()
    shard = sorted((stage.images / "data").iterdir())[1]
    kept = sorted((stage.images / "data").iterdir())[0].stat().st_mtime_ns
    shard.write_bytes(shard.read_bytes()[:1000])
    stage.on(LAST.replace(day=5))
    assert stage.season("open", NAME, *stage.opening) == 0
    assert (stage.record.read_bytes(), stage.key.read_bytes()) == (record, key)
    assert sorted((stage.images / "data").iterdir())[0].stat().st_mtime_ns == kept


def test_an_opening_killed_while_it_renders_leaves_what_the_same_call_completes(tmp_path):
    key, images, records = (tmp_path / name for name in ("key.json", "images", "seasons"))
    key.write_bytes(b"")  # what a call leaves that is killed before it has written the key
    words = ["season", "open", NAME, "--samples", "96", "--closes", "2999-12-31"]
    words += ["--key-file", key, "--images", images, "--seasons", records, "--processes", "1"]
    command = [sys.executable, "-m", "leaderboard", *map(str, words)]
    opening = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    shards = images / "data"
    while opening.poll() is None and len(list(shards.glob("*.parquet"))) < 3:
        time.sleep(0.01)
    opening.kill()
    assert opening.wait() == -signal.SIGKILL
    drawn, kept = key.read_bytes(), {file: file.read_bytes() for file in shards.glob("*.parquet")}
    assert len(kept) >= 3
    assert not records.exists()
    assert main([str(word) for word in words]) == 0
    assert key.read_bytes() == drawn
    assert {file: file.read_bytes() for file in kept} == kept
    verifying = ["season", "verify", NAME, "--images", images, "--all", "--seasons", records]
    assert main([str(word) for word in verifying]) == 0
    assert not list(tmp_path.rglob(".*"))


def test_closing_goes_on_where_it_was_killed(stage, capsys):
    entry = stage.entry("one")
    stage.on(AFTER)
    assert stage.close() == 0
    record, result = stage.record.read_bytes(), (entry / "result.json").read_bytes()
    (entry / "result.json").unlink()
    assert any("result.json is missing" in line for line in stage.check(entry, capsys))
    assert stage.close() == 0
    assert (entry / "result.json").read_bytes() == result
    assert stage.record.read_bytes() == record


def test_seasons_are_listed(stage, capsys):
    assert stage.season("list") == 0
    assert capsys.readouterr().out == f"{NAME}: ffld, 12 samples, sealed, entries until {CLOSES}\n"


def test_seeds_and_copies_are_told_apart_before_anything_is_scored(stage, capsys):
    one = stage.entry("one")
    run = stage.predicted("same")
    points = Predictions.load(stage.folder / "runs" / "one" / "predictions.parquet")
    stage.predicted("same", xy=points.xy + 1e-5)
    assert stage.new("same", run, "--input-size", "unknown") == 0
    copy = one.with_name("same")
    assert stage.check(copy, capsys) == ["error: its predictions are those of ffld/one"]


def test_slots_that_a_type_has_are_kept_and_no_others(stage):
    entry = stage.entry("one")
    kept = np.isfinite(Predictions.load(entry / "seed-0.parquet").xy).all(-1)
    sheet = stage.load().sheet
    assert np.array_equal(kept, sheet.schema.type_mask[sheet.type_index])


def test_no_choice_is_left_once_the_key_is_out(stage, capsys):
    """Neither the better seeds of an entry, nor one of them under another statement."""
    runs = [stage.predicted(f"run{seed}", 0.2 + seed / 100) for seed in range(3)]
    for seed, run in enumerate(runs):
        (run / "config.json").write_text(json.dumps({"configuration": {"seed": seed}}))
    assert stage.new("several", runs, "--input-size", "unknown") == 0
    entry = stage.submissions / "ffld" / "several"
    stage.on(AFTER)
    assert stage.close() == 0
    assert stage.check(entry, capsys) == []
    path = entry / "submission.json"
    content = json.loads(path.read_text())
    for changed in ({"predictions": content["predictions"][:1]}, {"method": "Another"}):
        path.write_text(json.dumps(content | changed))
        found = " ".join(stage.check(entry, capsys))
        assert "this choice of files, or its statement, were not in when the key" in found
