"""Copies of photographs that aren't as they should be: what is said of each, and when."""

import json
from dataclasses import replace

import pytest

import ffld
from ffld import DataError, catalog
from ffld.atomic import is_litter
from ffld.datasets import fashionai, fld
from ffld.validate import validate
from tests.ffld.miniature import (
    FLD_ROWS,
    coco_content,
    content,
    item,
    write_deepfashion,
    write_deepfashion2,
    write_fashionai,
    write_fld,
    write_text,
)

pytestmark = pytest.mark.filterwarnings("ignore:(fld|deepfashion2?|fashionai) [tv]")


def problems(folder, dataset):
    found = []
    validate(folder, dataset, tell=found.append)
    return found


def one_file(root, text):
    """A DeepFashion2 tree with one sound annotation file and this one."""
    write_deepfashion2(root, {}, {"000001": content(item(9)), "000002": content(item(9))})
    write_text(root / "validation/annos/000002.json", text)
    return root


def test_a_key_that_is_there_twice_is_no_lost_garment(tmp_path):
    text = json.dumps(content(item(9), item(8))).replace('"item2"', '"item1"')
    root = one_file(tmp_path, text)
    with pytest.raises(DataError, match=r"000002.json: found item1 twice, expected every key once"):
        ffld.load("deepfashion2", root=root)
    (problem,) = problems(root, "deepfashion2")
    assert (problem.rule, problem.file) == ("row-malformed", "validation/annos/000002.json")
    assert problem.found == "item1 twice"


def test_a_key_of_two_items_is_no_repeated_key(tmp_path):
    root = write_deepfashion2(tmp_path, {}, {"000001": content(item(9), item(8))})
    assert len(ffld.load("deepfashion2", root=root)) == 2


def test_a_file_without_an_item_is_counted(tmp_path):
    root = one_file(tmp_path, json.dumps(coco_content("000002.jpg")))
    with pytest.warns(UserWarning, match="; 1 annotation files hold no item"):
        assert len(ffld.load("deepfashion2", root=root)) == 1
    (problem,) = problems(root, "deepfashion2")
    assert (problem.rule, problem.file) == ("row-malformed", "validation/annos/000002.json")
    assert problem.found == "no item"
    write_text(root / "validation/annos/000001.json", "{}")
    expected = r"has a landmark; 2 annotation files hold no item\. Ask its authors"
    with pytest.raises(DataError, match=expected):
        ffld.load("deepfashion2", root=root)


def test_photographs_without_a_validation_are_no_built_set(tmp_path, monkeypatch):
    write_text(tmp_path / "photo.jpg", "")
    assert [p.rule for p in problems(tmp_path, "coco")][:1] == ["file-missing"]
    monkeypatch.setattr(catalog, "spec", lambda name: replace(fld.SPEC, name=name))
    expected = (
        "dataset 'mine' has no validation, and .* holds no manifest.json; what can be validated "
        "is fld, deepfashion, deepfashion2, fashionai, and what build or import wrote"
    )
    with pytest.raises(DataError, match=expected):
        validate(tmp_path, "mine")
    write_text(tmp_path / "manifest.json", "{}")
    assert {p.rule for p in problems(tmp_path, "mine")} >= {"manifest"}


def test_what_macos_puts_beside_files_is_no_sample(tmp_path):
    root = write_deepfashion2(tmp_path / "df2", {}, {"000001": content(item(9))})
    write_text(root / "validation/annos/._000001.json", "\0\5\x16\7")
    write_text(root / "validation/image/._000001.jpg", "\0\5\x16\7")
    assert len(ffld.load("deepfashion2", root=root)) == 1
    assert problems(root, "deepfashion2") == []
    images = write_fashionai(tmp_path / "fai") / "test_a/Images"
    write_text(images / "skirt/._a.jpg", "\0\5\x16\7")
    assert "Images/skirt/._a.jpg" not in fashionai.images_below(tmp_path / "fai")
    assert is_litter(images / "skirt/._a.jpg")
    assert not is_litter(images / "skirt/a.jpg")


@pytest.mark.parametrize(
    ("write", "owner", "other"),
    [(write_fld, "fld", "deepfashion"), (write_deepfashion, "deepfashion", "fld")],
)
def test_fld_and_deepfashion_are_not_taken_for_each_other(tmp_path, write, owner, other):
    root = write(tmp_path)
    assert len(ffld.load(owner, root=root)) == 3
    expected = (
        f"list_eval_partition.txt: images are named as img/.*jpg; these are the lists of {owner}: "
        "load that dataset"
    )
    with pytest.raises(DataError, match=expected):
        ffld.load(other, root=root)
    assert problems(root, owner) == []
    (problem,) = problems(root, other)
    assert (problem.found, problem.file) == (
        f"the lists of {owner}",
        "Eval/list_eval_partition.txt",
    )


def points(slot, value):
    """A skirt's landmarks, all sound but for one number."""
    numbers = item(9)["landmarks"]
    numbers[slot] = value
    return {**item(9), "landmarks": numbers}


@pytest.mark.parametrize(
    ("garment", "expected"),
    [
        (
            points(7, float("nan")),
            "a number in landmarks that is in no photograph: NaN at landmark 3",
        ),
        (points(0, 10**400), "in no photograph: 10000"),
        (points(6, "12"), "values in landmarks that are not numbers: '12' at landmark 3"),
        (points(11, 3), "a landmark whose visibility is none of 0, 1, 2: 3 at landmark 4"),
        (item(9, box=(1, 2, float("inf"), 9)), "in no photograph: Infinity at number 3"),
        (
            {"category_id": 9, "bounding_box": [1, 2, 3, 4]},
            "item1: found no landmarks, expected an",
        ),
        ([1], "item1: found a list, expected an object with bounding_box, category_id, landmarks"),
    ],
)
def test_faults_of_an_item_say_where_they_are(tmp_path, garment, expected):
    root = write_deepfashion2(tmp_path, {}, {"000001": {"item1": garment}})
    with pytest.raises(DataError, match=r"000001.json item1: ") as caught:
        ffld.load("deepfashion2", root=root)
    assert expected in str(caught.value)


def test_boxes_are_told_with_what_their_numbers_count(tmp_path):
    row = replace(FLD_ROWS[-1], box=(30, 5, 20, 9))
    root = write_fld(tmp_path, [row])
    expected = r"list_bbox.txt:3: the box \[29.0, 4.0, 20.0, 9.0\], as continuous pixels, of img"
    with pytest.raises(DataError, match=expected):
        _ = ffld.load("fld", root=root).targets
    found = [p.found for p in problems(root, "fld") if p.rule == "box-inverted"]
    assert found == ["(29, 4, 20, 9) as continuous pixels"]


@pytest.mark.parametrize(
    ("name", "write", "given"),
    [
        ("fld", write_fld, ".."),
        ("fld", write_fld, "Anno"),
        ("fld", write_fld, "Img"),
        ("deepfashion", write_deepfashion, "Img"),
        ("deepfashion2", write_deepfashion2, ".."),
        ("deepfashion2", write_deepfashion2, "train"),
    ],
)
def test_a_root_that_is_too_high_or_too_low_is_asked_about(tmp_path, name, write, given):
    beside = write_deepfashion if write is write_fld else write_fld
    beside(tmp_path / "another")
    root = write(tmp_path / "copy")
    question = f"did you mean root={str(root)!r}?"
    with pytest.raises(DataError) as caught:
        ffld.load(name, root=root / given)
    assert f"; {question} Ask its authors" in str(caught.value)
    (problem,) = problems(root / given, name)
    assert (problem.rule, problem.expected.endswith(question)) == ("file-missing", True)


def test_there_is_no_question_where_nothing_is_near(tmp_path):
    (tmp_path / "deep/er").mkdir(parents=True)
    write_fld(tmp_path / "deepfashion/fld")
    for name in ("deepfashion", "deepfashion2"):
        with pytest.raises(DataError, match="Ask its authors") as caught:
            ffld.load(name, root=tmp_path / "deep/er")
        assert "did you mean" not in str(caught.value)
        with pytest.raises(DataError, match="Ask its authors") as caught:
            ffld.load(name, root=tmp_path / "deepfashion")
        assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "write", "folder"),
    [
        ("fld", write_fld, "Img/img"),
        ("deepfashion2", write_deepfashion2, "validation/image"),
        ("fashionai", write_fashionai, "test_*/Images/skirt"),
    ],
)
def test_extensions_in_other_letters_are_told(tmp_path, name, write, folder):
    files = sorted(write(tmp_path).glob(f"{folder}/*.jpg"))
    for n, path in enumerate([*files[-1:], *files[:-1]]):
        path.rename(path.with_suffix(".JPG"))
        told = rf"there is {path.stem}.JPG, which would have to be named \.jpg"
        if n == 0:
            with pytest.warns(UserWarning, match=rf"1 .*left out .* \({told}\)"):
                ffld.load(name, root=tmp_path)
    with pytest.raises(
        DataError, match=r"; there is \w+.JPG, which would have to be named .jpg\. "
    ):
        ffld.load(name, root=tmp_path)
    if name != "fashionai":  # whose images may lie in several places, so nobody knows which is it
        found = [p.found for p in problems(tmp_path, name) if p.rule == "image-missing"]
        assert f"there is {files[0].stem}.JPG, which would have to be named .jpg" in found
