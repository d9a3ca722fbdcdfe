"""python -m ffld: listing and drawing."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest

import ffld
from ffld.__main__ import main
from ffld.commands.options import write_picture
from ffld.draw import cut_out, draw_sample, sheet, sheet_size
from ffld.render.named import named
from ffld.schema import FLD8


def test_list_names_every_dataset(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "120,000 / 40,000 / 40,000" in out
    assert "your copy, --root" in out


def test_show_writes_a_sheet(tmp_path, capsys):
    out = tmp_path / "new" / "sheet.png"  # in a folder that is made
    arguments = ["--n", "3", "--columns", "2", "--side", "100", "--out", str(out)]
    assert main(["show", "--dataset", "fld-procedural", *arguments]) == 0
    assert cv2.imread(str(out)).shape == (2 * 118, 2 * 100, 3)
    assert "3 samples of fld-procedural train" in capsys.readouterr().out


def test_a_quiz_shows_garments_and_their_boxes_and_keeps_what_they_are_apart(tmp_path):
    few = ["--split", "test", "--n", "3", "--columns", "3", "--side", "100"]
    asked = ["--quiz", str(tmp_path / "answers.csv"), "--out", str(tmp_path / "quiz.png")]
    assert main(["show", *few, *asked]) == 0
    split = ffld.load("ffld", "test", limit=3)
    answers = pd.read_csv(tmp_path / "answers.csv")
    assert answers["number"].tolist() == [0, 1, 2]
    assert answers["id"].tolist() == list(split.ids)
    assert answers["garment_type"].tolist() == split.targets.garment_type.tolist()
    assert {"viewpoint", "pose", "presentation"} < set(answers.columns)
    tiles = np.hsplit(cv2.imread(str(tmp_path / "quiz.png"))[..., ::-1], 3)
    for number, (tile, sample) in enumerate(zip(tiles, split, strict=True)):
        picture, box = cut_out(sample.image, sample.box)
        np.testing.assert_array_equal(
            np.ptp(box.reshape(2, 2), 0), np.ptp(sample.box.reshape(2, 2), 0)
        )
        x1, y1 = np.rint(sample.box[:2] - box[:2]).astype(int)
        height, width = picture.shape[:2]
        np.testing.assert_array_equal(picture, sample.image[y1 : y1 + height, x1 : x1 + width])
        nothing = (sample.xy * np.nan, sample.visibility * 0)
        drawn = draw_sample(picture, box, *nothing, split.schema, title=str(number), side=100)
        np.testing.assert_array_equal(tile, drawn)


def test_samples_can_be_drawn_and_counted_under_other_dials(tmp_path, capsys):
    sheets = []
    for number, dial in enumerate(([], ["--dial", 'flat={"consumer": 1, "shop": 1}'])):
        sheets.append(tmp_path / f"{number}.png")
        few = ["--n", "2", "--side", "60", *dial, "--out", str(sheets[-1])]
        assert main(["show", *few]) == 0
    first, second = (cv2.imread(str(path)) for path in sheets)
    assert not np.array_equal(first, second)
    capsys.readouterr()
    assert main(["stats", "--limit", "20", "--dial", "company=0", "--dial", "photographs"]) == 0
    content = json.loads(capsys.readouterr().out)
    dials = {"company": 0, **named("photographs")}
    assert content["revision"] == ffld.load("ffld", "train", limit=1, dials=dials).targets.revision


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "fdl"], "unknown dataset 'fdl'; did you mean 'fld'?"),
        (["--dataset", "fld"], "your own copy"),
        (["--n", "0"], "--n is 0"),
        (["--dial", "compny=0"], "no dial compny; there are types, "),
        (["--dial", "company"], "--dial takes key=value with a JSON value"),
        (
            ["--out", "/dev/null/sheet.png", "--n", "1"],
            "--out: cannot make '/dev/null'",
        ),
        (["--out", "sheet.xyz", "--n", "1"], "cannot write '.xyz' pictures"),
        (["--quiz", "answers.png", "--n", "1"], "--quiz: 'answers.png' would not be a .png"),
        (
            ["--out", "sheet.jpg", "--n", "1200"],
            "sheet.jpg would be 1,920 x 67,600 pixels, and .jpg pictures have at most 65,500",
        ),
        (["--out", "sheet.webp", "--n", "400"], "1,920 x 22,646 pixels"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ffld.draw.draw_sample", lambda *_, **__: pytest.fail("it was drawn"))
    assert main(["show", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.splitlines()[-1].startswith("error: ")
    assert message in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["high.jpg", "high.webp"])
def test_a_picture_that_no_format_holds_is_an_error_and_no_file(name, tmp_path):
    with pytest.raises(ffld.DataError, match=r"2 x 70,000 pixels can't be written as \."):
        write_picture(tmp_path / name, np.zeros((70_000, 2, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_the_size_of_a_sheet_is_known_beforehand():
    shape = (np.zeros((4, 4, 3), np.uint8), np.zeros(4), np.zeros((8, 2)), np.zeros(8))
    tiles = [draw_sample(*shape, FLD8, side=50)] * 5
    assert sheet(tiles, 2).shape[1::-1] == sheet_size(5, 50, 2)


def test_dots_lie_where_the_landmarks_are():
    image = np.zeros((50, 100, 3), np.uint8)
    xy = np.full((8, 2), np.nan)
    xy[0], xy[1] = (20.0, 10.0), (80.0, 30.0)
    visibility = np.array([2, 1, 0, 0, 0, 0, 0, 0], np.uint8)
    tile = draw_sample(image, np.full(4, np.nan), xy, visibility, FLD8, side=200)
    assert tile.shape == (218, 200, 3)
    assert tile[20, 40, 0] > 200  # left and visible: filled red
    assert tile[60, 160].max() < 60  # occluded: a ring, empty within
    assert tile[55:66, 155:166, 2].max() > 150
    assert image.max() == 0


def test_sheet_fills_its_last_row():
    tiles = [np.full((4, 5, 3), value, np.uint8) for value in (1, 2, 3)]
    assert sheet(tiles, 2).shape == (8, 10, 3)
