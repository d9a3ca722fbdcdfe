"""Image files of a user's copy: sizes, decoding, and what is wrong with them."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import ffld
from ffld import DataError
from ffld.datasets import _photographs
from tests.ffld.miniature import FLD_ROWS, Row, write_fld

pytestmark = pytest.mark.filterwarnings("ignore:fld ")  # every miniature is incomplete

ONE = Row("img/img_00000001.jpg")
TWO = Row("img/img_00123059.jpg")


def load(root):
    return ffld.load("fld", root=root)


def test_boxes_without_area_are_listed_when_they_are_needed(tmp_path):
    beside = Row("img/img_00000003.jpg", box=(60, 1, 70, 9))
    rows = [ONE, replace(TWO, box=(30, 5, 20, 9)), beside]
    write_fld(tmp_path, rows)
    split = load(tmp_path)
    assert split[0].id == "img/img_00000001"
    with pytest.raises(DataError, match=r"list_bbox.txt:4: the box \[29.0, 4.0, 20.0") as caught:
        _ = split.targets
    assert "list_bbox.txt:5" in str(caught.value)


def test_a_truncated_image_is_named(tmp_path):
    write_fld(tmp_path, [ONE, TWO])
    path = tmp_path / "Img" / TWO.name
    path.write_bytes(path.read_bytes()[:-200])
    split = load(tmp_path)
    with pytest.raises(DataError, match=r"img_00123059.jpg: cannot be read .*unpack it again"):
        split.image(1)


def test_files_that_are_no_images_are_listed_at_once(tmp_path):
    write_fld(tmp_path, [ONE, TWO])
    for row in (ONE, TWO):
        (tmp_path / "Img" / row.name).write_text("<html>404</html>")
    with pytest.raises(DataError, match=r"img_00000001.jpg: .*img_00123059.jpg: "):
        _ = load(tmp_path).targets


@pytest.mark.parametrize("mode", ["L", "CMYK", "P"])
def test_every_colour_mode_becomes_rgb(tmp_path, mode):
    write_fld(tmp_path, [ONE])
    path = tmp_path / "Img" / ONE.name
    Image.new("RGB", (48, 64), (204, 102, 51)).convert(mode).save(
        path, format="PNG" if mode == "P" else "JPEG"
    )
    image = load(tmp_path)[0].image
    assert image.shape == (64, 48, 3)
    assert image.dtype == np.uint8
    expected = 127 if mode == "L" else (204, 102, 51)
    assert np.abs(image.astype(int) - expected).max() <= 3


def test_the_orientation_tag_is_ignored(tmp_path):
    write_fld(tmp_path, [ONE])
    path = tmp_path / "Img" / ONE.name
    with Image.open(path) as image:
        tags = image.getexif()
        tags[0x0112] = 6  # "rotate by a quarter to show"
        image.copy().save(path, exif=tags)
    split = load(tmp_path)
    assert split.targets.size.tolist() == [[48, 64]]
    assert split.image(0).shape == (64, 48, 3)


def test_only_the_headers_that_are_asked_for_are_read(tmp_path, monkeypatch):
    split = load(write_fld(tmp_path))
    opened = []
    header = _photographs.image_size
    monkeypatch.setattr(
        _photographs, "image_size", lambda path: opened.append(path) or header(path)
    )
    _ = split[1]
    assert opened == [str(tmp_path / "Img" / FLD_ROWS[7].name)]


def test_a_split_can_be_sent_to_another_process(tmp_path):
    split = load(write_fld(tmp_path))
    copy = pickle.loads(pickle.dumps(split))
    np.testing.assert_array_equal(copy.targets.xy, split.targets.xy)
    np.testing.assert_array_equal(copy[2].image, split[2].image)


def test_a_progress_bar_is_shown_for_many_files_only(monkeypatch, capfd):
    monkeypatch.setattr(_photographs, "_QUIET", 3)
    assert list(_photographs.progress([1, 2, 3], "few")) == [1, 2, 3]
    assert list(_photographs.progress([1, 2, 3, 4], "many")) == [1, 2, 3, 4]
    out, err = capfd.readouterr()
    assert out == ""
    assert "many" in err
    assert "few" not in err
