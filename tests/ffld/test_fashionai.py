"""FashionAI: its table by name, its division into splits, each trap of the format."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

import ffld
from ffld import DataError, Visibility
from ffld.datasets import fashionai
from ffld.datasets.fashionai import CATEGORIES, LANDMARKS, SPEC, guess_types
from ffld.schema import FFLD
from ffld.validate import validate
from tests.ffld.miniature import ANSWERS, SIZE, SKIRT, write_fashionai, write_image, write_points

pytestmark = pytest.mark.filterwarnings("ignore:fashionai ")  # every miniature is incomplete

REAL = Path(__file__).parents[3] / "shared/fixtures"
SHIRT = {
    "neckline_left": "20_5_1", "neckline_right": "28_5_1", "center_front": "24_8_1",
    "shoulder_left": "14_6_1", "shoulder_right": "34_6_1", "armpit_left": "16_16_0",
    "armpit_right": "32_16_1", "cuff_left_in": "10_40_1", "cuff_left_out": "6_38_1",
    "cuff_right_in": "38_40_1", "cuff_right_out": "42_38_1", "top_hem_left": "15_44_1",
    "top_hem_right": "33_44_1",
}  # fmt: skip
TROUSERS = {
    "waistband_left": "18_4_1", "waistband_right": "30_4_1", "crotch": "24_20_1",
    "bottom_left_in": "22_60_1", "bottom_left_out": "16_60_1", "bottom_right_in": "26_60_1",
    "bottom_right_out": "32_60_1",
}  # fmt: skip


def load(root, split="test"):
    return ffld.load("fashionai", split=split, root=root)


def load_rows(root, **images):
    """The targets of a test table: category -> cells of its one image."""
    return load(
        write_fashionai(root, a={f"Images/{c}/1.jpg": v for c, v in images.items()})
    ).targets


def ids(split):
    return split.targets.ids.tolist()


def without(cells, *parts):
    return {name: cell for name, cell in cells.items() if not name.startswith(parts)}


def test_every_column_is_a_landmark_of_its_own_that_some_type_has():
    assert len(LANDMARKS) == len(set(LANDMARKS.values())) == 24
    lacking = {name for name in FFLD.landmarks if "sleeve" in name or "knee" in name}
    assert set(FFLD.landmarks) - set(LANDMARKS.values()) == lacking
    every = [name for types in CATEGORIES.values() for name in types]
    assert sorted(every) == sorted(FFLD.type_names)


def test_landmarks_are_read_by_name_and_count_from_zero(tmp_path):
    targets = load_rows(tmp_path, skirt={**SKIRT, "waistband_right": "34_7_-1"})
    assert targets.ids.tolist() == ["Images/skirt/1"]
    k = [FFLD.index(name) for name in FFLD.garment_types["skirt"]]
    assert targets.visibility[0, k].tolist() == [2, 0, 2, 1]
    assert targets.xy[0, k[0]].tolist() == [14.5, 6.5]
    assert np.isnan(targets.xy[0, k[1]]).all()
    assert targets.xy[0, k[3]].tolist() == [38.5, 57.5]
    assert (targets.visibility[0] > Visibility.ABSENT).sum() == 3
    assert targets.attributes["category"].tolist() == ["skirt"]
    assert targets.attributes["part"].tolist() == ["a"]
    assert targets.revision == "1.0+a"  # one part alone is another set than both


def test_columns_may_stand_in_any_order(tmp_path):
    write_fashionai(tmp_path)
    before = load(tmp_path).targets
    for table in tmp_path.glob("*/*.csv"):
        rows = [line.split(",")[::-1] for line in table.read_text().splitlines()]
        table.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(map(",".join, rows)).encode())
    after = load(tmp_path).targets
    assert np.array_equal(before.xy, after.xy, equal_nan=True)
    assert before.ids.tolist() == after.ids.tolist()


def test_boxes_hold_the_landmarks_and_ten_pixels_more_of_the_image(tmp_path):
    box = load_rows(tmp_path, skirt=SKIRT).box[0].tolist()
    assert box == [0, 0, *SIZE]  # 10 - 10, 6 - 10, 39 + 10 of 48, 59 + 10 of 64, clipped
    large = {name: f"{300 + n}_{200 + n}_1" for n, name in enumerate(SKIRT)}
    write_points(tmp_path / "test_a" / ANSWERS.format("a"), {"Images/skirt/1.jpg": large})
    write_image(tmp_path / "test_a/Images/skirt/1.jpg", (512, 512))
    assert load(tmp_path).targets.box[0].tolist() == [290, 190, 314, 214]


@pytest.mark.parametrize(
    ("category", "cells", "garment_type"),
    [
        ("blouse", SHIRT, "long_sleeve_top"),
        ("blouse", {**SHIRT, "cuff_left_in": "13_20_1", "cuff_right_in": "35_20_1"},
         "short_sleeve_top"),
        ("blouse", {**without(SHIRT, "cuff_left_in"), "cuff_right_in": "35_20_1"},
         "short_sleeve_top"),
        ("blouse", without(SHIRT, "armpit"), "long_sleeve_top"),
        ("blouse", without(SHIRT, "cuff"), "vest"),
        ("blouse", without(SHIRT, "cuff", "shoulder"), "sling"),
        ("outwear", without(SHIRT, "center"), "long_sleeve_outwear"),
        ("outwear", without(SHIRT, "center", "cuff"), "short_sleeve_outwear"),
        ("dress", without(SHIRT, "top_hem"), "long_sleeve_dress"),
        ("dress", without(SHIRT, "top_hem", "cuff"), "vest_dress"),
        ("dress", without(SHIRT, "top_hem", "cuff", "shoulder"), "sling_dress"),
        ("trousers", TROUSERS, "trousers"),
        ("trousers", {**TROUSERS, "bottom_left_in": "22_30_1", "bottom_right_in": "26_30_1"},
         "shorts"),
        ("trousers", without(TROUSERS, "waistband"), "trousers"),
        ("skirt", SKIRT, "skirt"),
    ],
)  # fmt: skip
def test_types_are_guessed_from_what_is_there(category, cells, garment_type, tmp_path):
    assert load_rows(tmp_path, **{category: cells}).garment_type.tolist() == [garment_type]


def test_guesses_are_as_good_as_they_are_said_to_be():
    """Within what 600 garments allow of the shares that the docstring states."""
    targets = ffld.load("ffld", "val", limit=600).targets
    category = np.array(
        [next(c for c, types in CATEGORIES.items() if t in types)
         for t in targets.garment_type.tolist()]
    )  # fmt: skip
    right = guess_types(category, targets.xy) == targets.garment_type
    stated = {"blouse": 0.77, "outwear": 0.81, "dress": 0.69, "trousers": 0.89, "skirt": 1.0}
    for name, share in stated.items():
        chosen = right[category == name]
        noise = 3 * np.sqrt(share * (1 - share) / len(chosen))
        assert chosen.mean() == pytest.approx(share, abs=noise + 1e-9), name


def test_val_is_a_tenth_of_train_by_name_and_test_both_answers(tmp_path):
    write_fashionai(tmp_path)
    train, val, test = (load(tmp_path, split) for split in ("train", "val", "test"))
    assert ids(test) == ["Images/skirt/a", "Images/skirt/b"]
    assert not set(ids(train)) & set(ids(val))
    assert {*ids(train), *ids(val)} == {f"Images/skirt/{n}" for n in range(30)}
    shares = [fashionai.belongs(f"Images/skirt/{n}.jpg", "train", "val") for n in range(2000)]
    assert 0.08 < np.mean(shares) < 0.12
    assert train.targets.revision == test.targets.revision == SPEC.revision
    assert np.array_equal(pickle.loads(pickle.dumps(val))[0].image, val[0].image)


def test_what_is_missing_is_told_in_one_warning(tmp_path):
    root = write_fashionai(tmp_path)
    table = root / "test_a" / ANSWERS.format("a")
    write_points(table, {f"Images/skirt/{name}.jpg": SKIRT for name in ("a", "lost")})
    lines = table.read_text().splitlines()
    bare = ",".join(["Images/skirt/bare.jpg", "skirt", *["-1_-1_-1"] * 24])
    table.write_text("\n".join([*lines, lines[-2], bare, ""]))
    write_image(root / "test_a/Images/skirt/bare.jpg")
    (root / "test_b" / ANSWERS.format("b")).unlink()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert ids(load(root)) == ["Images/skirt/a"]
    (told,) = (str(one.message) for one in caught if "fashionai" in str(one.message))
    for part in (
        "found 2 of 19,966 images",
        "there are no answers of test_b",
        f"{table} has 4 rows of 9,996",
        f"1 rows of {table} left out that repeat another",
        "1 left out that are listed but not on disk",
        "1 left out that have no landmark",
    ):
        assert part in told


def test_malformed_rows_say_file_line_and_remedy(tmp_path):
    rows = {
        "Images/skirt/1.jpg": {**SKIRT, "hemline_left": "10_58"},
        "Images/skirt/2.jpg": {**SKIRT, "hemline_left": "nan_58_1"},
        "Images/skirt/3.jpg": {**SKIRT, "hemline_left": "-4_58_1"},
        "Images/skirt/4.jpg": {**SKIRT, "hemline_left": "10_58_2"},
        "Images/skirt/5.jpg": {**SKIRT, "cuff_left_in": "10_58_1"},
        "Images/kilt/6.jpg": SKIRT,
        "../skirt/7.jpg": SKIRT,
        "Images/skirt/8.jpg": SKIRT,
    }
    root = write_fashionai(tmp_path, a=rows)
    table = root / "test_a" / ANSWERS.format("a")
    more = table.read_text().splitlines()[-1].replace("14_6_1", "15_6_1")
    table.write_text(table.read_text() + more + "\nImages/skirt/9.jpg,skirt\n")
    with pytest.raises(DataError) as caught:
        load(root)
    said = str(caught.value)
    for part in (
        f"{table}:2: found '10_58' in hemline_left, expected x_y_v, whole numbers, v 1, 0 or -1",
        f"{table}:3: found 'nan_58_1' in hemline_left",
        f"{table}:4: found '-4_58_1' in hemline_left",
        f"{table}:5: found '10_58_2' in hemline_left",
        f"{table}:6: found cuff_left_in on skirt, expected -1_-1_-1 there",
        f"{table}:7: found category 'kilt', expected one of blouse, outwear, dress, skirt, ",
        f"{table}:8: found image '../skirt/7.jpg', expected a relative name inside the archive",
        f"{table}:10: found Images/skirt/8.jpg with other landmarks than in line 9, expected one",
        f"{table}:11: found 2 cells, expected 26",
        "correct or remove these rows, or unpack the official tables again",
    ):
        assert part in said
    found = []
    report = validate(root, "fashionai", tell=found.append)
    assert {p.row for p in found if p.rule == "row-malformed"} == {
        *map(str, range(2, 9)),
        "10",
        "11",
    }
    assert report.samples == 1


def test_what_cannot_be_opened_says_what_to_do(tmp_path):
    root = write_fashionai(tmp_path)
    answers = root / "test_a" / ANSWERS.format("a")
    text = answers.read_text()
    answers.write_text(text.replace("armpit_left", "armpit"))
    with pytest.raises(DataError, match=r"no column armpit_left; expected the official table"):
        load(root)
    answers.write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(DataError, match="answer_20180426.csv: cannot be read as CSV"):
        load(root)
    answers.write_text(text)
    (root / ANSWERS.format("a")).write_text(text)
    with pytest.raises(DataError, match="are two tables of one part"):
        load(root)
    (root / ANSWERS.format("a")).unlink()
    (root / "test_b" / ANSWERS.format("b")).write_text(text)
    with pytest.raises(DataError, match=r":2: Images/skirt/a.jpg is in .*test_a_answer.* already"):
        load(root)
    with pytest.raises(DataError, match="there is no Annotations/train.csv in .* Tianchi"):
        load(root / "test_a", "train")
    with pytest.raises(DataError, match="no fashionAI_key_points_test_a_answer.*has no landmarks"):
        load(root / "train")
    (root / "train/Images/skirt").rename(root / "train/elsewhere")
    with pytest.raises(
        DataError, match=r"none of \d+ images was found below .*, such as Images/sk"
    ):
        load(root, "train")


def test_a_sound_tree_is_found_sound_and_faults_of_its_images_are_not(tmp_path):
    root = write_fashionai(tmp_path)
    found = []
    assert validate(root, "fashionai", images="decode", tell=found.append).samples == 32
    assert found == []
    (root / "test_a/Images/skirt/a.jpg").unlink()
    image = root / "train/Images/skirt/7.jpg"
    image.write_bytes(image.read_bytes()[:-200])
    table = root / "test_b" / ANSWERS.format("b")
    table.write_text(table.read_text().replace("34_7_1", "90_7_1"))
    validate(root, "fashionai", images="decode", tell=found.append)
    assert {(p.rule, p.file, p.row) for p in found} == {
        ("image-missing", "Images/skirt/a.jpg", ""),
        ("image-undecodable", "train/Images/skirt/7.jpg", ""),
        ("landmark-outside", f"test_b/{table.name}", "2"),
    }
    assert [p.rule for p in _problems(tmp_path / "train/Images")] == ["file-missing"]


def _problems(root):
    found = []
    validate(root, "fashionai", tell=found.append)
    return found


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real samples")
def test_real_rows_are_read(tmp_path):
    table = tmp_path / "Annotations/train.csv"
    table.parent.mkdir()
    table.write_bytes((REAL / "layouts/fashionai_half.csv").read_bytes())
    rows, wrong = fashionai.read_rows(table)
    assert wrong == []
    assert len(rows) == 3207  # of which two are equal
    for row in rows:
        write_image(tmp_path / row.name, (512, 512))
    train, val = load(tmp_path, "train").targets, load(tmp_path, "val").targets
    assert len(train) + len(val) == 3206
    assert set(train.garment_type) == set(FFLD.type_names)
    assert train.box[:, 2:].max() == 512
