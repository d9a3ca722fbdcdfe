"""What imported samples are called, and what their attributes become: nothing merges silently."""

import json

import pytest

import ffld
from ffld import coco, ids
from ffld.coco_import import import_coco
from ffld.validate import validate
from tests.ffld import miniature


@pytest.fixture
def imported(tmp_path):
    """A function that imports a changed file of skirts, one in each of some images."""

    def run(*files, change=lambda content: None, mapping=None, write=True):
        content = miniature.coco_content(*files)
        change(content)
        for name in files if write else ():
            miniature.write_image(tmp_path / "images" / name)
        (tmp_path / "a.json").write_text(json.dumps(content))
        (tmp_path / "m.json").write_text(json.dumps(mapping or {"schema": "ffld"}))
        out = tmp_path / "out"
        import_coco(tmp_path / "a.json", tmp_path / "images", out, mapping=tmp_path / "m.json")
        return ffld.load("coco", root=out)

    return run


def update(*places, **values):
    """A change of these annotations, all unless told."""

    def change(content):
        for number, annotation in enumerate(content["annotations"]):
            if number in (places or range(99)):
                annotation.update(values)

    return change


def test_attributes_never_replace_a_column_and_keep_their_values(imported, tmp_path):
    own = {"size": "M", "attribute_size": "own", "id": "SKU-1", "in_stock": True, "price": 9.5,
           "tags": ["a", "b"], "gone": None, "": "nameless"}  # fmt: skip
    split = imported("one.jpg", change=update(attributes=own))
    assert split.targets.ids.tolist() == ["one"]
    assert split.targets.size.tolist() == [[48, 64]]
    assert split[0].attributes == {
        "attribute_attribute_size": "M", "attribute_size": "own", "attribute_id": "SKU-1",
        "in_stock": "true", "price": "9.5", "tags": '["a", "b"]', "attribute_": "nameless",
    }  # fmt: skip
    found = []
    validate(tmp_path / "out", tell=found.append)
    assert found == []


def test_a_number_sign_in_names_is_no_garment(imported):
    names = ("look#1.jpg", "look#2.jpg", "look%231.jpg", "50%.jpg", "50%25.jpg")
    found = imported(*names).targets.ids.tolist()
    assert found == ["look%231", "look%232", "look%25231", "50%", "50%2525"]
    assert len({ids.image_of(name) for name in found}) == len(names)


def test_names_that_differ_in_their_extension_alone_keep_it(imported):
    names = ("a.jpg", "a.png", "b.jpg", "c/a.jpg", "b.jpg.png", "./d.jpg")
    found = imported(*names).targets.ids.tolist()
    assert found == ["a.jpg", "a.png", "b", "c/a", "b.jpg.png", "d"]


def test_files_never_share_the_name_of_an_image():
    parts = ("", "%", "#", "2", "23", "25", "a", ".jpg", ".png")
    files = {a + b + c + d for a in parts for b in parts for c in parts for d in parts} - {""}
    found = ids.images_of(files)
    assert len(set(found.values())) == len(files)
    assert not [name for name in found.values() if "#" in name]


def two_garments(content):
    content["annotations"][1]["image_id"] = 1


@pytest.mark.parametrize(
    ("first", "second", "one_image", "message"),
    [
        ("SKU-1", "SKU-2", True, "'SKU-2', and 'SKU-1' at .*annotations.0.*same photograph"),
        ("SKU#1", "SKU#2", False, "'SKU#2', and 'SKU#1' at .*annotations.0.*another photograph"),
        ("../../x", "b", False, "found '../../x' as sample_id, expected .* inside a folder"),
        ("/x#1", "b", False, "found '/x#1' as sample_id"),
        ("#1", "b", False, "found '#1' as sample_id"),
        ("a//b", "b", False, "found 'a//b' as sample_id"),
        ("\ud800", "b", False, r"found '\\ud800' in id, which is no valid Unicode"),
        (["a"], "b", False, r"found \['a'\] as sample_id, expected a text"),
    ],
)
def test_sample_ids_that_cannot_be(imported, tmp_path, first, second, one_image, message):
    def change(content):
        if one_image:
            two_garments(content)
        update(0, sample_id=first)(content)
        update(1, sample_id=second)(content)

    with pytest.raises(ffld.DataError, match=message):
        imported("a.jpg", "b.jpg", change=change)
    assert not (tmp_path / "out").exists()


def test_sample_ids_that_agree_with_their_photographs_are_kept(imported):
    def change(content):
        two_garments(content)
        update(0, sample_id="SKU#top")(content)
        update(1, sample_id="SKU#skirt")(content)
        update(2, sample_id=None)(content)

    names = imported("a.jpg", "b.jpg", "c.jpg", change=change).targets.ids.tolist()
    assert names == ["SKU#top", "SKU#skirt", "c"]


def test_names_from_windows_are_found_or_named(imported):
    def backslash(content):
        content["images"][0]["file_name"] = "a\\look.jpg"

    assert imported("a/look.jpg", change=backslash).targets.ids.tolist() == ["a/look"]
    with pytest.raises(ffld.DataError, match=r"found a backslash in file_name 'a.*other"):
        imported("b.jpg", change=lambda c: c["images"][0].update(file_name="a\\other.jpg"))


def repeat(key, **values):
    return lambda content: content[key].append({**content[key][0], **values})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (repeat("images", file_name="b.jpg"), r"images\[1\] .*: the id is that of .*images\[0\]"),
        (repeat("categories", name="dress"), r"categories\[1\] has the id of categories\[0\], 1"),
        (lambda c: c["images"][0].update(id=[1]), r"images\[0\] .*: the id is no number or text"),
        (lambda c: c["images"][0].pop("id") and update(image_id=None)(c), "image_id None is of no"),
        (lambda c: c["categories"][0].update(id={}), r"categories\[0\] has the id \{\}, no number"),
        (update(image_id=[1]), r"image_id \[1\] is of no image"),
        (update(category_id={}), r"category_id \{\} is of no category"),
        (
            lambda c: c["categories"][0].update(keypoints=[["x"]]),
            r"categories\[0\] has \[\['x'\]\]",
        ),
        (lambda c: c["categories"][0].update(keypoints={}), r"categories\[0\] has \{\} as keyp"),
        (lambda c: c["images"][0].update(file_name="."), "file_name '.' leads out of"),
        (lambda c: c["images"][0].update(file_name="\ud800.jpg"), "no valid Unicode"),
        (update(attributes={"a": "\udfff"}), "in attributes, which is no valid Unicode"),
        (update(bbox=[1, 2, 10**400, 4]), "something in bbox that is no coordinate"),
        (update(rivals=[[1, 2]]), "found 2 values in rivals, expected 9 numbers"),
    ],
)
def test_entries_that_cannot_be_are_told(imported, tmp_path, change, message):
    with pytest.raises(ffld.DataError, match=message):
        imported("a.jpg", change=change)
    assert not (tmp_path / "out").exists()


def test_garments_without_an_id_of_their_own_are_told(imported):
    def change(content):
        two_garments(content)
        content["annotations"][1]["id"] = [2]

    with pytest.raises(ffld.DataError, match=r"annotations\[1\].*found \[2\] as id, expected"):
        imported("a.jpg", "b.jpg", change=change)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"types": {"skirt": "skirtt"}}, "m.json: 'types' maps 'skirt' to 'skirtt', which is no g"),
        ({"landmarks": {"x": "left_hem"}}, "m.json: 'landmarks' maps 'x' to 'left_hem', which is"),
        ({"schema": ["ffld"]}, r"no schema \['ffld'\]; there are ffld, fld8"),
    ],
)
def test_typing_errors_of_a_mapping_are_named(imported, mapping, message):
    with pytest.raises(ffld.DataError, match=message):
        imported("a.jpg", mapping=mapping)


def test_no_export_leaves_its_folder(imported, tmp_path):
    split = imported("a.jpg")
    split.targets.ids[:] = "/"
    for images in (False, True):
        with pytest.raises(ffld.DataError, match="sample 0 of coco test has the id '/'.*validate"):
            coco.export(split, tmp_path / "exported", images=images)
    assert not (tmp_path / "exported").exists()


def test_what_was_imported_is_exported_and_imported_again_with_its_ids(imported, tmp_path):
    split = imported("look#1.jpg", "b.jpg", "b.png", "50%25.jpg", "c/a.jpg")
    path = coco.export(split, tmp_path / "exported", images=True)
    import_coco(path, tmp_path / "exported/images", tmp_path / "again")
    again = ffld.load("coco", root=tmp_path / "again")
    assert again.targets.ids.tolist() == split.targets.ids.tolist()
