"""DeepFashion2: the map to FFLD, the division into splits, each trap of the format."""

import json
import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest

import ffld
from ffld import DataError, Visibility
from ffld.datasets import deepfashion2
from ffld.datasets.deepfashion2 import CATEGORIES, SPEC, is_val, mapping
from ffld.schema import FFLD
from tests.ffld.miniature import (
    TRAIN_NAMES,
    VAL_NAMES,
    content,
    item,
    write_deepfashion2,
    write_image,
    write_text,
)

pytestmark = pytest.mark.filterwarnings("ignore:deepfashion2 ")  # every miniature is incomplete


def load(root, split="test", approximate=False):
    return ffld.load("deepfashion2", split=split, root=root, approximate=approximate)


def load_items(root, *items):
    """The targets of one image with these items."""
    return load(write_deepfashion2(root, {}, {"000001": content(*items)})).targets


def point(targets, row, name):
    return targets.xy[row, FFLD.index(name)].tolist()


def test_the_map_covers_every_type_once():
    assert [CATEGORIES[n].garment_type for n in range(1, 14)] == list(FFLD.type_names)
    for number, category in CATEGORIES.items():
        slots, indices = mapping(number, approximate=True)
        owned = {FFLD.index(name) for name in FFLD.garment_types[category.garment_type]}
        assert set(slots.tolist()) == owned
        assert len(slots) == len(owned) == len(set(indices.tolist()))
        assert 0 <= indices.min() <= indices.max() < category.points


@pytest.mark.parametrize("number", range(1, 14))
def test_pairs_of_the_map_are_mirrored_in_the_official_numbering(number):
    """Points run along the outline, so that the numbers of a mirrored pair have a fixed sum."""
    category = CATEGORIES[number]
    sums = {3: (8, 32), 4: (8, 40), 7: (4, 14), 8: (4, 18), 9: (4, 12)}
    inner, outer = sums.get(number, (8, category.points + 7))
    parts = {**category.sure, **category.good, **category.approximate}
    for part, points in parts.items():
        if not isinstance(points, int):
            assert sum(points) == (inner if part in ("collar", "waistband") else outer), part


def test_landmarks_are_mapped_by_name_and_count_from_zero(tmp_path):
    targets = load_items(tmp_path, item(8), item(10))
    # Point n of a miniature item lies at (n, n + 10).
    assert point(targets, 0, "left_waistband") == [1.5, 11.5]
    assert point(targets, 0, "crotch") == [9.5, 19.5]
    assert point(targets, 0, "right_bottom_in") == [11.5, 21.5]
    assert point(targets, 1, "center_collar") == [4.5, 14.5]
    assert point(targets, 1, "right_shoulder") == [29.5, 39.5]
    assert point(targets, 1, "left_waistline") == [15.5, 25.5]
    assert list(targets.garment_type) == ["trousers", "short_sleeve_dress"]


def test_approximate_landmarks_come_on_request_and_leave_ids_alone(tmp_path):
    write_deepfashion2(tmp_path)
    plain, full = load(tmp_path).targets, load(tmp_path, approximate=True).targets
    assert list(plain.ids) == list(full.ids)
    assert plain.revision != full.revision
    waist = FFLD.index("left_waistline")
    for row, name in ((2, "short_sleeve_outwear"), (11, "vest_dress")):
        assert plain.garment_type[row] == name
        assert np.isnan(plain.xy[row, waist]).all()
        assert plain.visibility[row, waist] == Visibility.ABSENT
        assert full.visibility[row, waist] == Visibility.VISIBLE
    differ = (plain.visibility != full.visibility).sum(axis=1)
    assert dict(zip(plain.garment_type, differ.tolist(), strict=True)) == {
        **dict.fromkeys(FFLD.type_names, 0),
        "short_sleeve_outwear": 2,
        "long_sleeve_outwear": 2,
        "sling": 2,
        "long_sleeve_dress": 2,
        "vest_dress": 2,
        "sling_dress": 4,
    }


def test_visibility_codes_and_absent_points(tmp_path):
    skirt = [(0, 0, 2), (0, 0, 0), (9, 9, 1), (0, 0, 0), (5, 7, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)]
    targets = load_items(tmp_path, item(9, skirt))
    assert point(targets, 0, "left_waistband") == [0.5, 0.5]  # a corner of the image, not a gap
    assert point(targets, 0, "right_waistband") == [9.5, 9.5]
    assert np.isnan(point(targets, 0, "left_hemline")).all()
    names = ("left_waistband", "right_waistband", "left_hemline", "crotch")
    found = [int(targets.visibility[0, FFLD.index(name)]) for name in names]
    assert found == [Visibility.VISIBLE, Visibility.OCCLUDED, Visibility.ABSENT, Visibility.ABSENT]


def test_boxes_hold_their_last_pixel_and_are_clipped(tmp_path):
    whole, part = item(9, box=(0, 0, 48, 64)), item(9, box=(2, 3, 20, 30))
    targets = load_items(tmp_path, whole, part)
    assert targets.box.tolist() == [[0, 0, 48, 64], [2, 3, 21, 31]]
    assert targets.size.tolist() == [[48, 64], [48, 64]]


def test_items_come_by_number_whatever_the_order_of_keys(tmp_path):
    keys = ("item10", "pair_id", "item2", "source", "item1")
    annotation = {key: item(9) if key.startswith("item") else 1 for key in keys}
    targets = load(write_deepfashion2(tmp_path, {}, {"000007": annotation})).targets
    expected = ["validation/000007#item1", "validation/000007#item2", "validation/000007#item10"]
    assert list(targets.ids) == expected


def test_the_type_follows_the_number_not_the_name(tmp_path):
    named = {**item(1), "category_name": "short_sleeved_shirt"}
    assert list(load_items(tmp_path, named).garment_type) == ["short_sleeve_top"]


def test_items_without_a_landmark_are_left_out_and_counted(tmp_path):
    bare = item(9, [(0, 0, 0)] * 8)
    middle = item(9, [(0, 0, 0), (5, 5, 2), *[(0, 0, 0)] * 6])  # a point that FFLD has no place for
    write_deepfashion2(tmp_path, {}, {"000001": content(bare, item(8), middle)})
    with pytest.warns(UserWarning, match="1 items left out that have no landmark"):
        targets = load(tmp_path).targets
    assert list(targets.ids) == ["validation/000001#item2", "validation/000001#item3"]
    assert np.isnan(targets.xy[1]).all()


def test_attributes_are_words_where_the_file_has_them(tmp_path):
    words = {"viewpoint": 3, "scale": 1, "occlusion": 2, "zoom_in": 9}
    attributes = load_items(tmp_path, item(9, words=words), item(9)).attributes
    assert {name: values.tolist() for name, values in attributes.items()} == {
        "viewpoint": ["side or back", ""],
        "scale": ["small", ""],
        "occlusion": ["medium", ""],
        "zoom_in": ["", ""],
        "source": ["user", "user"],
    }


def test_rivals_are_the_other_items_of_the_image(tmp_path):
    three, one = content(item(8), item(1), item(9)), content(item(9))
    split = load(write_deepfashion2(tmp_path, {}, {"000001": three, "000002": one}))
    targets = split.targets
    assert targets.rivals.shape == (4, 2, 32, 2)
    np.testing.assert_array_equal(targets.rivals[1], targets.xy[[0, 2]])
    np.testing.assert_array_equal(targets.rivals[2], targets.xy[[0, 1]])
    assert np.isnan(targets.rivals[3]).all()
    assert split._with_rows([3]).targets.rivals.shape == (1, 0, 32, 2)
    np.testing.assert_array_equal(split._with_rows([1]).targets.rivals[0], targets.xy[[0, 2]])


def test_val_is_a_fixed_tenth_of_the_official_training_images():
    val = sum(is_val(f"{n:06d}") for n in range(1, 191_962))
    assert dict(SPEC.splits) == {"train": 191_961 - val, "val": val, "test": 32_153}
    assert 0.099 < val / 191_961 < 0.101


def test_no_image_is_in_two_splits(tmp_path):
    write_deepfashion2(tmp_path)
    images = {
        split: {id.split("#")[0] for id in load(tmp_path, split).targets.ids}
        for split in ("train", "val", "test")
    }
    assert images["train"] == {f"train/{name}" for name in TRAIN_NAMES}
    assert images["val"] == {f"train/{name}" for name in VAL_NAMES[:2]}
    assert images["test"] == {f"validation/{n:06d}" for n in CATEGORIES}


def test_without_validation_test_is_all_of_train_and_one_warning_says_so(tmp_path):
    write_deepfashion2(tmp_path, validation={})
    with pytest.warns(UserWarning, match="there is no .*validation, so test is all") as caught:
        split = load(tmp_path)
    assert len(split) == 2 * (len(TRAIN_NAMES) + 2)
    assert len(caught) == 1
    assert split.targets.revision == "1.0+train"
    with pytest.warns(UserWarning, match="test is all of train"):
        assert load(tmp_path, approximate=True).targets.revision == "1.0+train+approximate"
    assert load(tmp_path, "train").targets.revision == "1.0"


def test_an_incomplete_archive_gives_one_warning_with_the_counts(tmp_path):
    write_deepfashion2(tmp_path)
    (tmp_path / "validation/image/000003.jpg").unlink()
    with pytest.warns(UserWarning, match="found 12 of 32,153") as caught:
        split = load(tmp_path)
    assert "validation/000003#item1" not in split.targets.ids
    assert len(split) == 12
    assert [str(warning.message) for warning in caught] == [
        "deepfashion2 test: found 12 of 32,153 images; "
        "1 annotation files left out whose image is not on disk"
    ]


def test_a_complete_archive_gives_no_warning(tmp_path, monkeypatch):
    write_deepfashion2(tmp_path)
    monkeypatch.setattr(deepfashion2, "SPEC", replace(SPEC, splits={"test": 13}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load(tmp_path)) == 13


def test_missing_folders_and_images_are_errors_that_say_how_to_lay_them(tmp_path):
    with pytest.raises(DataError, match=r"no image of split 'train' in .*train.annos.*train.zip"):
        load(tmp_path, "train")
    write_text(tmp_path / "validation/annos/000001.json", json.dumps(content(item(9))))
    with pytest.raises(DataError, match=r"none of 1 images was found; tried .*image.000001.jpg"):
        load(tmp_path)
    write_image(tmp_path / "train/image" / f"{VAL_NAMES[0]}.jpg")
    write_text(tmp_path / "train/annos" / f"{VAL_NAMES[0]}.json", json.dumps(content(item(9))))
    with pytest.raises(DataError, match=r"split 'train' .*all 1 images there belong to others"):
        load(tmp_path, "train")


def test_items_without_any_landmark_alone_make_no_split(tmp_path):
    with pytest.raises(DataError, match="no item in .*annos has a landmark"):
        load_items(tmp_path, item(9, [(0, 0, 0)] * 8))


def test_all_that_is_wrong_with_the_files_is_listed_at_once(tmp_path):
    files = {
        "000001": content(item(9, [(1, 1, 2)] * 7), item(9)),
        "000002": content({**item(9), "category_id": 14}),
        "000003": content(item(9, [(1, 1, 3)] * 8)),
        "000004": content(item(9, box=(1, 2, 3))),
        "000005": content(item(9, box=(1, 2, 3, float("nan")))),
        "000006": [1],
        "000010": content(item(9, box=(1, 2, 3, 1e9))),
        "000007": {"item1": {"category_id": 1}},
        "000008": {**content(item(9)), "item3": {**item(9), "landmarks": ["1"] * 24}},
        "000009": content(),
    }
    write_deepfashion2(tmp_path, {}, files)
    write_text(tmp_path / "validation/annos/000009.json", '{"item1": ')
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    for expected in (
        "000001.json item1: found 21 values in landmarks, expected 24 numbers",
        "000002.json item1: found category_id 14, expected 1 to 13",
        "000003.json item1: found a landmark whose visibility is none of 0, 1, 2",
        "000004.json item1: found 3 values in bounding_box, expected 4 numbers",
        "000005.json item1: found a number in bounding_box that is in no photograph",
        "000006.json: found a list, expected an object with items",
        "000007.json item1: found no bounding_box and no landmarks, expected an object with "
        "bounding_box, category_id, landmarks",
        "000008.json item3: found values in landmarks that are not numbers",
        "000010.json item1: found a number in bounding_box that is in no photograph",
        "000009.json: cannot be read as JSON",
        "correct or remove these files",
    ):
        assert expected in str(caught.value)
    assert "item2" not in str(caught.value)


def test_a_box_without_area_names_its_file_and_item(tmp_path):
    with pytest.raises(DataError, match=r"000001.json item2: the box \[30.0, 3.0, 21.0"):
        load_items(tmp_path, item(9), item(9, box=(30, 3, 20, 30)))


def test_a_split_can_be_sent_to_another_process(tmp_path):
    split = load(write_deepfashion2(tmp_path))
    copy = pickle.loads(pickle.dumps(split))
    np.testing.assert_array_equal(copy.targets.xy, split.targets.xy)
    np.testing.assert_array_equal(copy[3].image, split[3].image)


def test_real_photographs(fixtures_root):
    targets = load(fixtures_root / "deepfashion2").targets
    assert len(targets) == 30
    row = list(targets.ids).index("train/000001#item2")
    assert targets.garment_type[row] == "trousers"
    assert targets.size[row].tolist() == [468, 624]
    assert targets.box[row].tolist() == [249, 423, 467, 624]
    assert {
        name: (*targets.xy[row, k].tolist(), int(targets.visibility[row, k]))
        for k, name in enumerate(FFLD.landmarks)
        if targets.visibility[row, k] != Visibility.ABSENT
    } == {
        "left_waistband": (251.5, 520.5, Visibility.OCCLUDED),
        "right_waistband": (460.5, 438.5, Visibility.OCCLUDED),
        "crotch": (410.5, 567.5, Visibility.OCCLUDED),
        "right_knee_in": (413.5, 591.5, Visibility.VISIBLE),
        "right_knee_out": (456.5, 561.5, Visibility.VISIBLE),
    }
    assert targets.attributes["viewpoint"][row] == "front"
    assert targets.attributes["source"][row] == "user"
    # Of mirrored pairs that are both there, nearly all have left at the image's left.
    left, right = np.array([[FFLD.index(name) for name in pair] for pair in FFLD.flip_pairs]).T
    gaps = targets.xy[:, right, 0] - targets.xy[:, left, 0]
    assert (gaps > 0).sum() > 0.9 * np.isfinite(gaps).sum() > 50
