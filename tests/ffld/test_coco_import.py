"""COCO keypoints read as a dataset: exports come back, foreign names are mapped, errors told."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

import ffld
from ffld import coco
from ffld.__main__ import main
from ffld.coco_import import import_coco
from ffld.validate import validate
from tests.ffld import miniature

LABELS = ("ids", "xy", "visibility", "garment_type", "size")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A rendered split, and what it was exported to."""
    out, split = tmp_path_factory.mktemp("exported"), ffld.load("fld-procedural", limit=5)
    return split, coco.export(split, out, images=True), out / "images"


def same(found, expected):
    for name in LABELS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    np.testing.assert_allclose(found.box, expected.box, rtol=0, atol=1e-9)


def sound(folder):
    found = []
    validate(folder, images="duplicates", tell=found.append)
    return found == []


def test_an_exported_split_comes_back(exported, tmp_path, capsys):
    split, path, images = exported
    command = ["import", str(path), "--images", str(images), "--out", str(tmp_path / "in")]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert out.startswith("5 samples of coco-fld8 test, coco-fld8-")
    back = ffld.load("coco-fld8", "test", root=tmp_path / "in")
    same(back.targets, split.targets)
    for name, values in split.targets.attributes.items():
        assert back.targets.attributes[name].tolist() == values.tolist()
    for a, b in zip(back, split, strict=True):
        np.testing.assert_array_equal(a.image, b.image)  # PNG, as it was exported
    assert back.targets.revision in out
    assert sound(tmp_path / "in")
    check = ["validate", "--root", str(tmp_path / "in"), "--dataset"]
    assert main([*check, "coco-fld8"]) == 0
    assert main([*check, "fld-procedural"]) == 2
    said = "is of dataset 'coco-fld8', not 'fld-procedural'; name that one, or give the folder"
    assert said in capsys.readouterr().err
    assert len(ffld.load("coco-fld8", "test", root=tmp_path / "in", limit=2)) == 2


@pytest.mark.filterwarnings("ignore:deepfashion2")
def test_garments_of_one_photograph_are_each_others_rivals(tmp_path):
    several = miniature.content(miniature.item(9), miniature.item(1), miniature.item(8))
    tree = miniature.write_deepfashion2(tmp_path / "tree", validation={"000001": several})
    split = ffld.load("deepfashion2", root=tree)
    path = coco.export(split, tmp_path / "out", root=tree)
    done = import_coco(path, tree, tmp_path / "in")
    assert (done.dataset, done.samples) == ("coco", 3)
    back = ffld.load("coco", root=tmp_path / "in")
    same(back.targets, split.targets)
    np.testing.assert_array_equal(back.targets.rivals, split.targets.rivals)
    np.testing.assert_array_equal(back.image(1), split.image(1))
    assert sound(tmp_path / "in")


@pytest.mark.filterwarnings("ignore:deepfashion2")
def test_other_garments_come_back_where_they_are_no_samples(tmp_path):
    several = miniature.content(miniature.item(9), miniature.item(1))
    tree = miniature.write_deepfashion2(tmp_path / "tree", validation={"000001": several})
    with_company = ffld.load("ffld", limit=40)
    there = np.isfinite(with_company.targets.rivals).any((1, 2, 3))
    rows = [*np.flatnonzero(there)[:2], np.flatnonzero(~there)[0]]
    for number, (split, root) in enumerate(
        [
            (ffld.load("deepfashion2", root=tree).select([1]), tree),
            (with_company.select([int(row) for row in rows]), None),
        ]
    ):
        out = tmp_path / f"{number}"
        path = coco.export(split, out, root=root, images=True)
        import_coco(path, out / "images", out / "in")
        back = ffld.load("coco", root=out / "in").targets.rivals
        expected = split.targets.rivals
        np.testing.assert_array_equal(back, expected[:, : back.shape[1]])
        assert np.isnan(expected[:, back.shape[1] :]).all()  # padding
        assert np.isfinite(back).any()


def test_splits_are_imported_one_after_another_and_again(exported, tmp_path):
    split, path, images = exported
    out = tmp_path / "in"
    first = import_coco(path, images, out)
    assert import_coco(path, images, out, split="val").revision == first.revision
    content = json.loads(path.read_text())
    content["annotations"][0]["keypoints"][0] += 1
    content["annotations"] = content["annotations"][:2]
    fewer = tmp_path / "fewer.json"
    fewer.write_text(json.dumps(content))
    again = import_coco(fewer, images, out)
    assert again.samples == 2
    assert again.revision != first.revision
    assert ffld.load("coco-fld8", "test", root=out).targets.revision == again.revision
    assert ffld.load("coco-fld8", "val", root=out).targets.revision == first.revision
    assert sorted(p.name for p in (out / "data").iterdir()) == [
        "test-00000-of-00001.parquet", "val-00000-of-00001.parquet",
    ]  # fmt: skip
    with pytest.raises(ffld.DataError, match="without train; it has .*python -m ffld import"):
        ffld.load("coco-fld8", "train", root=out)
    with pytest.raises(ffld.DataError, match="no finished build.*python -m ffld import"):
        ffld.load("coco-fld8", "test", root=images)
    with pytest.raises(ffld.DataError, match="is of dataset coco-fld8, not coco"):
        ffld.load("coco", "test", root=out)


FOREIGN = {
    "images": [{"id": 7, "file_name": "a/one.jpg", "width": 48, "height": 64}],
    "categories": [
        {"id": 3, "name": "jupe", "keypoints": ["taille_g", "taille_d", "ourlet_g", "milieu"]},
        {"id": 4, "name": "sac", "keypoints": ["anse"]},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [4, 5, 30, 90],
         "keypoints": [9.5, 10, 2, 30, 10, 1, 8, 60, 2, 20, 60, 2]},
        {"id": 2, "image_id": 7, "category_id": 4, "bbox": [1, 1, 9, 9], "keypoints": [1, 1, 2]},
    ],
}  # fmt: skip
MAPPING = {
    "schema": "ffld",
    "types": {"jupe": "skirt", "sac": None},
    "landmarks": {
        "taille_g": "left_waistband", "taille_d": "right_waistband", "ourlet_g": "left_hemline",
        "milieu": None,
    },
}  # fmt: skip


@pytest.fixture
def foreign(tmp_path):
    """A function that imports a changed FOREIGN with a changed MAPPING."""
    miniature.write_image(tmp_path / "images/a/one.jpg")

    def run(change=lambda content: None, mapping=MAPPING):
        content = json.loads(json.dumps(FOREIGN))
        change(content)
        (tmp_path / "a.json").write_text(json.dumps(content))
        (tmp_path / "m.json").write_text(json.dumps(mapping))
        told = tmp_path / "m.json" if mapping else None
        return import_coco(tmp_path / "a.json", tmp_path / "images", tmp_path / "out", mapping=told)

    return run


def test_foreign_names_are_mapped(foreign, tmp_path):
    done = foreign()
    assert (done.dataset, done.samples, done.left_out) == ("coco", 1, 1)
    one = ffld.load("coco", root=tmp_path / "out")[0]
    assert (one.id, one.garment_type) == ("a/one#1", "skirt")
    assert one.box.tolist() == [4, 5, 34, 64]  # clipped to the image
    schema = ffld.spec("coco").schema
    named = {schema.landmarks[k]: one.xy[k].tolist() for k in np.flatnonzero(one.visibility)}
    assert named == {
        "left_waistband": [10, 10.5], "right_waistband": [30.5, 10.5], "left_hemline": [8.5, 60.5],
    }  # fmt: skip
    assert one.visibility[schema.index("right_waistband")] == ffld.Visibility.OCCLUDED


def first(change):
    return lambda content: change(content["annotations"][0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (first(lambda a: a.update(image_id=9)), r"annotations\[0\] \(id 1\): image_id 9 is of no"),
        (first(lambda a: a.update(category_id=9)), "category_id 9 is of no category"),
        (first(lambda a: a.update(keypoints=[1, 2])), "found 2 values in keypoints, expected 12"),
        (first(lambda a: a["keypoints"].__setitem__(2, 5)), "none of 0, 1, 2"),
        (first(lambda a: a.update(bbox=[1, 2, 1e12, 4])), "something in bbox that is no coord"),
        (first(lambda a: a.update(bbox=[60, 2, 9, 4])), "0 x 4 pixels lie inside .* of 48 x 64"),
        (first(lambda a: a.update(bbox=[9, 9, 3, 20])), r"3 x 20 pixels .* at least 4 are needed"),
        (lambda c: c["images"][0].update(width=50), "is 48 x 64 pixels, its entry states 50 x 64"),
        (lambda c: c["images"][0].update(file_name="../m.json"), "leads out of"),
        (lambda c: c["images"][0].update(file_name="a/two.jpg"), "two.jpg: cannot be read as an"),
        (lambda c: c["annotations"].append(c["annotations"][0]), "is that of .*annotations.0"),
        (lambda c: c["categories"][0].update(name="robe"), "category 'robe' is no garment type"),
        (lambda c: c["categories"][0].update(keypoints=["x"]), "keypoint 'x' of category 'jupe'"),
        (lambda c: c.update(annotations={}), "'annotations' is no list of objects"),
        (lambda c: c["annotations"].pop(0), "no annotation to import, 1 left out"),
    ],
)
def test_what_cannot_be_imported_is_said_and_nothing_is_written(foreign, tmp_path, change, message):
    with pytest.raises(ffld.DataError, match=message):
        foreign(change)
    assert not (tmp_path / "out").exists()


def test_visible_points_outside_the_picture_are_told_as_validate_tells_them(foreign, tmp_path):
    def move(x, v):
        return first(lambda a: a["keypoints"].__setitem__(slice(0, 3), [x, 10, v]))

    said = (
        r"annotations\[0\] \(id 1\): found \(48, 10\) at left_waistband outside the image of "
        r"48 x 64, yet visible; correct them, or set their v to 1 \(occluded\) or 0"
    )
    with pytest.raises(ffld.DataError, match=said):
        foreign(move(48, 2))
    assert not (tmp_path / "out").exists()
    for x, v in ((48, 1), (47.5, 2)):  # 47.5 is the border itself in continuous pixels
        foreign(move(x, v))
        told = []
        validate(tmp_path / "out", tell=told.append)
        assert "landmark-outside" not in {problem.rule for problem in told}


def test_all_problems_are_told_at_once(foreign):
    def change(content):
        content["annotations"][0]["bbox"] = None
        content["annotations"].append({**FOREIGN["annotations"][0], "id": 5, "image_id": None})

    with pytest.raises(ffld.DataError, match=r"annotations\[0\].*annotations\[2\].*nothing was"):
        foreign(change)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (None, "not those of ffld or fld8; say what they are in a mapping"),
        ({**MAPPING, "schema": "own"}, "no schema 'own'; there are ffld, fld8"),
        ({**MAPPING, "names": {}}, "unknown keys names; it has schema, types, landmarks"),
        ({**MAPPING, "types": {"jupe": 3}}, "'types' must map names to our names, or to null"),
        ({**MAPPING, "landmarks": {**MAPPING["landmarks"], "milieu": "crotch"}}, "a skirt has no"),
        (
            {**MAPPING, "landmarks": {**MAPPING["landmarks"], "milieu": "left_hemline"}},
            "two of its",
        ),
    ],
)
def test_mappings_that_cannot_be(foreign, mapping, message):
    with pytest.raises(ffld.DataError, match=message):
        foreign(mapping=mapping)


def test_photographs_are_read_in_the_orientation_that_is_stored(exported, tmp_path):
    _, path, images = exported
    turned = shutil.copytree(images, tmp_path / "images")
    content = json.loads(path.read_text())
    file = turned / content["images"][0]["file_name"]
    with Image.open(file) as picture:
        exif = picture.getexif()
        exif[0x0112] = 6  # a camera held upright
        pixels = np.array(picture)
        picture.save(file, exif=exif)
    import_coco(path, turned, tmp_path / "in")
    np.testing.assert_array_equal(ffld.load("coco-fld8", root=tmp_path / "in").image(0), pixels)


@pytest.mark.parametrize("options", [{"dials": {"company": 0}}, {"key": "sealed"}])
def test_turned_and_sealed_samples_are_exported_as_what_they_are(tmp_path, options):
    split = ffld.load("fld-procedural", limit=2, **options)
    path = coco.export(split, tmp_path, images=True)
    content = json.loads(path.read_text())
    assert content["info"]["revision"] == split.targets.revision
    done = import_coco(path, tmp_path / "images", tmp_path / "in")
    same(ffld.load(done.dataset, root=tmp_path / "in").targets, split.targets)
