"""The report: numbers of tiny runs, rows that wait, the paper's figures marked, and staleness."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmark import Predictions
from benchmark.compare import compare
from benchmark.result import Result
from benchmark.run import main as run_main
from benchmark.suite import actions, records, report
from benchmark.suite.__main__ import main
from benchmark.suite.page import markdown
from tests.benchmark.tiny_model import TINY
from tests.benchmark.tiny_suite import QUICK, SMALL
from tests.conftest import ROOT


def lines_of(page, label):
    return [line for line in page.splitlines() if line.startswith(f"| {label} |")]


def test_numbers_are_those_of_the_runs_and_of_compare(done, dots):
    _, out = done
    runs = records.gather([out])
    content = report.document(runs, tables=[SMALL], profiles=[QUICK])
    (section,) = content["sections"]
    rows = {row["label"]: row for row in section["rows"]}
    targets = dots["test"].open().targets
    groups = {}
    for path, configuration in records.folders(out):
        wide = "channels" in configuration["overrides"]
        mean = configuration["model"] == "mean-shape"
        found = groups.setdefault("mean" if mean else "Wide" if wide else "Tiny", {})
        found[configuration["seed"]] = Predictions.load(path / "predictions.parquet")
    reference = groups.pop("Tiny")
    comparison = compare({"Tiny": reference, **groups}, targets)
    for expected in comparison.rows:
        row = rows[expected.label]
        for subset in ("visible", "occluded", "all"):
            values = list(dict(sorted(expected.values[subset].items())).values())
            assert row["values"][subset] == pytest.approx(values, abs=5e-4)
            low, high = row["intervals"][subset]
            assert low <= np.mean(values) <= high
        for subset, difference in expected.differences.items():
            assert row["differences"][subset]["value"] == pytest.approx(difference.value, abs=1e-3)
    assert rows["Tiny"]["seeds"] == [0, 1]
    assert rows["mean"]["seeds"] == [0]
    assert rows["Wide"]["cost"]["parameters"] > rows["Narrow"]["cost"]["parameters"]
    assert "cost" not in rows["mean"]


def test_a_single_run_has_the_interval_of_its_result(done):
    _, out = done
    runs = records.gather([out])
    content = report.document(runs, tables=[SMALL], profiles=[QUICK])
    mean = next(row for row in content["sections"][0]["rows"] if row["label"] == "mean")
    path = next(p for p, c in records.folders(out) if c["model"] == "mean-shape")
    score = Result.load(path / "result.json").scores["ne"]["visible"]
    assert mean["intervals"]["visible"] == pytest.approx([score.low, score.high], abs=5e-4)


def test_what_has_not_run_is_said_with_its_reason_or_its_command(done):
    suite, out = done
    code, page, _ = suite("--report", "--runs", out)
    assert code == 0
    assert "3 of 4 rows have run" in page
    assert "not run yet" in lines_of(page, "Narrow")[0]
    assert "there is no model 'to-come' yet" in lines_of(page, "Future")[0]
    assert "not built here" in lines_of(page, "Abroad")[0]
    (waiting,) = [line for line in page.splitlines() if line.startswith("Not run yet: ")]
    command = "python -m benchmark.suite --table small --dataset dots --profile cpu"
    assert waiting == f"Not run yet: Narrow: `{command}`."


def test_the_paper_s_figures_stand_in_marked_rows_alone(done):
    suite, out = done
    page = suite("--report", "--runs", out)[1]
    head = next(line for line in page.splitlines() if line.startswith("| row |")).split(" | ")
    assert head[-1] == "*NE reported, paper* |"
    assert [cell for cell in head if cell.startswith("NE")] == [
        "NE visible, 1", "NE occluded, 1", "NE all, 1",
    ]  # fmt: skip
    reported = lines_of(page, "*Wide, reported*")[0].strip("| ").split(" | ")
    assert reported[-1] == "*FLD .0200*"
    assert not any(cell.strip() for cell in reported[1:-1])
    assert ".0200" not in lines_of(page, "Wide")[0]


def test_landmarks_stand_beside_the_paper_s_and_its_averages_are_doubted(done):
    suite, out = done
    page = suite("--report", "--runs", out)[1]
    assert "| NE visible by landmark, 1 | left collar |" in page
    content = report.document(records.gather([out]), tables=[SMALL], profiles=[QUICK])
    row = next(row for row in content["sections"][0]["rows"] if row["label"] == "Tiny")
    ours = next(line for line in page.splitlines() if line.startswith("| Tiny | 0."))
    assert ours == f"| Tiny | {' | '.join(f'{value:.4f}' for value in row['per_landmark'])} |"
    assert np.mean(row["per_landmark"]) == pytest.approx(np.mean(row["values"]["visible"]))
    (wide,) = lines_of(page, "*Wide, reported for FLD*")
    assert wide.endswith("| *.0200* | – | – |")
    (doubted,) = lines_of(page, "*Tiny, reported for FLD; the row averages .0500*")  # not .03
    assert doubted.count("*.0500*") == 8


def test_orders_hold_only_beyond_the_noise(done, dots):
    """Predictions made so that one order of the paper holds, one is reversed, one is open."""
    _, out = done
    targets = dots["test"].open().targets
    runs = []
    for run in records.gather([out]):
        if run.configuration["model"] != "mean-shape":
            runs.append(run)
            narrow = dict(run.configuration)
            narrow["overrides"] = {**narrow["overrides"], "channels": 4}
            runs.append(replace(run, configuration=narrow))
    errors = {24: 0.2, None: 0.1, 4: 0.2}  # of the box's width; the paper: .02, .03, .09
    moved = {}
    for run in runs:
        channels = run.configuration["overrides"].get("channels")
        rng = np.random.default_rng(run.configuration["seed"])
        width = (targets.box[:, 2] - targets.box[:, 0])[:, None]
        xy = np.nan_to_num(targets.xy) + rng.normal(0, 0.3, targets.xy.shape)
        xy[..., 0] += errors[channels] * width
        points = np.rint(16 * xy).astype(np.int32)
        moved[records.identity(run.configuration)] = replace(run, ids=targets.ids, points=points)
    content = report.document(list(moved.values()), tables=[SMALL], profiles=[QUICK])
    (section,) = content["sections"]
    verdicts = {(one["better"], one["worse"]): one["verdict"] for one in section["orders"]}
    assert verdicts == {
        ("Wide", "Tiny"): "reversed",
        ("Wide", "Narrow"): "not told apart",
        ("Tiny", "Narrow"): "holds",
    }
    page = markdown(content)
    assert "between two of these rows: 3. Hold beyond the noise: 1; reversed" in page


def test_a_report_without_any_run_shows_every_row(suite):
    code, page, _ = suite("--report")
    assert code == 0
    assert "0 of 4 rows have run" in page
    assert page.count("reported*") >= 4


def test_a_stale_page_is_found(done, tmp_path):
    suite, out = done
    records.HELD.mkdir()
    page, pack = tmp_path / "page.md", records.HELD / "small.parquet"
    assert suite("--seeds", 2, "--time-budget", "0s", "--out", out, "--pack", pack)[0] == 0
    assert suite("--report", "--out", page)[0] == 0
    assert suite("--check", "--out", page)[0] == 0
    records.save(records.load(pack)[1:], pack)
    code, _, notes = suite("--check", "--out", page)
    assert code == 2
    assert "small.parquet has changed or is gone" in notes
    assert suite("--report", "--out", page)[0] == 0
    assert suite("--check", "--out", page)[0] == 0
    page.write_text(page.read_text().replace("Tiny", "Tinier"))
    assert "is not what" in suite("--check", "--out", page)[2]
    pack.with_name("other.parquet").write_bytes(pack.read_bytes())
    assert "other.parquet was not read" in suite("--check", "--out", page)[2]


def test_rows_that_changed_make_a_page_stale(done, tmp_path, monkeypatch):
    suite, out = done
    page = tmp_path / "page.md"
    assert suite("--report", "--out", page)[0] == 0
    group, controls = SMALL.groups
    fewer = replace(SMALL, groups=(replace(group, rows=group.rows[1:]), controls))
    monkeypatch.setattr(report, "TABLES", (fewer,))
    assert "table small, Wide: the plan has changed" in suite("--check", "--out", page)[2]


def test_another_budget_makes_a_page_stale_and_its_runs_unused(done, tmp_path, monkeypatch):
    suite, out = done
    page, longer = tmp_path / "page.md", {"cpu": replace(QUICK, epochs=3)}
    assert suite("--report", "--out", page)[0] == 0
    monkeypatch.setattr(report, "PROFILES", longer)
    assert "table small, Tiny: the plan has changed" in suite("--check", "--out", page)[2]
    monkeypatch.setattr(actions, "PROFILES", longer)
    said = suite("--report", "--runs", out, "--out", page)[1]
    assert "0 of 4 rows have run" in said
    assert "Runs of other data sets, settings or editions than these: 5." in said
    assert suite("--check", "--out", page)[0] == 0


def test_a_budget_at_which_the_reference_alone_has_run_has_no_table(done):
    _, out = done
    runs = [run for run in records.gather([out]) if run.configuration["model"] == TINY]
    longer = replace(QUICK, name="longer", epochs=3)

    def budgets(channels):
        one = next(r for r in runs if r.configuration["overrides"].get("channels") == channels)
        settings = one.configuration["settings"] | {"epochs": 3, "patience": 3}
        again = replace(one, configuration={**one.configuration, "settings": settings})
        content = report.document([*runs, again], tables=[SMALL], profiles=[QUICK, longer])
        return [section["profile"] for section in content["sections"]]

    assert budgets(None) == ["cpu"]
    assert budgets(24) == ["cpu", "longer"]


def test_a_report_is_the_same_from_folders_and_from_a_pack(done, tmp_path):
    suite, out = done
    pack = tmp_path / "p.parquet"
    assert suite("--seeds", 2, "--time-budget", "0s", "--out", out, "--pack", pack)[0] == 0
    pages = [suite("--report", "--runs", place)[1] for place in (out, pack)]
    assert pages[0] == pages[1]
    content = report.document(records.load(pack), tables=[SMALL], profiles=[QUICK])
    json.loads(json.dumps(content), parse_constant=pytest.fail)  # no NaN


def test_figure_5_shows_the_same_samples_under_each_model(done, tmp_path):
    suite, out = done
    arguments = ["--figure", "5", "--table", "small", "--runs", out, "--out", tmp_path / "f.png"]
    code, said, _ = suite(*arguments)
    assert code == 0
    assert said.strip().endswith("6 samples of 1 under Wide, mean, Tiny")  # the reference last
    image = cv2.imread(str(tmp_path / "f.png"))
    assert image.shape == (6 * (224 + 18), 4 * 224, 3)
    truth, wide = image[:224, :224], image[:224, 224:448]
    assert (truth != wide).any()
    assert suite(*arguments[:-1], tmp_path / "f.jpg")[0] == 0
    assert (tmp_path / "f.jpg").read_bytes().startswith(b"\xff\xd8")
    code, _, said = suite(*arguments[:-1], tmp_path / "f.txt")
    assert (code, "name it .png or .jpg" in said) == (2, True)


def test_times_are_measured_together_and_reported(done, tmp_path):
    suite, out = done
    file = tmp_path / "latency-cpu.json"
    code, said, _ = suite("--latency", file, "--dataset", "dots")
    assert code == 0
    assert said.count(" x vgg16") == 4  # three tiny models and the control
    content = json.loads(file.read_text())
    assert content["models"]["vgg16"]["ratio"] == 1
    page = suite("--report", "--runs", out, "--runs", tmp_path)[1]
    assert "time over vgg16's" in page
    assert f"in {content['rounds']} rounds" in page


def test_the_page_of_the_project_is_that_of_its_results(capsys):
    """Whoever changes the tables or the results writes the page again."""
    assert main(["--check", "--out", str(ROOT / actions.PAGE)]) == 0, capsys.readouterr().err


def held_and_own(done, tmp_path):
    """The runs as the project's own pack, and one of them in a folder, its points moved."""
    _, out = done
    runs = records.gather([out])
    records.HELD.mkdir()
    records.save(runs, records.HELD / "small.parquet")
    mine = next(run for run in runs if run.configuration["seed"] == 1)
    mine = replace(mine, points=mine.points + 16, predictions_sha256="mine")
    records.save([mine], tmp_path / "mine.parquet")
    return runs, records.load(tmp_path / "mine.parquet")[0]


def test_runs_of_one_s_own_count_before_those_of_the_project(done, tmp_path):
    """The same configuration and seed, run again with other points."""
    suite, _ = done
    runs, mine = held_and_own(done, tmp_path)
    page, ours = tmp_path / "page.md", tmp_path / "ours.md"
    code, _, notes = suite("--report", "--out", ours)
    assert (code, notes) == (0, "")
    code, _, notes = suite("--report", "--runs", tmp_path / "mine.parquet", "--out", page)
    assert code == 0
    assert "1 runs that come with the project are replaced by those of --runs" in notes
    assert "1 runs that come with the project are further seeds of rows of --runs" in notes
    values = []
    for file in (ours, page):
        content = json.loads(file.with_suffix(".json").read_text())
        name = report._name(records.identity(mine.configuration)[0])
        row = next(row for row in content["sections"][0]["rows"] if row["runs"] == name)
        values.append(row["values"]["visible"])
    assert values[0][0] == values[1][0]
    assert values[0][1] != values[1][1]
    assert len(records.gather([records.HELD])) == len(runs)


def test_the_project_s_own_runs_unpacked_replace_nothing(done, tmp_path):
    suite, _ = done
    held_and_own(done, tmp_path)
    assert suite("--unpack", records.HELD / "small.parquet", "--out", tmp_path / "again")[0] == 0
    assert suite("--report", "--runs", tmp_path / "again")[2] == ""


def test_a_pack_keeps_the_commit_of_its_runs_and_the_page_says_it(done, tmp_path):
    _, out = done
    runs = records.gather([out])
    old, *others = runs
    made = {one.environment["commit"] for one in others}
    old = replace(old, environment={k: v for k, v in old.environment.items() if k != "commit"})
    records.save([old, *others], tmp_path / "p.parquet")
    again = records.load(tmp_path / "p.parquet")
    assert {run.environment.get("commit") for run in again} == {None, *made}
    again = [
        run if "commit" not in run.environment
        else replace(run, environment={**run.environment, "commit": "0123456789abcdef-dirty"})
        for run in again
    ]  # fmt: skip
    page = markdown(report.document(again, tables=[SMALL], profiles=[QUICK]))
    assert "Runs by the commit of their code: `0123456789-dirty` 4, unknown 1." in page
    page = markdown(report.document([old], tables=[SMALL], profiles=[QUICK]))
    assert "commit" not in page


def test_runs_on_photographs_are_packed_and_unpacked_with_their_root(
    suite, fixtures_root, tmp_path
):
    """Whose folder is nowhere in a pack, and may have moved."""
    root, made = fixtures_root / "fld", tmp_path / "made"
    trained = tmp_path / "trained"
    words = ["--dataset", "fld-procedural", "--device", "cpu", "--model", "mean-shape"]
    sizes = ["--set", "train_limit=8", "--set", "input_size=48", "--limit", "6"]
    assert run_main([*words, *sizes, "--out", str(trained)]) == 0
    score = ["--dataset", "fld", "--root", root, "--checkpoint", trained, "--device", "cpu"]
    assert run_main([str(word) for word in (*score, "--out", made)]) == 0
    pack, again = tmp_path / "p.parquet", tmp_path / "again.parquet"
    (run,) = records.gather([made])
    records.save([run], pack)
    (packed,) = records.load(pack)
    assert packed.configuration["root"] is None
    records.save([packed], again, root)
    assert again.read_bytes() == pack.read_bytes()
    code, _, notes = suite("--unpack", pack, "--out", tmp_path / "new")
    assert code == 2
    assert "--root" in notes
    assert suite("--unpack", pack, "--out", tmp_path / "new", "--root", root)[0] == 0
    ((path, configuration),) = records.folders(tmp_path / "new")
    assert configuration["root"] == str(root.resolve())
    first, second = (Result.load(one / "result.json") for one in (made, path))
    ne = [one.scores["ne"]["visible"].value for one in (first, second)]
    assert ne[1] == pytest.approx(ne[0], abs=1e-3)


def test_single_seeds_give_no_verdict(done):
    """One run of each row: the noise of seeds is unknown, whatever the images say."""
    _, out = done
    runs = [run for run in records.gather([out]) if run.configuration["seed"] == 0]
    content = report.document(runs, tables=[SMALL], profiles=[QUICK])
    (section,) = content["sections"]
    assert {one["verdict"] for one in section["orders"]} == {"not told apart"}
    page = markdown(content)
    assert lines_of(page, "Wide")[0].count("seeds unknown") == 2
    assert page.count("| not told apart, seeds unknown |") == len(section["orders"]) == 1
    assert " * |" not in page
    assert "The 4 differences of this table are each tested by themselves." in page


def test_points_that_few_or_no_images_have_leave_the_document_whole(done, dots):
    _, out = done
    runs = records.gather([out])
    for few in (1, 0):  # images with an occluded landmark
        split = dots["test"]
        split.visibility[few:] = np.where(split.visibility[few:] == 1, 2, split.visibility[few:])
        split.visibility[:few] = np.where(split.visibility[:few] == 2, 1, split.visibility[:few])
        content = report.document(runs, tables=[SMALL], profiles=[QUICK])
        text = json.dumps(content)
        content = json.loads(text, parse_constant=pytest.fail)
        row = next(row for row in content["sections"][0]["rows"] if row["label"] == "Wide")
        found = row["differences"]["occluded"]
        assert (found["low"] is not None) == bool(few)
        page = markdown(content)
        assert ("| – |" in lines_of(page, "Wide")[0]) == (not few)
        assert "nan" not in page
    assert not found["stands"]
