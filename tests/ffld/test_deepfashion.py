"""DeepFashion in its official on-disk format, and verbatim excerpts of the official lists."""

import csv
import shutil

import numpy as np
import pytest

import ffld
from ffld import DataError
from ffld.datasets._list_file import open_list
from tests.ffld.miniature import (
    DEEPFASHION_ROWS,
    write_deepfashion,
    write_image,
    write_list,
    write_lists,
    write_text,
)

pytestmark = pytest.mark.filterwarnings("ignore:deepfashion ")  # every miniature is incomplete

TEST_ROWS = [row for row in DEEPFASHION_ROWS if row.split == "test"]


def load(root, split="test"):
    return ffld.load("deepfashion", split=split, root=root)


def write_categories(root, labels, folder="Anno"):
    write_list(
        root / folder / "list_category_cloth.txt",
        "category_name  category_type",
        ["Anorak   1", "Blazer   1", "Trench Coat   3"],
    )
    rows = [f"{row.name}   {label}" for row, label in zip(TEST_ROWS, labels, strict=True)]
    write_list(root / folder / "list_category_img.txt", "image_name  category_label", rows)


def test_rows_have_no_variation_type(tmp_path):
    targets = load(write_deepfashion(tmp_path)).targets
    assert list(targets.ids) == [row.name.removesuffix(".jpg") for row in TEST_ROWS]
    assert list(targets.garment_type) == ["upper", "lower", "full"]
    assert targets.xy[0, 0].tolist() == [17.5, 7.5]
    assert targets.xy[1, 4].tolist() == [13.5, 5.5]
    assert targets.attributes == {}
    assert targets.rivals.shape == (3, 0, 8, 2)


def test_lists_may_lie_in_the_folder_of_the_second_release(tmp_path):
    write_deepfashion(tmp_path)
    expected = load(tmp_path).targets
    shutil.rmtree(tmp_path / "Anno")
    write_lists(tmp_path, DEEPFASHION_ROWS, variation=False, folder="Anno_coarse")
    write_categories(tmp_path, ("1", "2", "3"), "Anno_coarse")
    found = load(tmp_path).targets
    np.testing.assert_array_equal(found.xy, expected.xy)
    assert found.attributes["category"][0] == "Anorak"


def test_root_may_be_the_folder_above_the_archive(tmp_path):
    write_deepfashion(tmp_path / "Category and Attribute Prediction Benchmark")
    assert len(load(tmp_path, "train")) == 3


def test_a_category_is_a_row_of_its_list(tmp_path):
    write_deepfashion(tmp_path)
    write_categories(tmp_path, ("2", "003", "1"))
    categories = load(tmp_path).targets.attributes["category"]
    assert list(categories) == ["Blazer", "Trench Coat", "Anorak"]
    assert list(load(tmp_path, "train").targets.attributes["category"]) == ["", "", ""]


def test_unknown_categories_are_listed(tmp_path):
    write_deepfashion(tmp_path)
    write_categories(tmp_path, ("4", "0", "1"))
    with pytest.raises(DataError, match="list_category_img.txt:3: found '4', expected a label of"):
        load(tmp_path)
    with pytest.raises(DataError, match="list_category_img.txt:4: found '0'"):
        load(tmp_path)


def test_the_warning_states_official_counts(tmp_path):
    with pytest.warns(UserWarning, match="found 3 of 209,222 images"):
        load(write_deepfashion(tmp_path), "train")


def test_without_an_archive_the_error_names_the_stand_in(tmp_path):
    with pytest.raises(DataError, match="deepfashion-procedural needs nothing"):
        load(tmp_path)


def test_official_excerpts_are_read(tmp_path, fixtures_root):
    excerpts = fixtures_root / "deepfashion"
    for name, place in (
        ("list_bbox", "Anno"),
        ("list_category_img", "Anno"),
        ("list_eval_partition", "Eval"),
    ):
        (tmp_path / place).mkdir(exist_ok=True)
        shutil.copy(excerpts / f"{name}.excerpt.txt", tmp_path / place / f"{name}.txt")
    write_list(
        tmp_path / "Anno/list_landmarks.txt",
        "image_name clothes_type",
        (excerpts / "list_landmarks.excerpt.txt").read_text().splitlines(),
    )
    categories = ["Anorak  1", "Blazer  1", "Blouse  1"]
    write_list(tmp_path / "Anno/list_category_cloth.txt", "category_name  type", categories)
    write_image(tmp_path / "Img/img/Sheer_Pleated-Front_Blouse/img_00000001.jpg", (300, 300))

    with pytest.warns(UserWarning, match="found 1 of 209,222 images; .*2 left out that lack a row"):
        split = load(tmp_path, "train")
    sample = split[0]
    assert sample.id == "img/Sheer_Pleated-Front_Blouse/img_00000001"
    assert sample.garment_type == "upper"
    assert sample.attributes == {"category": "Blouse"}
    assert sample.box.tolist() == [71, 78, 232, 273]
    points = [[145.5, 101.5], [172.5, 94.5], [93.5, 241.5], [204.5, 254.5]]
    assert sample.xy[:4].tolist() == points
    assert sample.xy[6:].tolist() == [[135.5, 228.5], [176.5, 231.5]]
    assert sample.visibility.tolist() == [2, 2, 2, 2, 0, 0, 2, 2]


def test_rows_known_by_value_are_read(tmp_path, fixtures_root):
    text = (fixtures_root / "deepfashion/rows_known_by_value.csv").read_text(encoding="utf-8-sig")
    landmarks, boxes, partition = [], [], []
    known = list(csv.DictReader(text.splitlines()))
    for n, row in enumerate(known):
        name = f"img/Known/img_{n:08d}.jpg"
        landmarks.append(
            f"{name}  {row['clothes_type']}  {row['landmarks_v_x_y']}".replace(";", " ")
        )
        boxes.append(f"{name}  001 001 300 300")
        partition.append(f"{name}  test")
        write_image(tmp_path / "Img" / name, (300, 300))
    write_list(tmp_path / "Anno/list_landmarks.txt", "image_name clothes_type", landmarks)
    write_list(tmp_path / "Anno/list_bbox.txt", "image_name x_1 y_1 x_2 y_2", boxes)
    write_list(tmp_path / "Eval/list_eval_partition.txt", "image_name status", partition)

    targets = load(tmp_path).targets
    assert len(targets) == len(known) == 3
    for n, row in enumerate(known):
        owned = targets.schema.type_mask[targets.type_index[n]]
        values = np.array([point.split() for point in row["landmarks_v_x_y"].split(";")], int)
        np.testing.assert_array_equal(targets.xy[n, owned], values[:, 1:] - 0.5)
        np.testing.assert_array_equal(targets.visibility[n, owned], 2 - values[:, 0])


def test_an_official_list_with_a_byte_order_mark_is_opened(fixtures_root):
    names = open_list(fixtures_root / "deepfashion/c2s_list_attr_cloth_WITH_BOM.txt")
    rows = [fields for _, fields in names.rows()]
    assert names.declared == len(rows) == 303
    assert rows[0][-1] == "1"


def test_lists_of_categories_without_header_lines_are_refused(tmp_path):
    write_deepfashion(tmp_path)
    write_text(tmp_path / "Anno/list_category_cloth.txt", "no count\n")
    write_text(tmp_path / "Anno/list_category_img.txt", "no count\n")
    with pytest.raises(DataError, match="list_category_cloth.txt: its first two lines are"):
        load(tmp_path)
