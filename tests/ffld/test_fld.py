"""FLD in its official on-disk format: each trap of the format, and two real photographs."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

import ffld
from ffld import DataError, Visibility
from ffld.datasets import fld
from ffld.datasets._landmark_lists import read_lists
from ffld.validate import validate
from tests.ffld.miniature import (
    FLD_ROWS,
    FULL,
    LOWER,
    UPPER,
    Row,
    write_fld,
    write_image,
    write_lists,
)

pytestmark = pytest.mark.filterwarnings("ignore:fld ")  # every miniature is incomplete

ONE = Row("img/img_00000001.jpg")
TWO = Row("img/img_00123059.jpg")


def load(root, split="test", limit=None):
    return ffld.load("fld", split=split, root=root, limit=limit)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_each_split_has_its_rows_in_the_order_of_the_partition(tmp_path):
    write_fld(tmp_path)
    for split in ("train", "val", "test"):
        expected = [row.name.removesuffix(".jpg") for row in FLD_ROWS if row.split == split]
        assert list(load(tmp_path, split).targets.ids) == expected


def test_coordinates_count_from_one(tmp_path):
    write_fld(tmp_path, [replace(ONE, box=(1, 1, 48, 64))])
    targets = load(tmp_path).targets
    assert targets.xy[0, 0].tolist() == [17.5, 7.5]
    assert targets.box[0].tolist() == [0, 0, 48, 64]
    assert targets.size[0].tolist() == [48, 64]


@pytest.mark.parametrize(
    ("clothes_type", "points", "garment_type", "slots"),
    [
        (1, UPPER, "upper", [0, 1, 2, 3, 6, 7]),
        (2, LOWER, "lower", [4, 5, 6, 7]),
        (3, FULL, "full", [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_ragged_rows_fill_the_slots_of_their_type(
    tmp_path, clothes_type, points, garment_type, slots
):
    write_fld(tmp_path, [replace(ONE, clothes_type=clothes_type, points=points)])
    sample = load(tmp_path)[0]
    assert sample.garment_type == garment_type
    for slot, (code, x, y) in zip(slots, points, strict=True):
        assert sample.visibility[slot] == {0: 2, 1: 1, 2: 0}[code]
        if code != 2:
            assert sample.xy[slot].tolist() == [x - 0.5, y - 0.5]
    others = [slot for slot in range(8) if slot not in slots]
    assert (sample.visibility[others] == Visibility.ABSENT).all()
    assert np.isnan(sample.xy[sample.visibility == Visibility.ABSENT]).all()


def test_the_origin_is_absent_whatever_its_visibility(tmp_path):
    write_fld(tmp_path, [replace(ONE, points=((0, 0, 0), (1, 0, 0), (2, 9, 9), *UPPER[3:]))])
    sample = load(tmp_path)[0]
    assert sample.visibility[:3].tolist() == [0, 0, 0]
    assert np.isnan(sample.xy[:3]).all()


def test_an_image_with_every_landmark_cut_off_is_kept(tmp_path):
    write_fld(tmp_path, [replace(ONE, points=((2, 0, 0),) * 6)])
    assert np.isnan(load(tmp_path).targets.xy).all()


def test_left_and_right_are_never_sorted(tmp_path):
    back = (UPPER[1], UPPER[0], UPPER[3], UPPER[2], UPPER[5], UPPER[4])
    write_fld(tmp_path, [replace(ONE, points=back)])
    left, right = load(tmp_path)[0].xy[:2, 0]
    assert left > right


def test_boxes_are_clipped_and_points_outside_them_are_not(tmp_path):
    outside = ((0, 60, 70), *UPPER[1:])
    write_fld(tmp_path, [replace(ONE, box=(1, 1, 500, 70), points=outside)])
    sample = load(tmp_path)[0]
    assert sample.box.tolist() == [0, 0, 48, 64]
    assert sample.xy[0].tolist() == [59.5, 69.5]


def test_variation_is_told_by_the_number_of_fields(tmp_path):
    rows = [replace(ONE, name=f"img/{n}.jpg", variation=n) for n in range(1, 6)]
    write_fld(tmp_path, rows)
    words = ["normal pose", "medium pose", "large pose", "medium zoom-in", "large zoom-in"]
    with_it = load(tmp_path).targets
    assert list(with_it.attributes["variation"]) == words
    write_lists(tmp_path, rows, variation=False)
    without = load(tmp_path).targets
    assert list(without.attributes["variation"]) == [""] * 5
    assert (without.xy == with_it.xy).all(where=~np.isnan(with_it.xy))


def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    write_fld(tmp_path)
    expected = load(tmp_path).targets
    for path in tmp_path.rglob("*.txt"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b" \t\r\n"))
    found = load(tmp_path).targets
    np.testing.assert_array_equal(found.xy, expected.xy)
    np.testing.assert_array_equal(found.box, expected.box)


def test_lists_may_be_in_different_orders(tmp_path):
    rows = [replace(ONE, box=(1, 1, 20, 20)), replace(TWO, box=(1, 1, 30, 30))]
    write_fld(tmp_path, rows)
    path = tmp_path / "Anno/list_bbox.txt"
    count, header, first, second, _ = path.read_text().split("\n")
    path.write_text("\n".join([count, header, second, first]))
    assert load(tmp_path).targets.box[:, 2].tolist() == [20, 30]


@pytest.mark.parametrize("place", ["Img/img", "img", "Img", "img-001/img", "Img/img-001/img"])
def test_images_are_found_wherever_people_unpack_them(tmp_path, place):
    write_lists(tmp_path, [ONE])
    write_image(tmp_path / place / "img_00000001.jpg")
    assert load(tmp_path)[0].image.shape == (64, 48, 3)


def test_root_may_be_the_folder_above_the_archive(tmp_path):
    write_fld(tmp_path / "Fashion Landmark Detection Benchmark")
    assert len(load(tmp_path)) == 3


def test_a_complete_archive_gives_no_warning(tmp_path):
    spec = replace(fld.SPEC, splits={"test": 3})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_lists(spec, "test", write_fld(tmp_path)).ids) == 3


def test_an_incomplete_archive_gives_one_warning_with_the_counts(tmp_path):
    rows = [ONE, TWO, *(replace(ONE, name=f"img/{n}.jpg") for n in range(3))]
    write_fld(tmp_path, rows)
    (tmp_path / "Img/img/0.jpg").unlink()
    edit(tmp_path / "Anno/list_bbox.txt", "img/1.jpg", "img/9.jpg")
    edit(tmp_path / "Anno/list_landmarks.txt", "5\n", "123016\n")
    with pytest.warns(UserWarning, match="found 3 of 19,991 images") as caught:
        split = load(tmp_path)
    assert list(split.targets.ids) == ["img/img_00000001", "img/img_00123059", "img/2"]
    assert len(caught) == 1
    message = str(caught[0].message)
    assert "list_landmarks.txt declares 123,016 rows and has 5" in message
    assert "1 left out that lack a row" in message
    assert "1 left out that are listed but not on disk" in message


def test_no_image_at_all_is_an_error_that_says_where_it_looked(tmp_path):
    write_lists(tmp_path, [ONE])
    with pytest.raises(DataError, match="tried .*/Img/img/img_00000001.jpg or .*img-001"):
        load(tmp_path)


def test_an_empty_split_is_an_error_that_names_the_others(tmp_path):
    write_fld(tmp_path, [ONE, replace(TWO, split="train")])
    with pytest.raises(DataError, match=r"split 'val'; .* train \(1\), test \(1\)"):
        load(tmp_path, "val")


def test_without_an_archive_the_error_says_how_to_get_one_and_names_the_stand_in(tmp_path):
    with pytest.raises(DataError, match="list_eval_partition.txt.*fld-procedural needs nothing"):
        load(tmp_path)
    with pytest.raises(DataError, match="pass its folder as root.*fld-procedural needs nothing"):
        ffld.load("fld")
    write_lists(tmp_path, [ONE])
    (tmp_path / "Anno/list_landmarks.txt").unlink()
    with pytest.raises(DataError, match=r"no list_landmarks.txt in .*fld-procedural"):
        load(tmp_path)


def test_all_malformed_rows_are_listed_at_once(tmp_path):
    rows = [replace(ONE, name=f"img/{n}.jpg") for n in range(8)]
    rows[1] = replace(rows[1], points=UPPER[:5])
    rows[2] = replace(rows[2], clothes_type=4)
    rows[3] = replace(rows[3], points=((3, 1, 1), *UPPER[1:]))
    rows[4] = replace(rows[4], variation=6)
    rows[6] = replace(rows[6], box=(1, 1, 2_000_000_000_000, 9))
    rows[7] = replace(rows[7], box=(5, 4, 42))
    write_fld(tmp_path, rows)
    landmarks = tmp_path / "Anno/list_landmarks.txt"
    lines = landmarks.read_text().split("\n")
    lines[7] = lines[7].replace(" 018 ", " 18.x ")
    landmarks.write_text("\n".join([*lines[:-1], lines[2]]))
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    message = str(caught.value)
    for expected in (
        "list_landmarks.txt:4: found 18 fields, expected 20 or 21 for clothes type 1",
        "list_landmarks.txt:5: found clothes type '4', expected 1, 2 or 3",
        "list_landmarks.txt:6: found visibility 3, expected 0, 1 or 2",
        "list_landmarks.txt:7: found variation type 6, expected 1 to 5",
        "list_landmarks.txt:8: found '1 1 0 18.x",
        "list_landmarks.txt:11: img/0.jpg is there already, in line 3",
        "list_bbox.txt:9: found 2000000000000, which is in no photograph",
        "list_bbox.txt:10: found 4 fields, expected 5",
        "correct or remove these rows",
    ):
        assert expected in message
    assert "list_landmarks.txt:3:" not in message


@pytest.mark.parametrize("variation", [True, False])
def test_a_row_with_a_field_too_few_or_too_many_is_not_read_shifted(tmp_path, variation):
    rows = [replace(ONE, name=f"img/{n}.jpg") for n in range(5)]
    write_fld(tmp_path, rows)
    write_lists(tmp_path, rows, variation=variation)
    path = tmp_path / "Anno/list_landmarks.txt"
    lines = path.read_text().split("\n")
    lines[3] = lines[3].replace("018 ", "", 1) if variation else lines[3].replace("018 ", "0 018 ")
    path.write_text("\n".join(lines))
    found, expected = (20, "21 .* have a variation") if variation else (21, "20 .* no variation")
    said = f"list_landmarks.txt:4: found {found} fields, expected {expected} type"
    with pytest.raises(DataError, match=said) as caught:
        load(tmp_path)
    assert str(caught.value).count("found") == 1
    told = []
    validate(tmp_path, "fld", tell=told.append)
    assert [(one.rule, one.row, one.field) for one in told] == [("row-malformed", "4", "row")]


def test_more_than_twenty_problems_are_counted(tmp_path):
    write_fld(tmp_path, [replace(ONE, name=f"img/{n}.jpg", clothes_type=9) for n in range(25)])
    with pytest.raises(DataError, match="list_landmarks.txt:22: .*and 5 more") as caught:
        load(tmp_path)
    assert "list_landmarks.txt:23:" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["/etc/img.jpg", "../img.jpg", "img/../../img.jpg", "..\\img.jpg", "C:/img.jpg"]
)
def test_names_that_leave_the_archive_are_refused(tmp_path, name):
    write_lists(tmp_path, [ONE, replace(TWO, name=name)])
    with pytest.raises(DataError, match=r"list_eval_partition.txt:4: .* not a relative name"):
        load(tmp_path)


def test_a_partition_that_lists_an_image_twice_or_in_no_split_is_refused(tmp_path):
    write_fld(tmp_path, [ONE, replace(ONE, split="train"), replace(TWO, split="dev")])
    with pytest.raises(DataError, match="is there already, in line 3") as caught:
        load(tmp_path)
    assert "expected a name and train, val or test" in str(caught.value)


def test_the_list_of_joints_is_told_from_that_of_landmarks(tmp_path):
    write_fld(tmp_path, [replace(ONE, points=((0, 5, 5),) * 14)])
    with pytest.raises(DataError, match="14 human joints of list_joints.txt"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["", "img/img_00000001.jpg 1 2 3 4\n", "3\n"])
def test_a_list_without_its_two_header_lines_is_refused(tmp_path, text):
    write_fld(tmp_path, [ONE])
    (tmp_path / "Anno/list_bbox.txt").write_text(text)
    with pytest.raises(DataError, match="list_bbox.txt: its first two lines are"):
        load(tmp_path)


def test_a_list_that_is_not_text_is_refused(tmp_path):
    write_fld(tmp_path, [ONE])
    (tmp_path / "Anno/list_bbox.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="list_bbox.txt: cannot be read"):
        load(tmp_path)


def test_rivals_are_none_and_shaped(tmp_path):
    assert load(write_fld(tmp_path)).targets.rivals.shape == (3, 0, 8, 2)


def test_two_real_photographs(fixtures_root):
    split = load(fixtures_root / "fld")
    assert [sample.id for sample in split] == ["img/img_00000128", "img/img_00000132"]
    turned, dress = split
    assert turned.box.tolist() == [87, 20, 136, 163]
    assert turned.visibility.tolist() == [1, 1, 2, 1, 2, 1, 2, 1]
    assert dress.garment_type == "full"
    assert dress.image.shape == (250, 200, 3)
    assert dress.box.tolist() == [0, 0, 200, 250]
    points = dict(zip(split.schema.landmarks, dress.xy.tolist(), strict=True))
    assert points["left_collar"] == [70.5, 18.5]
    assert points["right_sleeve"] == [161.5, 70.5]
    assert points["left_waistline"] == [59.5, 111.5]
    assert points["right_hem"] == [171.5, 234.5]
    assert np.isnan(points["left_hem"]).all()
    assert dress.visibility.tolist() == [2, 2, 2, 2, 2, 2, 0, 2]
