"""Seasons that go wrong, by mistake or on purpose: one clear error each, and nothing revealed."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

import ffld.datasets.ffld as ffld_dataset
from benchmark import Predictions
from ffld import sealed, shards
from ffld.sealed import Sealed
from leaderboard import keys, stored
from leaderboard.__main__ import main
from leaderboard.build import BuildError
from leaderboard.entry import Answers
from leaderboard.gate import record_problems
from leaderboard.seasons import Season
from tests.leaderboard.season import AFTER, FIRST, NAME, SAMPLES, Stage

UNSAID = ("--input-size", "unknown")
PUBLIC = ffld_dataset.EDITION.revision


@pytest.fixture
def stage(tmp_path, monkeypatch):
    return Stage.copy(tmp_path, monkeypatch)


@pytest.fixture
def refused(capsys):
    """One line of error, exit code 2."""

    def check(code, text):
        lines = [line for line in capsys.readouterr().err.splitlines() if "error: " in line]
        assert code == 2
        assert len(lines) == 1
        assert text in lines[0], lines[0]

    return check


def edit(stage, **changed):
    content = json.loads(stage.record.read_text())
    stage.record.write_text(json.dumps(content | changed))


def change(entry, **changed):
    path = entry / "submission.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def opening(stage, name="other", **changed):
    words = {"--samples": "4", "--closes": "2027-03-01", "--key-file": stage.folder / "k.json",
             "--images": stage.folder / "im", "--processes": "1", **changed}  # fmt: skip
    return stage.season("open", name, *(word for pair in words.items() for word in pair))


# --- opening -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/x", "A", "a-b", "a__b", "", "x" * 33, "a\n", "é"]
)
def test_names_that_are_paths_or_worse(stage, refused, name):
    refused(opening(stage, name), "can't be a season's name")
    refused(stage.season("verify", name), "can't be a season's name")
    assert not (stage.folder / "k.json").exists()


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"--closes": "2027-01-02"}, "closes: 2027-01-02 is not after today"),
        ({"--closes": "soon"}, "expected a UTC date"),
        ({"--dataset": "fld"}, "dataset 'fld' can't be sealed"),
        ({"--dataset": "flf"}, "dataset 'flf' can't be sealed"),
        ({"--samples": "0"}, "1 to 40,000 samples, not 0"),
        ({"--samples": "50000"}, "1 to 40,000 samples, not 50000"),
    ],
)
def test_seasons_that_cannot_be(stage, refused, changed, text):
    refused(opening(stage, **changed), text)
    assert not (stage.folder / "k.json").exists()
    assert len(list(stage.seasons.iterdir())) == 2


def test_a_season_is_opened_once(stage, refused):
    before = stage.record.read_bytes()
    refused(opening(stage, NAME), f"season {NAME} exists")
    assert stage.record.read_bytes() == before


def test_a_key_is_never_overwritten_and_serves_one_season(stage, refused):
    before = stage.key.read_bytes()
    refused(opening(stage, **{"--key-file": stage.key}), "a key is never overwritten")
    (stage.folder / "k.json").touch(0o600)
    (stage.folder / "k.json").write_text("something else")
    refused(opening(stage), "is no key file")
    assert stage.key.read_bytes() == before
    assert (stage.folder / "k.json").read_text() == "something else"


def test_a_key_lies_where_nobody_looks(stage, refused):
    (stage.folder / "repository" / ".git").mkdir(parents=True)
    for place, text in (
        (keys.PROJECT / "key.json", "which others see"),
        (stage.folder / "im" / "deeper" / "key.json", "which others see"),
        (stage.seasons / "key.json", "which others see"),
        (stage.folder / "repository" / "key.json", "in the Git work tree"),
    ):
        refused(opening(stage, **{"--key-file": place}), text)
        assert not place.exists()


def test_an_image_folder_that_holds_something_else(stage, refused):
    refused(opening(stage, **{"--images": stage.images}), "which isn't of this build")


# --- record and images ---------------------------------------------------------------------------


def test_unknown_seasons_and_records_that_are_none(stage, refused):
    refused(stage.season("verify", "2028"), f"no season '2028'; there are: {NAME}")
    edit(stage, closes="never", extra=1)
    refused(stage.season("verify", NAME), "unknown: 'extra'")
    stage.record.write_text("{")
    refused(stage.season("list"), "not readable JSON")


@pytest.mark.parametrize(
    "changed", [{"closes": "2027-01-20"}, {"samples": 11}, {"labels": "0" * 64}]
)
def test_a_record_altered_before_the_end_is_not_what_was_committed_to(stage, refused, changed):
    stage.entry("one")
    stage.build()
    edit(stage, **changed)
    with pytest.raises(BuildError, match=f"its record was altered .{next(iter(changed))}"):
        stage.build()
    stage.on(AFTER)
    refused(stage.close(), "the commitment is not that of this key and this record")
    assert json.loads(stage.record.read_text())["revealed"] is None


def test_a_season_that_is_gone_is_missed(stage):
    stage.build()
    stage.record.unlink()
    with pytest.raises(BuildError, match=f"season {NAME} is gone"):
        stage.build()


def test_a_record_altered_after_the_end(stage, refused):
    stage.on(AFTER)
    assert stage.close() == 0
    edit(stage, closes="2027-01-20")
    refused(stage.season("verify", NAME), "the record was altered after the season opened")


def test_another_key_reveals_nothing(stage, refused):
    stage.on(AFTER)
    content = json.loads(stage.key.read_text())
    stage.key.write_text(json.dumps(content | {"key": "0" * 64}))
    refused(stage.close(), "it is another key, or the record was altered")
    stage.key.write_text(json.dumps(content | {"season": "2028"}))
    refused(stage.close(), "the key of season 2028, not of")
    stage.key.write_text(json.dumps(content | {"key": content["key"][:-1]}))
    assert stage.close() == 2
    stage.key.unlink()
    assert stage.close() == 2
    assert json.loads(stage.record.read_text())["revealed"] is None


def test_no_part_of_a_key_is_in_a_message(stage, capsys):
    stage.on(AFTER)
    content = json.loads(stage.key.read_text())
    stage.key.write_text(json.dumps(content | {"key": content["key"][:-1]}))
    assert stage.close() == 2
    told = capsys.readouterr()
    assert content["key"][:8] not in told.err + told.out
    assert content["key"] not in repr(keys.SeasonKey(**content))
    assert content["key"] not in repr(Sealed("ffld", NAME, SAMPLES, content["key"]))


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_a_key_file_that_others_can_read(stage):
    stage.key.chmod(0o644)
    with pytest.warns(UserWarning, match=r"can be read by others \(mode 644\)"):
        keys.read(stage.key)


def test_damaged_images(stage, refused):
    shard = sorted((stage.images / "data").iterdir())[0]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    verify = ("verify", NAME, "--images", stage.images)
    refused(stage.season(*verify), "is damaged: its SHA-256 differs")
    stage.on(AFTER)
    refused(stage.close(), "is damaged: its SHA-256 differs")
    assert stage.load().revealed is None
    manifest = stage.images / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"count": 12', '"count": 13'))
    refused(stage.season(*verify), "not the file whose SHA-256")


def test_images_that_lead_out_of_their_folder(stage, refused):
    manifest = stage.images / "manifest.json"
    manifest.write_text(manifest.read_text().replace("data/season", "../data/season"))
    with pytest.raises(sealed.DataError, match="lists files that no season has"):
        sealed.open_images(stage.images)


def test_an_organiser_who_shows_other_images(stage, refused):
    """All hashes are right, for the organiser makes them; the pictures are not the key's."""
    stage.monkeypatch.setattr("leaderboard.sealing.LOOKS", 3)
    secret = json.loads(stage.key.read_text())["key"]
    own = Sealed("ffld", NAME, SAMPLES, secret)
    table = shards.make_table(own.open().select(range(SAMPLES)), labels=False).to_pydict()
    plan = shards.plan({own.split: SAMPLES})
    content = json.loads((stage.images / "manifest.json").read_text())
    about = {name: value for name, value in content.items() if name != "splits"}
    table["image"].reverse()
    for shard in plan:
        files = [one["bytes"] for one in table["image"][shard.start : shard.stop]]
        targets = own.open().select(range(shard.start, shard.stop)).targets
        laid = shards.lay_out(targets, [""] * len(shard), files, labels=False)
        shards.write(stage.images / shard.file, [laid], {**about, "file": shard.file})
    shards.write_manifest(stage.images, about, {own.split: shards.entry(stage.images, plan)})
    season = stage.load()
    facts = replace(season.facts, images=stored.digest(stage.images / "manifest.json"))
    Season(stage.seasons, facts, facts.commitment(secret)).save()
    stage.on(AFTER)
    refused(stage.close(), "pictures that are not those that the key gives")


def test_an_organiser_who_has_other_labels(stage, refused):
    """As if labels were drawn anew for the entries that came in."""
    secret = json.loads(stage.key.read_text())["key"]
    facts = replace(stage.load().facts, labels="0" * 64)
    Season(stage.seasons, facts, facts.commitment(secret)).save()
    stage.on(AFTER)
    refused(stage.close(), "not those that it was opened with")


def test_an_edition_that_is_another_by_now(stage, refused, monkeypatch):
    entry = stage.entry("one")
    stage.on(AFTER)
    assert stage.close() == 0
    spec = replace(ffld_dataset.SPEC, revision="ffld-9.9")
    monkeypatch.setattr(ffld_dataset, "SPEC", spec)
    refused(main(["verify", str(entry), "--seasons", str(stage.seasons)]),
            "use the version that the season was opened with")  # fmt: skip
    refused(stage.season("verify", NAME), "ffld-9.9")


# --- entries -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"date": "2027-02-01"}, "takes entries from 2027-01-02 to 2027-01-31; 2027-02-01"),
        ({"date": "2027-01-01"}, "takes entries from 2027-01-02 to 2027-01-31; 2027-01-01"),
        ({"claimed": {"ne": 0.1}}, "claimed: nobody can have a number of a sealed season"),
        ({"samples": 12}, "a season is predicted whole"),
        ({"season": {"name": NAME, "commitment": "0" * 64}}, "one of both was altered"),
        ({"season": {"name": "2028", "commitment": "0" * 64}}, "'2028' is not that of split"),
        ({"season": {"name": "../x", "commitment": "0" * 64}}, "can't be a season's name"),
        ({"season": NAME}, "expected an object of name, commitment"),
        ({"split": "season_2028", "season": {"name": "2028", "commitment": "0" * 64}},
         "there is no season '2028'"),
        ({"revision": PUBLIC}, f"is of '{PUBLIC}+"),
        ({"split": "test"}, "is not that of split 'test'"),
    ],
)  # fmt: skip
def test_submissions_that_do_not_fit_their_season(stage, capsys, changed, text):
    entry = stage.entry("one")
    stage.on(AFTER)  # on which a date of that day does not lie in the future
    change(entry, **changed)
    assert any(text in line for line in stage.check(entry, capsys))


def test_a_submission_without_its_season(stage, capsys):
    entry = stage.entry("one")
    content = json.loads((entry / "submission.json").read_text())
    del content["season"]
    (entry / "submission.json").write_text(json.dumps(content))
    told = " ".join(stage.check(entry, capsys))
    assert "season: missing" in told
    assert "ne must be among them" in told


def test_a_result_before_the_end(stage, capsys):
    entry = stage.entry("one")
    (entry / "result.json").write_text("{}")
    assert stage.check(entry, capsys) == [
        "error: result.json: nobody can have the result of a sealed season; remove it"
    ]


def test_predictions_that_do_not_fit_the_season(stage, refused):
    sheet = stage.load().sheet
    xy = np.zeros((SAMPLES, len(sheet.schema), 2))
    for changed, text in (
        ({"revision": f"{PUBLIC}+0123456789abcdef"}, "they are for revision"),
        ({"split": "season_2028"}, "there is no season '2028'"),
        ({"ids": sheet.ids[:-1], "xy": xy[:-1]}, "samples without a prediction"),
        ({"xy": np.full_like(xy, np.nan)}, "points that the garment type has but not finite"),
    ):
        run = stage.predicted("bad", **changed)
        refused(stage.new("bad", run, *UNSAID), text)
    assert not (stage.submissions / "ffld").exists()


def test_points_that_are_not_finite_in_an_entry(stage, capsys):
    entry = stage.entry("one")
    found = Predictions.load(entry / "seed-0.parquet")
    replace(found, xy=np.full_like(found.xy, np.nan)).save(entry / "seed-0.parquet")
    content = json.loads((entry / "submission.json").read_text())["predictions"]
    change(entry, predictions=[content[0] | {"sha256": stored.digest(entry / "seed-0.parquet")}])
    assert any("but not finite" in line for line in stage.check(entry, capsys))


def test_what_comes_late_is_refused(stage, capsys, refused):
    early = stage.entry("early")
    run = stage.predicted("late", 0.3)
    stage.on(AFTER)
    refused(stage.new("late", run, *UNSAID), "took entries until 2027-01-31; what comes later")
    assert stage.close() == 0
    refused(stage.new("late", run, *UNSAID), "what comes later is refused")
    # Nor can it be dated back, or slipped into an entry that was in.
    stage.monkeypatch.setattr(Season, "over", False)
    unsealed = stage.load()
    stage.record.write_text(json.dumps(unsealed.content | {"revealed": None}))
    stage.on(FIRST)
    late = stage.entry("late", 0.3)
    unsealed.save()
    assert any("were not in when the key" in line for line in stage.check(late, capsys))
    refused(main(["rank", *stage.places]), "were not in when the key")
    assert stage.check(early, capsys) == []
    (early / "seed-0.parquet").write_bytes((late / "seed-0.parquet").read_bytes())
    change(early, predictions=json.loads((late / "submission.json").read_text())["predictions"])
    assert any("were not in when the key" in line for line in stage.check(early, capsys))


def test_a_submission_that_cannot_be_read_keeps_the_key_secret(stage, refused):
    entry = stage.entry("one")
    change(entry, hardware=None)
    stage.on(AFTER)
    refused(stage.close(), "hardware: expected text")
    assert stage.load().revealed is None


def test_a_sheet_that_is_another(stage, refused, capsys):
    entry = stage.entry("one")
    stage.build()
    sheet = stage.record.with_suffix(".parquet")
    sheet.write_bytes(sheet.read_bytes() + b"\0")
    refused(stage.season("verify", NAME), "not the file whose SHA-256 the record states")
    assert any("the file whose SHA-256" in line for line in stage.check(entry, capsys))
    answers = Answers(seasons=stage.seasons)
    found = record_problems(answers, stage.submissions, stage.tables, stage.readme)
    assert sum("the file whose SHA-256" in line for line in found) == 2
