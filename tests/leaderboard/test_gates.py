"""What must fail the suite: each way to spoil a sound record is found by `record_problems`."""

import json
import shutil

import numpy as np
import pytest

from benchmark import Predictions, evaluate
from leaderboard import stored
from leaderboard.build import BuildError
from leaderboard.entry import Answers
from leaderboard.gate import record_problems
from leaderboard.submission import Submission


@pytest.fixture
def sound(board):
    board.new("one", 0.1)
    board.new("two", 0.2)
    board.build()
    return board


def found(board):
    return " ".join(record_problems(Answers(), board.submissions, board.tables, board.readme))


def replace(board, name, predictions, *, result=True):
    """Put other predictions into an entry, with all that is stated of them made to fit."""
    folder = board.submissions / "made-up" / name
    predictions.save(folder / "seed-0.parquet")
    made = evaluate(predictions, board.targets)
    if result:
        made.save(folder / "result.json")
    claim = made.scores["ne"]["visible"].value
    board.edit(name, lambda content: content.update(claimed={"ne": claim}))
    sha256 = stored.digest(folder / "seed-0.parquet")
    board.edit(name, lambda content: content["predictions"][0].update(sha256=sha256))


def of(board, name):
    return Predictions.load(board.submissions / "made-up" / name / "seed-0.parquet")


def moved(board, predictions, by):
    rng = np.random.default_rng(9)
    xy = predictions.xy + rng.normal(0, by, predictions.xy.shape)
    made = Predictions(**{**vars(predictions), "xy": xy})
    return stored.quantised(made, board.targets)


def test_a_sound_record_passes(sound):
    assert found(sound) == ""


def test_an_empty_record_passes(board):
    board.build()
    assert found(board) == ""


@pytest.mark.parametrize("name", ["made-up.md", "made-up.csv", "made-up.json", "made-up.tex"])
def test_a_table_that_was_edited(sound, name):
    path = sound.tables / name
    path.write_text(path.read_text().replace("one", "won", 1))
    assert "stale" in found(sound) or "is gone" in found(sound)


def test_a_table_that_is_missing_and_a_page_of_no_board(sound):
    page = sound.tables / "made-up-test-80-annotated-notype-own.html"
    shutil.copy(page, sound.tables / "made-up-val-80-annotated-notype-own.html")
    assert "is of no board" in found(sound)
    page.unlink()
    assert "is stale" in found(sound)


def test_a_readme_that_says_something_else(sound):
    sound.readme.write_text(sound.readme.read_text().replace("| 1 |", "| 2 |"))
    assert "its leaderboard block is stale" in found(sound)


def test_an_entry_without_tables_of_it(sound):
    sound.new("three", 0.3)
    assert "stale" in found(sound)


def test_a_score_that_drifted(sound):
    path = sound.submissions / "made-up/one/result.json"
    before = evaluate(of(sound, "one"), sound.targets).scores["auc"]["all"].value
    path.write_text(path.read_text().replace(f'"value": {before!r}', '"value": 0.9', 1))
    assert "scores.auc.all.value (found 0.9, recomputed" in found(sound)


def test_predictions_that_changed_beneath_their_result(sound):
    replace(sound, "one", moved(sound, of(sound, "one"), 3), result=False)
    assert "differs from its predictions" in found(sound)


def test_an_entry_that_is_gone(sound):
    shutil.rmtree(sound.submissions / "made-up" / "two")
    assert "entry made-up/two is gone" in found(sound)
    with pytest.raises(BuildError, match="made-up/two is gone"):
        sound.build()


def test_a_withdrawn_entry_stays_listed(sound):
    withdrawn = {"date": "2026-01-03", "reason": "trained on test"}
    sound.edit("two", lambda content: content.update(withdrawn=withdrawn))
    sound.build()
    assert found(sound) == ""
    shutil.rmtree(sound.submissions / "made-up" / "two")
    assert "entry made-up/two is gone" in found(sound)


def test_a_split_that_an_entry_no_longer_stands_on(sound):
    sound.edit("two", lambda content: content["given"].update(garment_type=True))
    assert "it must stay there" in found(sound)
    with pytest.raises(BuildError, match="it must stay there"):
        sound.build()


def test_an_entry_that_was_predicted_again_for_a_new_edition(sound):
    table = sound.tables / "made-up.json"
    text = table.read_text()

    def stood_on(revision):
        content = json.loads(text)
        content["entries"] = {
            name: f"{place.rpartition(' ')[0]} {revision}"
            for name, place in content["entries"].items()
        }
        table.write_text(json.dumps(content))

    stood_on("1+approximate")  # another reading of this edition, of version 1
    assert "it must stay there" in found(sound)
    stood_on("0.9")
    assert "it must stay there" not in found(sound)
    sound.build()
    assert found(sound) == ""
    assert table.read_text() == text


def test_seeds_that_were_taken_away_and_such_as_were_added(sound):
    sound.new("several", 0.15, 3)
    sound.build()
    folder = sound.submissions / "made-up" / "several"
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    replace(sound, "several", of(sound, "several"))
    sound.edit("several", lambda content: content.update(predictions=content["predictions"][:1]))
    for seed in (1, 2):
        (folder / f"seed-{seed}.parquet").unlink()
    lost = "entry made-up/several lacks 2 of the predictions that it had"
    assert lost in found(sound)
    with pytest.raises(BuildError, match=lost):
        sound.build()
    shutil.rmtree(sound.tables)  # as if this choice had been published
    sound.build()
    for name, content in whole.items():
        (folder / name).write_bytes(content)
    sound.build()
    assert found(sound) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"method": "Another"},
        {"authors": ["Grace Example"]},
        {"training_data": ["made-up/val"]},
        {"test_time_augmentation": "flips"},
        {"kind": "author"},
    ],
)
def test_what_an_entry_states_stays(sound, change):
    sound.edit("two", lambda content: content.update(change))
    with pytest.raises(BuildError, match="entry made-up/two states something else than it did"):
        sound.build()


def test_what_may_be_corrected(sound):
    correct = {"latency_ms": 3.5, "hardware": "1 CPU core", "paper": "https://example.org/paper"}
    sound.edit("two", lambda content: content.update(correct))
    sound.build()
    assert found(sound) == ""


def test_predictions_of_another_entry(sound):
    copied = moved(sound, of(sound, "one"), 1e-3)  # so little that no digest would show it
    replace(sound, "two", copied)
    assert "made-up/two: its predictions are those of made-up/one" in found(sound)


def test_numbers_too_good_to_be_true(sound):
    of_labels = Predictions(**{**vars(of(sound, "one")), "xy": sound.targets.xy})
    aligned = Predictions(**{**vars(of_labels), "ids": sound.targets.ids, "confidence": None})
    replace(sound, "one", moved(sound, aligned, 0.1))
    assert "is implausibly good" in found(sound)


def test_labels_that_leaked_into_a_few_points(sound):
    predictions = of(sound, "one").align(sound.targets)
    xy = predictions.xy.copy()
    xy[:4] = sound.targets.xy[:4]
    leaked = Predictions(**{**vars(predictions), "xy": xy})
    replace(sound, "one", stored.quantised(leaked, sound.targets))
    assert "as labels that leaked would" in found(sound)


def test_a_submission_that_cannot_be_read(sound):
    (sound.submissions / "made-up/one/submission.json").write_text("{}")
    assert "missing: dataset" in found(sound)


def test_an_entry_in_the_folder_of_another_dataset(sound):
    (sound.submissions / "other").mkdir()
    (sound.submissions / "made-up/two").rename(sound.submissions / "other/two")
    assert "it is for made-up" in found(sound)


def test_photographs_that_are_not_here(sound):
    """Without them no number can be recomputed; everything else is looked at, and README stays."""
    folder = sound.new("photographs", 0.1)
    (sound.submissions / "fld").mkdir()
    folder = folder.rename(sound.submissions / "fld" / "photographs")
    path = folder / "submission.json"
    path.write_text(path.read_text().replace("made-up", "fld"))
    assert "fld.json is not of the entries that there are" in found(sound)
    table = json.loads((sound.tables / "made-up.json").read_text())
    stated = Submission.load(path).stated
    board = table["boards"][0] | {"dataset": "fld", "title": "fld test, as somebody built it"}
    content = table | {"entries": {}, "boards": [board], "stated": {"fld/photographs": stated}}
    (sound.tables / "fld.json").write_text(json.dumps(content))
    built = sound.build()
    assert "fld test, as somebody built it" in sound.readme.read_text()
    assert (found(sound), built.left) == ("", ["fld"])
    (folder / "run.sh").write_text("rm -rf /")
    (folder / "result.json").write_text("{}")
    (folder / "seed-0.parquet").write_bytes(b"PAR1 and no more")
    problems = found(sound)
    assert "fld/photographs: 'run.sh' is not named by submission.json" in problems
    assert "fld/photographs: seed-0.parquet: " in problems
    assert problems.count("fld/photographs: ") == 3  # result.json is none
