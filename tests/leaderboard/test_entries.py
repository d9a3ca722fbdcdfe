"""The way of an entry: made from runs, checked, recomputed, ranked, shown; and what breaks it."""

import json
from dataclasses import replace

import numpy as np
import pytest

import ffld
from benchmark import Predictions, Result, evaluate
from benchmark.evaluate import counted
from ffld import catalog
from leaderboard import stored
from leaderboard.__main__ import main
from leaderboard.boards import Board
from leaderboard.draft import Run, draft
from leaderboard.entry import Entry
from leaderboard.submission import FILE


def test_from_runs_to_a_ranked_table(board, capsys):
    for name, error in (("good", 0.05), ("bad", 0.3), ("middle", 0.15)):
        folder = board.new(name, error, 2)
        assert board.check(folder, capsys) == []
        assert main(["verify", str(folder)]) == 0
        assert "follows from its predictions" in capsys.readouterr().out
    assert main(["rank", "--submissions", str(board.submissions)]) == 0
    ranked = capsys.readouterr().out.splitlines()[2:5]
    assert [line.split()[0] for line in ranked] == ["1", "2", "3"]
    assert [line.split()[2] for line in ranked] == ["good", "middle", "bad"]
    files = board.build().files
    assert {"made-up.md", "made-up.csv", "made-up.json", "made-up.tex"} <= files.keys()
    assert "Method good" in board.readme.read_text()
    assert "**[made-up test (1), 80 samples: box given" in board.readme.read_text()


def test_numbers_are_the_mean_of_seeds_and_the_spread_theirs(board, targets):
    folder = board.new("one", 0.1, 3)
    (row,) = board.rows()["made-up-test-80-annotated-notype-own"]
    alone = [
        evaluate(Predictions.load(path), targets).scores["ne"]["visible"].value
        for path in sorted(folder.glob("*.parquet"))
    ]
    assert list(row.seeds.values()) == pytest.approx(alone)
    assert row.ne == pytest.approx(np.mean(alone), abs=1e-9)
    assert row.spread == pytest.approx(np.std(alone, ddof=1))
    assert Result.load(folder / "result.json").scores["ne"]["visible"].value == row.ne


def test_rounding_moves_no_point_farther_than_it_says(board, targets):
    exact = Predictions.load(board.run(0.1) / "predictions.parquet")
    rounded = stored.quantised(exact, targets)
    sides = (targets.box[:, 2:] - targets.box[:, :2])[:, None]
    kept = counted(targets, "all")
    moved = np.linalg.norm((rounded.xy - exact.xy) / sides, axis=-1)[kept]
    assert 0 < moved.max() <= stored.PRECISION
    assert np.isnan(rounded.xy[~kept]).all()
    a, b = (
        evaluate(one, targets, resamples=0).scores["ne"]["all"].value for one in (exact, rounded)
    )
    assert a == pytest.approx(b, abs=1e-5)
    ratio = rounded.confidence[kept] / exact.confidence[kept]
    assert np.abs(ratio - 1).max() <= 2**-8


def test_boards_keep_apart_what_is_not_alike(board):
    board.new("plain", 0.1)
    board.new("told", 0.11, 1, "--garment-type", "told")
    board.new("boxless", 0.12, 1, "--box", "none")
    board.new("more", 0.13, 1, "--training-data", "ImageNet")
    board.new("silent", 0.14)
    board.edit("silent", lambda content: content.update(training_data="unknown"))
    slugs = {slug: [row.entry.folder.name for row in rows] for slug, rows in board.rows().items()}
    assert slugs == {
        "made-up-test-80-annotated-notype-extra": ["more", "silent"],
        "made-up-test-80-annotated-notype-own": ["plain"],
        "made-up-test-80-annotated-type-own": ["told"],
        "made-up-test-80-none-notype-own": ["boxless"],
    }


def test_breakdowns_add_up(board, targets):
    board.new("one")
    (row,) = board.rows()["made-up-test-80-annotated-notype-own"]
    visible, every = counted(targets, "visible").sum(), counted(targets, "all").sum()
    assert row.parts.keys() == {"visibility", "scale", "viewpoint"}  # one source is no division
    assert sum(part.count for part in row.parts["visibility"].values()) == every
    for group in ("scale", "viewpoint"):
        assert sum(part.count for part in row.parts[group].values()) == visible
    front = targets.select(np.flatnonzero(targets.attributes["viewpoint"] == "front"))
    predictions = Predictions.load(row.entry.folder / "seed-0.parquet")
    kept = np.isin(predictions.ids, front.ids)
    some = Predictions(**{**vars(predictions), "ids": predictions.ids[kept], "confidence": None,
                          "xy": predictions.xy[kept]})  # fmt: skip
    alone = evaluate(some, front, resamples=0).scores["ne"]["visible"]
    assert row.parts["viewpoint"]["front"].value == pytest.approx(alone.value, abs=1e-9)
    assert row.parts["viewpoint"]["front"].count == alone.count


def test_what_no_run_says_is_named_and_must_be_filled_in(board, capsys):
    run = board.run(0.1)
    where = ["--name", "bare", "--submissions", str(board.submissions)]
    assert main(["new", str(run), *where]) == 0
    assert "still to be filled in" in (said := capsys.readouterr().err)
    found = board.check(board.submissions / "made-up/bare", capsys)
    for field in ("authors", "contact", "kind", "training_data", "given", "hardware", "code"):
        assert field in said
        assert any(one.startswith(field) for one in found)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"flip_average": False, "turns": [0.0]}, "none"),
        ({"flip_average": True}, "mean over the image, its mirror image"),
        (
            {"flip_average": True, "turns": [-15.0, 0.0]},
            "mean over the image turned by -15 degrees, the image, the mirror image of each",
        ),
        ({"width": 1}, None),
    ],
)
def test_a_run_says_over_which_views_it_averaged(board, config, said):
    """Of scored weights the run itself says it, of trained ones their checkpoint."""
    run = board.run(0.1)
    (run / "config.json").write_text(json.dumps({"configuration": {"overrides": config}}))
    folder, _ = draft([Run.load(run)], "scored", {}, into=board.submissions)
    assert json.loads((folder / FILE).read_text())["test_time_augmentation"] == said
    (run / "checkpoint").mkdir()
    (run / "checkpoint" / "checkpoint.json").write_text(json.dumps({"config": config}))
    (run / "config.json").unlink()
    folder, _ = draft([Run.load(run)], "trained", {}, into=board.submissions)
    assert json.loads((folder / FILE).read_text())["test_time_augmentation"] == said


def test_a_run_of_several_networks_says_so(board):
    run = board.run(0.1)
    made = {"overrides": {"turns": [-9, 9]}, "trained": {"others": [{}]}}
    (run / "config.json").write_text(json.dumps({"configuration": made}))
    folder, _ = draft([Run.load(run)], "scored", {}, into=board.submissions)
    said = "mean over the image turned by -9 degrees, the image turned by 9 degrees, by 2 networks"
    assert json.loads((folder / FILE).read_text())["test_time_augmentation"] == said


def test_a_run_of_scored_weights_says_the_sizes_of_their_input_and_model(board):
    run = board.run(0.1)
    made = {"overrides": {"input_size": 96}, "settings": {"input_size": 64}}
    (run / "config.json").write_text(json.dumps({"configuration": made, "parameters": 1234}))
    folder, _ = draft([Run.load(run)], "scored", {}, into=board.submissions)
    said = json.loads((folder / FILE).read_text())
    assert (said["input_size"], said["parameters"]) == ([96, 96], 1234)


def test_runs_that_do_not_belong_together(board, capsys):
    runs = [str(board.run(0.1)), str(board.run(0.2, 0, "other"))]
    where = ["--name", "x", "--submissions", str(board.submissions)]
    assert main(["new", *runs, *where]) == 2
    assert "the runs' seeds are [0, 0]" in capsys.readouterr().err


def test_claims_without_predictions_are_listed_and_not_ranked(board, capsys):
    folder = board.new("one", 0.1)
    url = "https://example.org/p.parquet"
    board.edit("one", lambda content: content["predictions"][0].update(url=url, path=None))
    assert any("expected a file name" in one for one in board.check(folder, capsys))
    board.edit("one", lambda content: content["predictions"][0].pop("path"))
    (folder / "seed-0.parquet").unlink()
    assert board.check(folder, capsys) == []
    assert not Entry.load(folder).ranked
    assert "## Claimed" in board.build().files["made-up.md"]
    assert main(["verify", str(folder)]) == 2
    assert "not in its folder" in capsys.readouterr().err


def test_all_that_is_wrong_is_listed_at_once(board, capsys):
    folder = board.new("one")

    def spoil(content):
        content["claimed"] = {"ne": 0.5, "quality": 1.0}
        content["predictions"][0]["sha256"] = "0" * 64

    board.edit("one", spoil)
    (folder / "notes.txt").write_text("x")
    found = board.check(folder, capsys)
    assert any("notes.txt" in one for one in found)
    assert any("SHA-256" in one for one in found)
    sound = stored.digest(folder / "seed-0.parquet")
    board.edit("one", lambda content: content["predictions"][0].update(sha256=sound))
    found = board.check(folder, capsys)
    assert any("claimed.ne (claimed 0.5, recomputed" in one for one in found)
    assert any("claimed.quality (there is no such metric)" in one for one in found)


def test_another_revision_or_size_is_refused(board, capsys):
    folder = board.new("one")
    board.edit("one", lambda content: content.update(revision="0.9"))
    assert any("no longer is (1)" in one for one in board.check(folder, capsys))
    board.edit("one", lambda content: content.update(revision="1", samples=500))
    assert any('write "all"' in one for one in board.check(folder, capsys))
    board.edit("one", lambda content: content.update(samples=40))
    assert any("at most 40 samples" in one for one in board.check(folder, capsys))


def test_a_subset_is_a_board_of_its_own(board, capsys, targets):
    board.new("whole", 0.1)
    predictions = Predictions.load(board.run(0.1) / "predictions.parquet")
    import ffld

    few = ffld.load("made-up", "test", limit=30).targets
    aligned = predictions.align(targets)
    kept = np.isin(aligned.ids, few.ids)
    board.targets = targets.select(np.flatnonzero(kept))
    folder = board.new("few", 0.2)
    assert board.check(folder, capsys) == []
    assert [slug.split("-")[3] for slug in board.rows()] == ["80", "30"]
    built = board.build()
    assert "30 samples, a trial:" in built.files["made-up.md"]
    assert "80 samples:" in built.summary
    assert "30 samples" not in built.summary  # nor alone in front, by a number that was searched


def test_json_holds_everything_in_full(board):
    board.new("one", 0.1, 2)
    content = json.loads(board.build().files["made-up.json"])
    (made,) = content["boards"]
    assert Board(**{key: made[key] for key in Board.__dataclass_fields__}).slug.endswith("-own")
    (row,) = made["rows"]
    assert row["scores"]["order"]["visible"]["count"] > 0
    assert row["seeds"].keys() == {"0", "1"}
    assert row["submission"]["training_data"] == ["made-up/train"]
    assert content["entries"] == {"made-up/one": "made-up-test-80-annotated-notype-own 1"}


def test_pages_alone(board, tmp_path, capsys):
    board.new("one")
    where = ["--submissions", str(board.submissions), "--out", str(tmp_path / "site")]
    assert main(["site", *where]) == 0
    (page,) = (tmp_path / "site").iterdir()
    assert page.read_text().startswith("<!doctype html>")
    for loads in ("src=", "href=", "url(", "@import", "fetch("):
        assert loads not in page.read_text()


def test_a_build_elsewhere_leaves_what_is_not_its_own(board, tmp_path, capsys):
    board.new("one")
    out = tmp_path / "elsewhere"
    out.mkdir()
    kept = {"notes.md": "x", "own.html": "<p>", "list.json": "[]", "odd.json": "{"}
    for name, content in kept.items():
        (out / name).write_text(content)
    where = ["--submissions", str(board.submissions), "--out", str(out)]
    for _ in range(2):
        assert main(["build", *where]) == 0
    assert {name: (out / name).read_text() for name in kept} == kept
    assert (out / "made-up.csv").is_file()


def test_public_measures_of_a_run_and_of_an_entry(board, capsys):
    folder = board.new("one", 0.1)
    capsys.readouterr()
    tables = []
    for where in (folder, board.run(0.1)):
        assert main(["legacy", str(where)]) == 0
        tables.append(capsys.readouterr().out.splitlines())
    assert len(tables[0]) == len(tables[1]) == 15
    assert [line.split(" | ")[0] for line in tables[0][2:4]] == ["| NE-1", "| NE-1 all"]


@pytest.mark.parametrize(
    "command", [["rank"], ["build", "--out", "tables"], ["site", "--out", "s"]]
)
def test_an_entry_that_cannot_be_read_is_one_line(board, capsys, command):
    folder = board.new("one")
    (folder / "submission.json").write_text("[]")
    capsys.readouterr()
    assert main([*command, "--submissions", str(board.submissions)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_photographs_without_a_root_leave_their_tables_alone(board, monkeypatch, capsys, tmp_path):
    """Entries on a dataset that not everybody has: tables stay, and who has it says where."""
    folder = board.new("one")
    (board.submissions / "fld").mkdir()
    folder = folder.rename(board.submissions / "fld" / "one")
    path = folder / "submission.json"
    path.write_text(path.read_text().replace("made-up", "fld"))
    where = ["--submissions", str(board.submissions)]
    assert main(["rank", *where]) == 0
    assert "fld: its entries are not ranked; pass --root fld=DIR" in capsys.readouterr().err
    monkeypatch.setattr(ffld, "load", catalog.load)
    assert main(["verify", str(folder)]) == 2
    assert "'fld' is read from your own copy: pass its folder as root (--root)" in (
        capsys.readouterr().err
    )
    where += ["--out", str(tmp_path / "t")]
    assert main(["build", *where]) == 0
    assert "pass --root fld=DIR" in capsys.readouterr().err
    assert not (tmp_path / "t" / "fld.md").exists()
    assert main(["build", *where, "--root", f"fld={tmp_path}"]) == 2
    assert "its dataset cannot be loaded" in capsys.readouterr().err


def test_two_readings_of_a_split_have_pages_of_their_own():
    board = Board("deepfashion2", "test", "1.0", 0, "annotated", True, False)
    approximate = replace(board, revision="1.0+approximate")
    assert board.slug == "deepfashion2-test-all-annotated-type-own"
    assert approximate.slug == "deepfashion2-test-all-annotated-type-own-approximate"
