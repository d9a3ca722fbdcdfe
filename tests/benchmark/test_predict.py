"""Photographs in, landmarks out: the command, its JSON, its pictures and its errors."""

import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from benchmark import Predictions, models, overlays
from benchmark.checkpoint import FLOOR, Checkpoint
from benchmark.detector import Detector
from benchmark.models import ModelError
from benchmark.predict import main
from ffld.photo import read_photo
from ffld.sample import DataError
from ffld.schema import FLD8
from tests.benchmark.tiny_model import SHORT, TINY

TYPE = "lower"


@pytest.fixture
def trained(run, dots, tmp_path):
    """The folder of a short run on the dots."""
    assert run(*SHORT, "--out", tmp_path / "run")[0] == 0
    return tmp_path / "run"


@pytest.fixture
def photo(dots, tmp_path):
    """The first test image as a file."""
    return save(tmp_path / "photos" / "one.png", dots["test"].image(0))


@pytest.fixture
def predict(capsys):
    """Run the command: (exit code, parsed JSON or None, stderr)."""

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if captured.out else None, captured.err

    return call


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image[..., ::-1])
    return path


def test_a_photo_with_type_and_box_gives_what_the_run_predicted(trained, dots, photo, predict):
    """The same crop, the same weights: the same points as in the run's predictions."""
    split = dots["test"]
    box = split.box[0]
    found = Predictions.load(trained / "predictions.parquet")
    code, answer, notes = predict(
        photo, "--checkpoint", trained, "--type", str(split.types[0]), "--box", *box
    )
    assert (code, notes) == (0, "")
    assert list(answer) == ["photo", "garment_type", "box", "landmarks"]
    assert answer["photo"] == str(photo)
    assert answer["garment_type"] == split.types[0]
    assert answer["box"] == pytest.approx(box.tolist())
    owned = FLD8.garment_types[split.types[0]]
    assert {landmark["name"] for landmark in answer["landmarks"]} == set(owned)
    for landmark in answer["landmarks"]:
        slot = FLD8.index(landmark["name"])
        assert [landmark["x"], landmark["y"]] == pytest.approx(found.xy[0, slot], abs=2e-3)
        assert landmark["confidence"] == pytest.approx(found.confidence[0, slot], abs=1e-3)


def test_views_are_averaged_where_that_is_asked_for(photo, predict):
    """By the weights that come with the project."""
    looks = [[], ["--set", "turns=-15,0,15"], ["--set", "turns=0", "--set", "decoder=argmax"]]
    answers = [predict(photo, *look) for look in looks]
    assert [code for code, _, _ in answers] == [0, 0, 0]
    points = [[(one["x"], one["y"]) for one in answer["landmarks"]] for _, answer, _ in answers]
    assert points[0] != points[1]
    assert points[0] != points[2]
    wrong = {"many": "turns is float,…, not 'many'", "400": "angles of up to 180 degrees"}
    for turns, said in wrong.items():
        code, _, notes = predict(photo, "--set", f"turns={turns}")
        assert code == 2
        assert said in notes


def test_without_type_and_box_all_channels_over_the_whole_picture(trained, photo, predict):
    code, answer, notes = predict(photo, "--checkpoint", trained)
    assert code == 0
    assert "no --box: the whole picture is taken" in notes
    assert answer["garment_type"] is None
    assert answer["box"] == [0, 0, 70, 90]
    assert [landmark["name"] for landmark in answer["landmarks"]] == list(FLD8.landmarks)
    assert predict(photo, "--checkpoint", trained, "--box", 0, 0, 70, 90)[1] == answer


def test_folders_and_patterns_are_batched_to_the_same_points(trained, dots, predict, tmp_path):
    folder = tmp_path / "photos"
    for row in range(5):
        save(folder / ("deeper" if row > 2 else ".") / f"{row}.png", dots["test"].image(row))
    (folder / "notes.txt").write_text("no picture")
    out = tmp_path / "drawn"
    code, answers, notes = predict(
        folder, folder / "*.png", "--checkpoint", trained, "--batch-size", 2, "--out", out
    )
    assert code == 0
    assert "5/5" in notes
    names = ["0.png", "1.png", "2.png", "deeper/3.png", "deeper/4.png"]
    assert [answer["photo"] for answer in answers] == [str(folder / name) for name in names]
    assert sorted(path.name for path in out.iterdir()) == [f"{row}.png" for row in range(5)]
    for name, answer in zip(names, answers, strict=True):
        alone = predict(folder / name, "--checkpoint", trained)[1]
        for one, other in zip(answer["landmarks"], alone["landmarks"], strict=True):
            assert one["name"] == other["name"]
            assert [one["x"], one["y"]] == pytest.approx([other["x"], other["y"]], abs=2e-3)


def test_the_overlay_shows_the_points(trained, photo, predict, tmp_path):
    out = tmp_path / "new" / "overlay.png"
    code, answer, _ = predict(photo, "--checkpoint", trained, "--type", TYPE, "--out", out)
    assert code == 0
    drawn = cv2.imread(str(out))
    assert drawn.shape[:2] == (900, 700 + 250)  # 70 x 90, a long side of 900, and the list
    plain = cv2.resize(cv2.imread(str(photo)), (700, 900), interpolation=cv2.INTER_CUBIC)
    changed = np.abs(drawn[:, :700].astype(int) - plain).max(-1) > 40
    for landmark in answer["landmarks"]:
        x, y = (round(landmark[axis] * 10) for axis in "xy")
        if 10 < x < 690 and 10 < y < 890:
            assert changed[y - 8 : y + 8, x - 8 : x + 8].any()
    assert changed.mean() < 0.1


def test_pictures_of_one_name_get_drawings_of_their_own(trained, dots, predict, tmp_path):
    for folder in ("a", "b"):
        save(tmp_path / folder / "x.png", dots["test"].image(0))
    out = tmp_path / "drawn"
    assert predict(tmp_path / "a", tmp_path / "b", "--checkpoint", trained, "--out", out)[0] == 0
    assert sorted(path.name for path in out.iterdir()) == ["x-2.png", "x.png"]


def test_what_was_drawn_is_not_predicted(trained, photo, predict):
    """Drawings beside the photographs and below them, when the same command runs again."""
    beside, below = photo.with_name("drawn.jpg"), photo.parent / "drawings"
    shutil.copy(photo, photo.with_name("two.png"))
    assert predict(photo, "--checkpoint", trained, "--out", beside)[0] == 0
    for left_out in (1, 3):
        code, answers, notes = predict(photo.parent, "--checkpoint", trained, "--out", below)
        assert code == 0
        assert [answer["photo"] for answer in answers] == [
            str(photo),
            str(photo.parent / "two.png"),
        ]
        assert f"{left_out} pictures that this command drew are left out" in notes
        assert sorted(path.name for path in below.iterdir()) == ["one.png", "two.png"]
    assert predict(beside, "--checkpoint", trained)[1]["photo"] == str(beside)  # named itself
    code, _, notes = predict(below, "--checkpoint", trained)
    assert code == 2
    assert "holds nothing but what was drawn" in notes


@pytest.mark.parametrize("suffix", overlays.SUFFIXES)
def test_overlays_are_known_again(tmp_path, suffix):
    path = tmp_path / f"x{suffix.upper()}"
    overlays.draw(path, PIXELS, np.array([0, 0, 7, 9]), ["hem"], np.ones((1, 2)), np.ones(1))
    with Image.open(path) as picture:
        assert picture.format.lower()[:3] in suffix.replace("jpg", "jpe")
    assert overlays.is_overlay(path) is (suffix not in (".bmp", ".tif", ".tiff"))


def test_all_names_that_are_not_there_are_told_before_any_work(photo, predict):
    words = [photo, "missing.jpg", "*.tiff", photo]
    code, answer, notes = predict(*words, "--checkpoint", "no-weights-either")
    assert (code, answer) == (2, None)
    assert "'missing.jpg'; no file, folder or pattern '*.tiff'" in notes


def test_several_pictures_are_no_one_picture(trained, photo, predict):
    shutil.copy(photo, photo.with_name("two.png"))
    code, answer, notes = predict(photo.parent, "--checkpoint", trained, "--out", "drawn.png")
    assert (code, answer) == (2, None)
    assert "2 pictures are drawn into a folder, and 'drawn.png' is named like" in notes


def test_an_unreadable_picture_loses_no_other(trained, dots, photo, predict):
    broken = photo.with_name("cut.png")
    broken.write_bytes(photo.read_bytes()[:-200])
    code, answers, notes = predict(photo.parent, "--checkpoint", trained)
    assert code == 2
    assert [answer["photo"] for answer in answers] == [str(photo)]
    errors = [line for line in notes.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert f"{broken}: cannot be read as a picture" in errors[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--type", "dress"], "unknown garment type 'dress'; there are upper, lower, full"),
        (["--box", "80", "0", "99", "50"], "box 80 0 99 50 has no area inside the picture of 70 x"),
        (["--box", "30", "0", "20", "50"], "x1 < x2"),
        (["--box", ".1", ".2", ".9", "1"], "inside the picture of 70 x 90; these look like frac"),
        (["--box", "30", "0", "31", "50"], "less than two pixels wide or high inside the picture"),
        (["--box", "nan", "0", "20", "50"], "has no area"),
        (["--model", "vgg16"], f"is of model {TINY!r}, not 'vgg16'"),
        (["--out", "overlay"], "name it .png or .jpg"),
        (["--out", "overlay.xyz"], "name it .png or .jpg"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--set", "lr=1"], "--set lr: trained weights leave open decoder, flip_average, turns"),
        (["nothing.jpg"], "no file, folder or pattern 'nothing.jpg'"),
        (["*.tiff"], "no file, folder or pattern '*.tiff'"),
        (["empty"], "folder 'empty' holds no picture"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_error_line(trained, photo, predict, tmp_path, arguments, said):
    (tmp_path / "work" / "empty").mkdir()
    photos = [] if arguments[0] in ("nothing.jpg", "*.tiff", "empty") else [photo]
    code, answer, notes = predict(*photos, *arguments, "--checkpoint", trained)
    assert (code, answer) == (2, None)
    assert notes.count("error: ") == 1
    assert said in notes.strip().split("\n")[-1]


def test_a_box_beyond_the_border_is_clipped(trained, photo, predict):
    code, answer, _ = predict(photo, "--checkpoint", trained, "--box", -5, 20, 60, 300)
    assert (code, answer["box"]) == (0, [0, 20, 60, 90])


def test_pictures_are_never_drawn_over(trained, dots, photo, predict):
    before = photo.read_bytes()
    for photos, out in ((photo, photo), (photo, photo.parent), (photo.parent, photo.parent)):
        code, answer, notes = predict(photos, "--checkpoint", trained, "--out", out)
        assert (code, answer) == (2, None)
        assert f"--out would overwrite '{photo}'" in notes
    assert photo.read_bytes() == before


def test_a_drawing_that_cannot_be_written_loses_no_answer(trained, photo, predict, tmp_path):
    (tmp_path / "file").write_text("")
    code, answer, notes = predict(photo, "--checkpoint", trained, "--out", tmp_path / "file/x.png")
    assert code == 2
    assert len(answer["landmarks"]) == 8
    assert "cannot write" in notes


def test_one_box_for_several_pictures_is_refused(trained, dots, photo, predict):
    save(photo.with_name("two.png"), dots["test"].image(1))
    code, _, notes = predict(photo.parent, "--checkpoint", trained, "--box", 0, 0, 9, 9)
    assert code == 2
    assert "--box is for one picture, and there are 2" in notes


def test_without_weights_the_training_command_is_named(photo, predict):
    code, answer, notes = predict(photo, "--model", "gcn")
    assert (code, answer) == (2, None)
    assert "python -m benchmark.run --model gcn --dataset ffld --out runs/gcn" in notes
    assert "--checkpoint runs/gcn" in notes


def test_a_model_that_needs_the_type_says_so(tmp_path, dots, photo, predict):
    floor = models.build(FLOOR, FLD8, input_size=32)
    about = Checkpoint(
        model=FLOOR, config={"input_size": 32}, schema="fld8",
        schema_fingerprint=FLD8.fingerprint, input_size=32, padding=0.1, dataset="dots",
        revision="1", samples=48, seed=0, val_ne=None,
    )  # fmt: skip
    about.save(tmp_path / "mean", floor, floor)
    code, _, notes = predict(photo, "--checkpoint", tmp_path / "mean")
    assert code == 2
    assert "model 'mean-shape' needs the garment type, one of upper, lower, full" in notes
    assert predict(photo, "--checkpoint", tmp_path / "mean", "--type", TYPE)[0] == 0


def test_the_detector_takes_images_of_any_size(trained, dots):
    detector = Detector.load(trained)
    images = [dots["test"].image(0), np.zeros((300, 20, 3), np.uint8)]
    xy, confidence = detector(images, [dots["test"].box[0], (0, 0, 20, 300)], TYPE)
    assert xy.shape == (2, 8, 2)
    assert confidence.shape == (2, 8)
    assert np.isfinite(xy).all()
    alone, _ = detector(images[:1], [dots["test"].box[0]])
    assert np.allclose(alone[0], xy[0], atol=1e-3)
    with pytest.raises(ModelError, match="unknown garment type 'hat'"):
        detector(images[:1], [(0, 0, 9, 9)], "hat")


PIXELS = np.zeros((9, 7, 3), np.uint8)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (
            PIXELS / 255,
            r"images\[1\] is float64 .*: \(255 \* image\)\.round\(\)\.astype\(np\.uint8\)",
        ),
        (PIXELS.astype(np.uint16), "is uint16 of shape .*expected uint8 from 0 to 255"),
        (PIXELS[..., 0], r"of shape \(9, 7\); expected \(height, width, 3\), RGB: np\.stack"),
        (PIXELS[..., [0, 1, 2, 0]], r"image\[\.\.\., :3\]"),
        (torch.from_numpy(PIXELS).permute(2, 0, 1), r"np\.moveaxis\(image, 0, -1\)"),
        (PIXELS[None], r"of shape \(1, 9, 7, 3\); expected \(height, width, 3\)"),
        (PIXELS[:0], "it has no pixels"),
        ("photo.jpg", r"of shape \(\); expected"),
    ],
    ids=["floats", "words", "grey", "alpha", "planes", "batch", "empty", "text"],
)
def test_the_detector_refuses_what_is_no_image_of_bytes(trained, image, said):
    box = (0, 0, 7, 9)
    with pytest.raises(DataError, match=said):
        Detector.load(trained)([PIXELS, image], [box, box])


@pytest.mark.parametrize(
    "box",
    [
        (0, 0, np.inf, 9), (0, np.nan, 7, 9), (7, 0, 0, 9), (0, 4, 7, 4), (0, 0, 7), 3, ("a",) * 4,
        [[0, 0, 7, 9]], None,
    ],
    ids=str,
)  # fmt: skip
def test_the_detector_refuses_what_is_no_box(trained, box):
    with pytest.raises(DataError, match=r"boxes\[0\] is .*; expected finite x1, y1, x2, y2"):
        Detector.load(trained)([PIXELS], [box])


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ((7, 0, 9, 9), "which has no area inside the picture of 7 x 9; expected x1, y1, x2, y2 in"),
        ((0, -9, 7, 0), "has no area inside"),
        ((0.1, 0, 0.9, 1), "these look like fractions of its sides; expected .* in pixels"),
        ((0, 0, 1, 1), "look like fractions"),
        ((6.5, 0, 40, 9), "less than two pixels wide or high inside the picture of 7 x 9; expect"),
    ],
    ids=str,
)
def test_the_detector_refuses_boxes_that_show_nothing(trained, box, said):
    with pytest.raises(DataError, match=rf"boxes\[1\] is .*{said}"):
        Detector.load(trained)([PIXELS, PIXELS], [(-3, -3, 20, 5), box])


def test_a_picture_of_one_pixel_can_be_a_box(trained):
    Detector.load(trained)([PIXELS[:1, :1]], [(0, 0, 1, 1)])


def test_the_detector_needs_a_box_for_each_image(trained):
    detector = Detector.load(trained)
    for images, boxes in (([PIXELS], []), ([], []), ([], [(0, 0, 7, 9)])):
        said = f"{len(images)} images, {len(boxes)} boxes: pass one box an image"
        with pytest.raises(DataError, match=said):
            detector(images, boxes)


def test_a_folder_named_like_a_picture_is_none(trained, photo, predict):
    (photo.parent / "thumbnails.jpg").mkdir()
    code, answer, _ = predict(photo.parent, "--checkpoint", trained)
    assert (code, answer["photo"]) == (0, str(photo))


def test_photographs_are_turned_upright_and_laid_on_white(tmp_path):
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :20] = (200, 30, 30)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.fromarray(pixels).save(tmp_path / "phone.jpg", exif=exif, quality=95)
    turned = read_photo(tmp_path / "phone.jpg")
    assert turned.shape == (40, 20, 3)
    assert turned[5, 10, 0] > 150
    assert turned[35, 10, 0] < 50
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[:2] = (10, 20, 30, 255)
    Image.fromarray(clear).save(tmp_path / "cut-out.png")
    assert (
        read_photo(tmp_path / "cut-out.png")[:, 0].tolist() == [[10, 20, 30]] * 2 + [[255] * 3] * 2
    )
    Image.fromarray(pixels[..., 0]).save(tmp_path / "grey.png")
    assert read_photo(tmp_path / "grey.png").shape == (20, 40, 3)
    for content in (b"", b"<html>not found</html>", (tmp_path / "phone.jpg").read_bytes()[:300]):
        (tmp_path / "bad.jpg").write_bytes(content)
        with pytest.raises(DataError, match=r"bad\.jpg: cannot be read as a picture"):
            read_photo(tmp_path / "bad.jpg")


def test_real_photographs_are_predicted_and_drawn(fixtures_root, predict, run, tmp_path):
    few = ["--model", TINY, "--epochs", 1, "--limit", 4, "--device", "cpu", "--out", tmp_path / "w"]
    sizes = ["--set", "train_limit=8", "--set", "val_limit=4", "--set", "input_size=48"]
    assert run("--dataset", "ffld", *few, *sizes)[0] == 0
    folder = fixtures_root / "deepfashion2" / "train" / "image"
    code, answers, _ = predict(folder, "--checkpoint", tmp_path / "w", "--out", tmp_path / "drawn")
    assert code == 0
    assert len(answers) == len(list((tmp_path / "drawn").iterdir())) == 16
    assert all(len(answer["landmarks"]) == 32 for answer in answers)
