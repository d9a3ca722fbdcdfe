"""The photographs of imports: turned, transparent, deep, broken; and how many are held at once."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import ffld
from ffld import coco_pictures, shards
from ffld.__main__ import main
from ffld.built import image_files
from ffld.coco_import import import_coco
from ffld.photo import pixels, read_photo
from ffld.validate import validate
from tests.ffld import miniature

UPRIGHT = (64, 48)  # of a miniature that is turned by a quarter
RNG = np.random.default_rng(0)


def orient(path, tag, **options):
    """Note an orientation in the EXIF of a picture, which stays as it is stored."""
    with Image.open(path) as picture:
        exif = picture.getexif()
        exif[0x0112] = tag
        picture.copy().save(path, exif=exif, **options)


@pytest.fixture
def imported(tmp_path):
    """A function that imports one picture and gives the split, checked as `validate` does."""

    def run(name="one.jpg", size=None, **options):
        content = miniature.coco_content(name)
        if size:
            content["images"][0].update(width=size[0], height=size[1])
        (tmp_path / "a.json").write_text(json.dumps(content))
        import_coco(tmp_path / "a.json", tmp_path / "images", tmp_path / "out", **options)
        found = []
        validate(tmp_path / "out", images="decode", tell=found.append)
        assert found == []
        return ffld.load("coco", root=tmp_path / "out")

    (tmp_path / "images").mkdir()
    return run


@pytest.mark.parametrize("tag", [3, 6])
def test_labels_are_of_the_stored_or_the_upright_picture(imported, tmp_path, tag):
    path = tmp_path / "images/one.jpg"
    miniature.write_image(path)
    orient(path, tag, quality=95)
    upright = UPRIGHT if tag == 6 else miniature.SIZE
    with Image.open(path) as picture:
        as_stored = pixels(picture)
    for options in ({"orientation": "stored"}, {"size": miniature.SIZE} if tag == 6 else {}):
        if options:
            split = imported(**options)
            assert split.targets.size.tolist() == [list(miniature.SIZE)]
            np.testing.assert_array_equal(split.image(0), as_stored)
            assert image_files(tmp_path / "out", "test", [0]) == [path.read_bytes()]
    for options in ({"orientation": "upright"}, {"size": UPRIGHT} if tag == 6 else {}):
        if options:
            split = imported(**options)
            assert split.targets.size.tolist() == [list(upright)]
            assert np.abs(split.image(0).astype(int) - read_photo(path)).max() <= 12  # JPEG again
    with pytest.raises(ffld.DataError, match="is upright .* pixels, its entry states 1 x 2"):
        imported(size=(1, 2), orientation="upright")


@pytest.mark.parametrize(("tag", "size"), [(6, None), (3, miniature.SIZE), (3, None)])
def test_a_turn_that_nothing_tells_of_is_asked_for(imported, tmp_path, tag, size):
    miniature.write_image(tmp_path / "images/one.jpg")
    orient(tmp_path / "images/one.jpg", tag)
    match = f"one.jpg has EXIF orientation {tag}, .*--orientation stored or --orientation upright"
    with pytest.raises(ffld.DataError, match=match):
        imported(size=size)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ffld.DataError, match="no orientation 'turned'; there are stored, upright"):
        imported(orientation="turned")


def test_a_lossless_picture_that_is_turned_stays_so(imported, tmp_path):
    path = tmp_path / "images/one.png"
    Image.fromarray(RNG.integers(0, 256, (64, 48, 3), np.uint8)).save(path)
    orient(path, 8)
    np.testing.assert_array_equal(
        imported("one.png", orientation="upright").image(0), read_photo(path)
    )


def transparent():
    rgba = np.zeros((64, 48, 4), np.uint8)
    rgba[:30] = (10, 20, 30, 255)
    rgba[30:40, :, 3] = 128
    return Image.fromarray(rgba)


def deep():
    return Image.fromarray(np.linspace(0, 65535, 64 * 48).reshape(64, 48).astype(np.uint16))


def palette():
    image = transparent().convert("RGB").quantize(4)
    image.info["transparency"] = 0
    return image


PICTURES = {
    "rgba.png": (transparent, {}),
    "palette.png": (palette, {"transparency": 0}),
    "deep.png": (deep, {}),
    "cmyk.jpg": (lambda: transparent().convert("RGB").convert("CMYK"), {}),
    "page.tif": (lambda: transparent().convert("RGB"), {}),
    "drawn.gif": (palette, {"transparency": 0}),
    "drawn.bmp": (lambda: transparent().convert("RGB"), {}),
    "clear.webp": (transparent, {"lossless": True}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_what_readers_see_differently_is_stored_as_all_of_them_see_it(imported, tmp_path, name):
    make, options = PICTURES[name]
    path = tmp_path / "images" / name
    make().save(path, **options)
    split = imported(name)
    np.testing.assert_array_equal(split.image(0), read_photo(path))
    data = image_files(tmp_path / "out", "test", [0])[0]
    assert data.startswith(b"\x89PNG")
    with Image.open(path) as picture:
        np.testing.assert_array_equal(pixels(picture), split.image(0))


SECOND = {"format": "MPO", "save_all": True, "append_images": [Image.new("RGB", (48, 64))]}
OTHERS = [("a.jpg", {}), ("a.png", {}), ("a.webp", {}), ("phone.jpg", SECOND)]


@pytest.mark.parametrize(("name", "options"), OTHERS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_other_files_are_stored_as_they_are(imported, tmp_path, name, options, mode):
    path = tmp_path / "images" / name
    transparent().convert(mode).save(path, **options)
    imported(name)
    assert image_files(tmp_path / "out", "test", [0]) == [path.read_bytes()]


def test_transparency_is_white_and_16_bits_are_scaled():
    found = pixels(transparent())
    assert found[[0, 63], 0].tolist() == [[10, 20, 30], [255, 255, 255]]
    grey = pixels(deep())
    assert (grey.min(), grey.max(), round(grey.mean())) == (0, 255, 128)
    with pytest.raises(ValueError, match="its values are fractions; save it with 8 bits"):
        pixels(Image.new("F", (4, 4)))


def test_a_broken_photograph_is_told_before_anything_is_written(imported, tmp_path):
    for name in ("one.jpg", "one.png"):
        path = tmp_path / "images" / name
        Image.fromarray(RNG.integers(0, 256, (64, 48, 3), np.uint8)).save(path)
        path.write_bytes(path.read_bytes()[:-900])
        with pytest.raises(
            ffld.DataError, match=f"{name}: cannot be read as an image .*trunc"
        ) as e:
            imported(name)
        assert "archive" not in str(e.value)
        assert not (tmp_path / "out").exists()


def test_only_pictures_of_a_usual_size_and_format_are_decoded(imported, tmp_path, monkeypatch):
    monkeypatch.setattr(coco_pictures, "MOST_PIXELS", 3000)
    miniature.write_image(tmp_path / "images/one.jpg")
    with pytest.raises(ffld.DataError, match="one.jpg has 48 x 64 pixels, expected at most 3,000"):
        imported()
    transparent().convert("RGB").save(tmp_path / "images/one.eps")  # decoded by a program
    with pytest.raises(ffld.DataError, match="one.eps: cannot be read as an image .*identify"):
        imported("one.eps")


def test_a_row_that_is_no_picture_is_named_with_what_mends_it(tmp_path):
    names = [f"{n}.jpg" for n in range(3)]
    for name in names:
        miniature.write_image(tmp_path / "images" / name)
    (tmp_path / "a.json").write_text(json.dumps(miniature.coco_content(*names)))
    import_coco(tmp_path / "a.json", tmp_path / "images", tmp_path / "out")
    split = ffld.load("coco", root=tmp_path / "out")
    path = tmp_path / "out/data/test-00000-of-00001.parquet"
    files = [(tmp_path / "images" / name).read_bytes() for name in names[:2]] + [b"none"]
    with pq.ParquetFile(path) as shard:
        about = shards.metadata(shard)
    shards.write(path, [shards.lay_out(split.targets, names, files)], about)
    manifest = {k: v for k, v in about.items() if k != "file"}
    entry = shards.entry(tmp_path / "out", shards.plan({"test": 3}))
    shards.write_manifest(tmp_path / "out", manifest, {"test": entry})
    broken = ffld.load("coco", root=tmp_path / "out")
    with pytest.raises(ffld.DataError, match=r"row 2, 2, holds no picture.*ffld import .*test"):
        broken.image(2)


def test_no_more_than_a_row_group_of_images_is_held(tmp_path, monkeypatch):
    names = [f"{n:02}.jpg" for n in range(40)]
    for name in names:
        miniature.write_image(tmp_path / "images" / name, (8, 60))
    inside = [4, 9, 2, 6, 10, 2, 3, 40, 2]
    content = miniature.coco_content(*names, bbox=[0, 0, 8, 60], keypoints=inside)
    (tmp_path / "a.json").write_text(json.dumps(content))
    monkeypatch.setattr(shards, "_FEW", (100, 32))  # one shard
    held, lay_out = [], shards.lay_out
    monkeypatch.setattr(
        shards, "lay_out", lambda *given: held.append(len(given[2])) or lay_out(*given)
    )
    import_coco(tmp_path / "a.json", tmp_path / "images", tmp_path / "out")
    assert held == [16, 16, 8]
    with pq.ParquetFile(tmp_path / "out/data/test-00000-of-00001.parquet") as shard:
        groups = [shard.metadata.row_group(n).num_rows for n in range(shard.num_row_groups)]
    assert groups == held
    split = ffld.load("coco", root=tmp_path / "out")
    np.testing.assert_array_equal(split.image(39), read_photo(tmp_path / "images/39.jpg"))
    monkeypatch.setattr(shards, "MOST_BYTES", 5000)
    with pytest.raises(ffld.DataError, match="from 00.jpg to 15.jpg have .* bytes together"):
        import_coco(tmp_path / "a.json", tmp_path / "images", tmp_path / "again")


def test_the_command_takes_an_orientation(tmp_path, capsys):
    miniature.write_image(tmp_path / "images/one.jpg")
    orient(tmp_path / "images/one.jpg", 6)
    (tmp_path / "a.json").write_text(json.dumps(miniature.coco_content("one.jpg")))
    command = ["import", str(tmp_path / "a.json"), "--images", str(tmp_path / "images")]
    command += ["--out", str(tmp_path / "out")]
    assert main(command) == 2
    assert "--orientation" in capsys.readouterr().err
    assert main([*command, "--orientation", "upright"]) == 0
    assert ffld.load("coco", root=tmp_path / "out").targets.size.tolist() == [list(UPRIGHT)]
