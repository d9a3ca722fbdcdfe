"""Splits in COCO's format: what pycocotools reads of them is what the split holds."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

import ffld
from ffld import coco, coco_images, shards
from ffld.__main__ import main
from tests.ffld import miniature


@pytest.fixture(scope="module")
def rendered():
    return ffld.load("fld-procedural", limit=6)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A DeepFashion2 tree whose test set has an image of two skirts and a top, partly hidden."""
    hidden = [(n, n + 10, n % 3) for n in range(1, 26)]
    several = miniature.content(
        miniature.item(9), miniature.item(9, box=(10, 20, 40, 50)), miniature.item(1, hidden)
    )
    validation = {"000001": several, "000002": miniature.content(miniature.item(8))}
    return miniature.write_deepfashion2(
        tmp_path_factory.mktemp("deepfashion2"), validation=validation
    )


def _same(path, targets):
    read = COCO(path)
    annotations = read.loadAnns(sorted(read.getAnnIds()))
    assert [a["sample_id"] for a in annotations] == targets.ids.tolist()
    xy, v = coco.from_keypoints(np.array([a["keypoints"] for a in annotations]))
    np.testing.assert_array_equal(v, targets.visibility)
    np.testing.assert_array_equal(np.where(v[..., None] > 0, xy, np.nan), targets.xy)
    assert [a["num_keypoints"] for a in annotations] == (v > 0).sum(axis=1).tolist()
    box = np.array([a["bbox"] for a in annotations])
    box[:, 2:] += box[:, :2]
    np.testing.assert_allclose(box, targets.box, atol=1e-9)
    types = read.loadCats([a["category_id"] for a in annotations])
    assert [t["name"] for t in types] == targets.garment_type.tolist()
    images = read.loadImgs([a["image_id"] for a in annotations])
    assert [[i["width"], i["height"]] for i in images] == targets.size.tolist()
    return read


def test_a_rendered_split_comes_back_exactly_and_no_image_is_read(rendered, tmp_path, monkeypatch):
    monkeypatch.setattr(rendered, "_read_image", None)
    path = coco.export(rendered, tmp_path)
    read = _same(path, rendered.targets)
    assert read.dataset["info"]["revision"] == rendered.targets.revision
    assert read.dataset["info"]["schema_fingerprint"] == rendered.schema.fingerprint
    assert [entry.name for entry in tmp_path.iterdir()] == ["annotations"]
    first = path.read_bytes()
    assert coco.export(rendered, tmp_path).read_bytes() == first


def test_the_centre_of_the_first_pixel_is_0_and_what_is_absent_is_0_0_0():
    xy, visibility = np.array([[[0.5, 2.5], [np.nan, np.nan]]]), np.array([[2, 0]])
    assert coco.to_keypoints(xy, visibility).tolist() == [[0, 2, 2, 0, 0, 0]]


def test_skeletons_join_what_the_type_owns():
    for category in coco.categories(ffld.spec("ffld").schema):
        owned = ffld.spec("ffld").schema.garment_types[category["name"]]
        joined = {category["keypoints"][slot - 1] for edge in category["skeleton"] for slot in edge}
        assert joined == set(owned)
        assert len(category["keypoints"]) == 32


@pytest.mark.filterwarnings("ignore:deepfashion2")
def test_garments_of_one_photograph_share_its_entry(tree, tmp_path, capsys):
    command = ["export", "--dataset", "deepfashion2", "--root", str(tree), "--out", str(tmp_path)]
    assert main(command) == 0
    split = ffld.load("deepfashion2", root=tree)
    path = tmp_path / "annotations/deepfashion2_test.json"
    assert capsys.readouterr().out == f"4 samples of deepfashion2 test in {path}\n"
    read = _same(path, split.targets)
    assert len(read.getAnnIds(imgIds=[1])) == 3
    assert [i["file_name"] for i in read.loadImgs([1, 2])] == [
        f"validation/image/00000{n}.jpg" for n in (1, 2)
    ]
    assert not (tmp_path / "images").exists()


@pytest.mark.filterwarnings("ignore:deepfashion2")
def test_images_lie_where_the_annotations_say(tree, rendered, tmp_path):
    path = coco.export(ffld.load("deepfashion2", root=tree), tmp_path, root=tree, images=True)
    for image in json.loads(path.read_text())["images"]:
        name = image["file_name"]
        assert (tmp_path / "images" / name).read_bytes() == (tree / name).read_bytes()

    few = rendered.limit(2)
    path = coco.export(few, tmp_path, images=True)
    for image, sample in zip(json.loads(path.read_text())["images"], few, strict=True):
        with Image.open(tmp_path / "images" / image["file_name"]) as written:
            np.testing.assert_array_equal(np.array(written), sample.image)
    assert not [p for p in tmp_path.rglob("*") if p.name.startswith(".")]


@pytest.mark.filterwarnings("ignore:deepfashion2")
def test_photographs_outside_root_are_refused(tree, tmp_path):
    split = ffld.load("deepfashion2", root=tree)
    with pytest.raises(ffld.DataError, match="pass root"):
        coco.export(split, tmp_path / "out", root=tmp_path, images=True)
    assert not (tmp_path / "out").exists()


def test_a_writing_that_fails_leaves_nothing(rendered, tmp_path, monkeypatch):
    monkeypatch.setattr(coco, "_annotation", None)
    with pytest.raises(TypeError):
        coco.export(rendered, tmp_path)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_killed_export_goes_on_if_it_is_the_same(rendered, tmp_path, monkeypatch):
    encode, made = shards.encode, []

    def counted(picture, kind):
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(kind)
        return encode(picture, kind)

    def killed():
        made.clear()
        with monkeypatch.context() as patched:
            patched.setattr(shards, "encode", counted)
            with pytest.raises(KeyboardInterrupt):
                coco.export(rendered, tmp_path, images=True)

    def stamps():
        found = sorted((tmp_path / "images").rglob("*.png"))
        return [(path.name, path.stat().st_mtime_ns) for path in found]

    killed()
    first = stamps()
    assert len(first) == 3
    assert not list(tmp_path.rglob("*.json"))
    coco.export(rendered, tmp_path, images=True)
    assert len(stamps()) == 6
    assert set(first) < set(stamps())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["annotations", "images"]

    killed()
    before = stamps()
    other = rendered.select([0, 1, 2])
    coco.export(other, tmp_path, images=True)  # not what was killed: all of it is written again
    assert len(set(stamps()) - set(before)) == 3


def test_many_images_are_rendered_by_workers(tmp_path, monkeypatch):
    monkeypatch.setattr(coco_images, "_STEP", 1)
    split = ffld.load("fld-procedural", limit=3)
    coco.export(split, tmp_path, images=True)
    for sample in split:
        with Image.open(tmp_path / "images" / f"{sample.id}.png") as written:
            np.testing.assert_array_equal(np.array(written), sample.image)


def test_bad_requests_are_one_line(tmp_path, capsys):
    out = ["--out", str(tmp_path)]
    assert main(["export", "--dataset", "fld", *out]) == 2
    assert re.fullmatch(r"error: .*pass its folder as root.*\n", capsys.readouterr().err)
    (tmp_path / "annotations").write_text("a file where a folder must be")
    assert main(["export", "--dataset", "fld-procedural", "--limit", "1", *out]) == 2
    assert re.fullmatch(r"error: .*export to a folder that can be.*\n", capsys.readouterr().err)


def test_no_garment_at_all():
    """As of images whose split has one garment each, which have no rivals."""
    keypoints = coco.to_keypoints(np.empty((0, 8, 2)), np.empty((0, 8), np.uint8))
    assert keypoints.shape == (0, 24)
    assert [found.shape for found in coco.from_keypoints(keypoints)] == [(0, 8, 2), (0, 8)]
