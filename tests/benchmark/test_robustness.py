"""Robustness curves: what is scored, how it is averaged, and that an interrupted study goes on."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

import ffld
from benchmark import Predictions, Result
from benchmark.checkpoint import Checkpoint, CheckpointError
from benchmark.compare import scored
from benchmark.crops import Source
from benchmark.detector import Detector
from benchmark.evaluate import counted, resampled
from benchmark.robustness.__main__ import _labelled, main
from benchmark.robustness.conditions import Condition, conditions, declared
from benchmark.robustness.corruptions import CORRUPTIONS
from benchmark.robustness.measure import Model, Study, measure
from benchmark.robustness.report import markdown, report
from ffld.schema import FFLD, FLD8, LandmarkSchema
from tests.benchmark.tiny_model import SHORT

DOCS = Path(__file__).resolve().parents[2] / "docs"
FEW = ["--corruption", "noise", "--corruption", "box-jitter", "--set", "noise=20,60",
       "--set", "box-jitter=30"]  # fmt: skip


@pytest.fixture
def trained(run, tmp_path):
    """The folder of a short run on the dots."""
    assert run(*SHORT, "--out", tmp_path / "run")[0] == 0
    return tmp_path / "run"


@pytest.fixture
def robustness(dots, tmp_path, capsys):
    """Run the command on the dots: (exit code, stdout, stderr)."""

    def call(*arguments, out=tmp_path / "study"):
        words = ["--dataset", "dots", "--device", "cpu", "--out", out, *arguments]
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


class Middle(nn.Module):
    """Says that every landmark is in the middle of its input."""

    uses_type = False
    input_size = 48

    def __init__(self, schema=FLD8):
        super().__init__()
        self.count = len(schema)

    def predict(self, inputs):
        xy = torch.full((len(inputs.images), self.count, 2), inputs.images.shape[-1] / 2)
        return xy, torch.ones(xy.shape[:2])


def detector(model: nn.Module, schema: LandmarkSchema = FLD8) -> Detector:
    about = Checkpoint(
        model="middle", config={}, schema=schema.name, schema_fingerprint=schema.fingerprint,
        input_size=48, padding=0.1, dataset="dots", revision="1", samples=1, seed=0, val_ne=None,
    )  # fmt: skip
    return Detector(model, about, schema, torch.device("cpu"))


def study(dots, out, asked, *models):
    source = Source("dots", "test")
    models = models or (Model.of("middle", detector(Middle()), FLD8),)
    return Study(dots["test"].open(), source, 0, models, asked, out)


def test_clean_is_the_score_of_the_run(trained, robustness, tmp_path):
    code, table, _ = robustness("--checkpoint", trained, *FEW)
    assert code == 0
    content = json.loads((tmp_path / "study" / "robustness.json").read_text())
    expected = Result.load(trained / "result.json").scores["ne"]["visible"]
    clean = content["models"][0]["clean"]
    assert clean["value"] == pytest.approx(expected.value, abs=1e-9)
    assert (clean["low"], clean["high"]) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert content["count"] == expected.count
    assert content["declared"] is False
    assert "mean degradation (not as declared)" in table
    assert table.strip() == (tmp_path / "study" / "robustness.md").read_text().strip()
    assert f"{expected.value:.4f}" in table
    picture = cv2.imread(str(tmp_path / "study" / "robustness.png"))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


@pytest.mark.parametrize("name", ["box-jitter", "rotation"])
def test_points_are_scored_in_the_true_box_against_the_original_targets(dots, tmp_path, name):
    """The middle of what is shown, wherever that is, in the frame that the targets are in."""
    asked = [Condition("clean"), Condition(name, 30.0)]
    made = study(dots, tmp_path / "study", asked)
    measure(made, 8)
    targets = made.split.targets
    values = []
    for slot in range(8):
        errors = []
        for row in range(len(targets)):
            box = targets.box[row]
            blank = np.zeros((*targets.size[row][::-1], 3), np.uint8)
            given = asked[1].view(blank, box, str(targets.ids[row]), 0).box
            x, y = (given[:2] + given[2:]) / 2  # a rotation is about it
            if targets.visibility[row, slot] == 2:
                dx = (x - targets.xy[row, slot, 0]) / (box[2] - box[0])
                dy = (y - targets.xy[row, slot, 1]) / (box[3] - box[1])
                errors.append(np.hypot(dx, dy))
        if errors:
            values.append(np.mean(errors))
    found = report(made)["models"][0]["conditions"][f"{name}-30"]
    assert found["ne"]["value"] == pytest.approx(np.mean(values), abs=1e-6)
    moved = found["difference"]["value"]
    assert (abs(moved) < 1e-6) == (name == "rotation")


def test_points_outside_the_given_box_count_and_are_told(dots, tmp_path):
    asked = [Condition("clean"), Condition("box-jitter", 30.0), Condition("noise", 20.0)]
    made = study(dots, tmp_path / "study", asked)
    measure(made, 8)
    targets = made.split.targets
    visible = counted(targets, "visible")
    outside = 0
    for row, slot in np.argwhere(visible):
        image = np.zeros((90, 70, 3), np.uint8)
        x1, y1, x2, y2 = asked[1].view(image, targets.box[row], str(targets.ids[row]), 0).box
        x, y = targets.xy[row, slot]
        outside += not (x1 <= x <= x2 and y1 <= y <= y2)
    content = report(made)
    clean, jitter, noise = content["conditions"]
    assert outside > 0
    assert jitter["outside"] == pytest.approx(outside / visible.sum())
    assert "outside" not in clean
    assert "outside" not in noise
    assert content["count"] == visible.sum()


def test_differences_and_degradation_are_paired_and_averaged_as_defined(dots, tmp_path):
    """From the predictions, by other code: per corruption over severities, then over those."""
    asked = conditions({"box-jitter": [10, 30], "rotation": [40], "occlusion": [20]}, None)
    off = Middle()
    off.predict = lambda inputs: (Middle.predict(off, inputs)[0] * 0.8, torch.ones(0))
    models = [Model.of("a", detector(Middle()), FLD8), Model.of("b", detector(off), FLD8)]
    models[1] = dataclasses.replace(models[1], folder="b")
    off.predict = lambda inputs: (Middle.predict(off, inputs)[0] * 0.8,
                                  torch.ones(len(inputs.images), 8))  # fmt: skip
    made = study(dots, tmp_path / "study", asked, *models)
    measure(made, 8)
    targets = made.split.targets
    visible = counted(targets, "visible")
    content = report(made)
    totals = {}
    for model, said in zip(models, content["models"], strict=True):
        errors = {
            one.name: scored(Predictions.load(made.path(model, one)), targets) for one in asked
        }
        values = {name: resampled(one, visible, targets) for name, one in errors.items()}
        for name, one in errors.items():
            apart = resampled(one - errors["clean"], visible, targets)
            low, high = np.quantile(apart[1:], [0.025, 0.975])
            found = said["conditions"][name]["difference"]
            assert list(found.values()) == pytest.approx([apart[0], low, high], abs=1e-8)
        ratio = {name: one / values["clean"] - 1 for name, one in values.items()}
        jitter = (ratio["box-jitter-10"] + ratio["box-jitter-30"]) / 2
        totals[model.label] = (jitter + ratio["rotation-40"] + ratio["occlusion-20"]) / 3
        low, high = np.quantile(totals[model.label][1:], [0.025, 0.975])
        expected = [totals[model.label][0], low, high]
        assert list(said["degradation"].values()) == pytest.approx(expected, abs=1e-8)
        assert said["by_corruption"]["box-jitter"]["value"] == pytest.approx(jitter[0])
    against = content["models"][1]["against_first"]
    assert against["degradation"]["value"] == pytest.approx(totals["b"][0] - totals["a"][0])
    assert "against_first" not in content["models"][0]
    assert "| a |" in markdown(content)
    assert "| b |" in markdown(content)


def test_the_worked_example_of_the_page():
    """docs/metrics.md: clean .10; blur .11 and .15, noise .12 and .20 make .45."""
    from benchmark.robustness.report import _degradations

    asked = conditions({"blur": [1, 2], "noise": [10, 20]}, None)
    numbers = [0.10, 0.11, 0.15, 0.12, 0.20]
    values = {one.name: np.array([n]) for one, n in zip(asked, numbers, strict=True)}
    total, parts = _degradations(values, asked)
    assert parts["blur"][0] == pytest.approx(0.3)
    assert parts["noise"][0] == pytest.approx(0.6)
    assert total[0] == pytest.approx(0.45)
    assert "**.45**" in (DOCS / "metrics.md").read_text(encoding="utf-8")


def test_an_interrupted_study_goes_on_and_comes_to_the_same(
    trained, robustness, tmp_path, monkeypatch
):
    assert robustness("--checkpoint", trained, *FEW, out=tmp_path / "whole")[0] == 0
    save, count = Predictions.save, iter(range(100))

    def interrupted(self, path):
        if next(count) == 2:
            raise KeyboardInterrupt
        save(self, path)

    monkeypatch.setattr(Predictions, "save", interrupted)
    code, _, notes = robustness("--checkpoint", trained, *FEW)
    assert code == 130
    assert "goes on where it stopped" in notes
    monkeypatch.setattr(Predictions, "save", save)
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "study").rglob("*.parquet")}
    assert len(done) == 2
    code, _, notes = robustness("--checkpoint", trained, *FEW)
    assert code == 0
    assert "2 of 4 files were made now" in notes
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())
    for path in (tmp_path / "whole").rglob("*.*"):
        assert (
            path.read_bytes()
            == (tmp_path / "study" / path.relative_to(tmp_path / "whole")).read_bytes()
        )
    assert "0 of 4" in robustness("--checkpoint", trained, *FEW)[2]


def test_images_are_read_once_and_models_see_the_same_ones(trained, robustness, dots):
    before = dots["test"].reads
    pair = ["--checkpoint", f"one={trained}", "--checkpoint", f"two={trained}"]
    code, _, notes = robustness(*pair, *FEW)
    assert code == 2
    assert "weights" in notes
    assert "is there twice" in notes
    assert robustness("--checkpoint", trained, *FEW)[0] == 0
    assert dots["test"].reads == before + 16


def boxes_file(dots, path, change=lambda name, box: box):
    split = dots["test"]
    rows = {
        name: change(name, box.tolist()) for name, box in zip(split.ids, split.box, strict=True)
    }
    if path.suffix == ".csv":
        lines = [
            "id,x1,y1,x2,y2",
            *(f"{n},{','.join(map(str, b or [''] * 4))}" for n, b in rows.items()),
        ]
        path.write_text("\n".join(lines) + "\n")
    else:
        path.write_text(json.dumps(rows))
    return path


@pytest.mark.parametrize("name", ["boxes.csv", "boxes.json"])
def test_boxes_from_elsewhere(trained, robustness, dots, tmp_path, name):
    true = boxes_file(dots, tmp_path / name)
    only = ["--corruption", "blur", "--set", "blur=2"]
    assert robustness("--checkpoint", trained, *only, "--boxes", true)[0] == 0
    content = json.loads((tmp_path / "study" / "robustness.json").read_text())
    (key,) = [one["name"] for one in content["conditions"] if one["corruption"] == "boxes"]
    found = content["models"][0]["conditions"]
    assert found[key]["ne"] == found["clean"]["ne"]
    assert found[key]["difference"] == {"value": 0, "low": 0, "high": 0}
    assert "boxes" not in content["models"][0]["by_corruption"]
    missed = lambda n, box: None if n == dots["test"].ids[3] else box  # noqa: E731
    worse = boxes_file(dots, tmp_path / name, missed)
    assert robustness("--checkpoint", trained, *only, "--boxes", worse)[0] == 0
    content = json.loads((tmp_path / "study" / "robustness.json").read_text())
    assert content["conditions"][-1]["missed"] == 1
    assert (
        content["models"][0]["conditions"][content["conditions"][-1]["name"]]["ne"]
        != found["clean"]["ne"]
    )
    assert "1 not found" in (tmp_path / "study" / "robustness.md").read_text()


BAD = [
    (["--corruption", "fog"], "unknown corruption 'fog'; there are box-jitter, blur"),
    (["--set", "jpeg=0"], "jpeg 0 is not from 1 to 100 (quality"),
    (["--set", "blur=much"], "--set takes blur=NUMBER"),
    (["--set", "blur=1,1"], "given twice"),
    (["--boxes", "none.csv"], "none.csv cannot be read"),
    (["--dial", "company"], "--dial takes key=value with a JSON value"),
]


@pytest.mark.parametrize(("words", "problem"), BAD)
def test_what_cannot_be_done_is_one_line(robustness, words, problem):
    code, out, notes = robustness(*words)
    assert (code, out) == (2, "")
    assert notes.startswith("error: ")
    assert problem in notes
    assert notes.count("\n") == 1


def test_boxes_that_cannot_be_used(robustness, dots, tmp_path):
    file = tmp_path / "boxes.json"
    for change, problem in (
        (lambda _, box: [*box[:2], box[0], box[3]], "without area within their image"),
        (lambda _, box: [box[0] + 1000, *box[1:]], "without area within their image"),
        (lambda _, box: box[:3], "without area"),
    ):
        boxes_file(dots, file, change)
        code, _, notes = robustness("--boxes", file)
        assert code == 2
        assert problem in notes
        assert "(16)" in notes or "(16 in all)" in notes
    file.write_text("{}")
    assert "samples without a line" in robustness("--boxes", file)[2]
    file.write_text("[1, 2]")
    assert "it holds a JSON list" in robustness("--boxes", file)[2]
    (tmp_path / "b.csv").write_text("name,x\n")
    assert "its first line is 'name,x'" in robustness("--boxes", tmp_path / "b.csv")[2]


def test_a_folder_of_another_study_is_refused(trained, robustness, tmp_path):
    assert robustness("--checkpoint", trained, *FEW)[0] == 0
    code, _, notes = robustness("--checkpoint", trained, *FEW, "--seed", "1")
    assert code == 2
    assert "holds another study (seed differ)" in notes
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    assert "no such study" in robustness("--checkpoint", trained, *FEW, out=tmp_path / "other")[2]
    file = tmp_path / "other" / "file"
    assert "cannot write in" in robustness("--checkpoint", trained, *FEW, out=file)[2]


def test_weights_of_32_landmarks_answer_in_8():
    eight = Model.of("eight", detector(Middle(FFLD), FFLD), FLD8)
    assert eight.detector.schema == FLD8
    with pytest.raises(CheckpointError, match="predicts landmarks of schema 'fld8'"):
        Model.of("eight", detector(Middle()), FFLD)


def test_a_sheet_shows_every_condition_without_a_model(robustness, tmp_path):
    code, said, _ = robustness("--sheet", tmp_path / "sheet.png", "--set", "blur=1,5")
    assert code == 0
    assert "2 samples" in said
    picture = cv2.imread(str(tmp_path / "sheet.png"))
    assert picture.shape == (2 * len(CORRUPTIONS) * 218, 5 * 200, 3)
    row = list(CORRUPTIONS).index("blur") * 218
    clean, mild, strong = (picture[row : row + 200, c : c + 200] for c in (0, 200, 400))
    detail = [cv2.Laplacian(tile, cv2.CV_64F).var() for tile in (clean, mild, strong)]
    assert detail[0] > detail[1]
    assert not picture[row : row + 200, 600:].any(axis=2).all() or (picture[row, 600:] == 24).all()


def test_a_sheet_that_cannot_be_written_is_one_line_before_the_work(
    robustness, dots, tmp_path, monkeypatch
):
    monkeypatch.setattr(ffld, "load", lambda *_, **__: pytest.fail("work was done"))
    (tmp_path / "file").touch()
    code, _, notes = robustness("--sheet", tmp_path / "file" / "sheet.png")
    assert code == 2
    assert notes.startswith("error: --sheet: cannot make")
    code, _, notes = robustness("--sheet", tmp_path / "sheet.csv")
    assert code == 2
    assert notes.startswith("error: --sheet: cannot write '.csv' pictures; name it .png or .jpg")


def test_folders_and_labels_may_hold_an_equals_sign(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "lr=1" / "x").mkdir(parents=True)
    for text, expected in {
        "runs/lr=1/x": ("", "runs/lr=1/x"),
        "LGR=runs/lr=1/x": ("LGR", "runs/lr=1/x"),
        "lr=1=runs": ("lr=1", "runs"),
        "shipped": ("", "shipped"),
        "LGR=shipped": ("LGR", "shipped"),
        "LGR=nowhere": ("LGR", "nowhere"),
    }.items():
        assert _labelled(text) == expected


def test_dials_are_turned_and_said(tmp_path, monkeypatch, capsys):
    """Of the samples that models are shown, whose revision is in the study's configuration."""
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "cache"))
    words = ["--dataset", "fld-procedural", "--limit", "2", "--corruption", "noise"]
    drawn = []
    for dial in ([], ["--dial", "company=0"]):
        sheet = tmp_path / f"{len(dial)}.png"
        assert main([*words, *dial, "--sheet", str(sheet)]) == 0
        drawn.append(capsys.readouterr().out)
    edition = ffld.spec("fld-procedural").revision
    expected = ffld.load("fld-procedural", limit=2, dials={"company": 0}).targets.revision
    assert expected.startswith(f"{edition}+")
    assert drawn[0].endswith(f"samples of {edition}\n")
    assert drawn[1].endswith(f"samples of {expected}\n")


def test_the_page_shows_its_file():
    content = json.loads((DOCS / "robustness.json").read_text(encoding="utf-8"))
    assert markdown(content) in (DOCS / "robustness.md").read_text(encoding="utf-8")
    assert content["declared"] is True
    assert list(declared()) == list(content["models"][0]["by_corruption"])
