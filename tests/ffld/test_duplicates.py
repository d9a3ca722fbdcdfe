"""Near-duplicates between splits: planted ones are found, others aren't, the search misses none."""

from functools import partial

import cv2
import numpy as np
import pytest

import ffld
from ffld import duplicates
from ffld.__main__ import main
from ffld.duplicates import Pair, contact_sheet, near_duplicates, perceptual_hash, table
from ffld.sample import Split


@pytest.fixture(scope="module")
def rendered():
    split = ffld.load("fld-procedural", "train", limit=9)
    images = [split.image(row) for row in range(9)]
    images[3] = clouds(images[3].shape)  # whose hash a shift is sure to change
    return images, split.targets


def clouds(shape):
    coarse = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (14, 14, 3), np.uint8)
    return cv2.resize(coarse, shape[1::-1], interpolation=cv2.INTER_CUBIC)


def as_split(name, images, targets, rows, garments=False) -> Split:
    """With `garments` the first two samples are of one image."""
    ids = [f"{name}/{number}" for number in range(len(rows))]
    if garments:
        ids[:2] = [f"{name}/0#1", f"{name}/0#2"]
    chosen = targets.select(rows)
    return Split(
        dataset="planted",
        split=name,
        schema=chosen.schema,
        ids=ids,
        annotate=partial(_select, chosen),
        read_image=images.__getitem__,
    )


def _select(targets, rows):
    return targets.select(list(rows))


def compressed(image, quality=40):
    return cv2.imdecode(cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))[1], 1)


def darker(image):
    return (image * 0.75).astype(np.uint8)


def shifted(image):
    matrix = np.float32([[1, 0, 0.012 * image.shape[1]], [0, 1, -0.012 * image.shape[0]]])
    border = cv2.BORDER_REPLICATE
    return cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=border)


@pytest.fixture(scope="module")
def splits(rendered):
    images, targets = rendered
    planted = [compressed(images[1]), darker(images[2]), shifted(images[3]), images[0].copy()]
    a = as_split("train", images[:5], targets, [0, 1, 2, 3, 4])
    b = as_split("test", [*planted, *images[5:]], targets, [1, 2, 3, 0, 5, 6, 7, 8])
    return a, b


def test_planted_duplicates_are_found_and_nothing_else(splits):
    pairs = near_duplicates(*splits)
    assert {pair.rows for pair in pairs} == {(0, 3), (1, 0), (2, 1), (3, 2)}
    first = pairs[0]
    assert (first.identical, first.distance) == (True, 0)
    assert [pair.identical for pair in pairs[1:]] == [False] * 3
    distances = [pair.distance for pair in pairs]
    assert distances == sorted(distances)


def test_identical_images_are_found_with_any_boxes(rendered):
    images, targets = rendered
    small = targets.select([0])
    x, y = small.box[0, :2]
    small.box[0] = x, y, x + 8, y + 8
    one = as_split("train", images[:1], targets, [0])
    other = as_split("test", [images[0].copy()], small, [0])
    (pair,) = near_duplicates(one, other, correlation=1.0)
    assert pair.identical
    assert pair.correlation < 1


def test_garments_of_one_image_are_one_image(rendered, monkeypatch, capsys):
    """Two garments of each: four pairs of samples, and one of images."""
    images, targets = rendered
    splits = {
        name: as_split(name, [images[0]] * 2 + [images[row]], targets, [0, 0, row], garments=True)
        for name, row in (("train", 4), ("test", 5))
    }
    (pair,) = near_duplicates(*splits.values())
    assert pair.identical
    monkeypatch.setattr(ffld, "load", lambda name, split, **options: splits[split])
    assert main(["duplicates"]) == 0
    said = "2 images of train against 2 of test: 1 identical pairs, 0 near ones"
    assert said in capsys.readouterr().out


def test_an_image_is_read_once_for_all_of_its_garments(rendered, monkeypatch):
    images, targets = rendered
    shown = [images[0], images[0], images[1]]
    split = as_split("train", shown, targets, [0, 4, 1], garments=True)
    expected = [duplicates.look(one.image, one.box) for one in split]
    read = []
    monkeypatch.setattr(split, "image", lambda row: read.append(row) or shown[row])
    found = duplicates._some(split, targets.box[[0, 4, 1]])
    assert read == [0, 2]
    for one, other in zip(found, expected, strict=True):
        assert (one.hash, one.digest) == (other.hash, other.digest)
        np.testing.assert_array_equal(one.crop, other.crop)


def test_thresholds_decide(splits):
    shifted_pair = (3, 2)
    assert shifted_pair not in {pair.rows for pair in near_duplicates(*splits, distance=0)}
    strict = near_duplicates(*splits, correlation=0.9999)
    assert shifted_pair not in {pair.rows for pair in strict}


@pytest.mark.parametrize("thresholds", [{"distance": 17}, {"distance": -1}, {"correlation": 1.1}])
def test_thresholds_out_of_range(splits, thresholds):
    with pytest.raises(ffld.DataError, match="give a number"):
        near_duplicates(*splits, **thresholds)


def test_the_hash_ignores_brightness_and_sees_structure(rendered):
    dark = rendered[0][4] // 2
    hashes = [perceptual_hash(image) for image in (dark, dark + 60, dark[:, ::-1].copy())]
    assert (hashes[0] ^ hashes[1]).bit_count() <= 2
    assert (hashes[0] ^ hashes[2]).bit_count() > 16


@pytest.mark.parametrize("distance", [0, 3, 8])
def test_the_search_finds_what_a_loop_finds(monkeypatch, distance):
    monkeypatch.setattr(duplicates, "_ROOM", 4096)  # several portions
    draw = np.random.Generator(np.random.PCG64(0))
    a = draw.integers(0, 2**64, 300, np.uint64)
    b = draw.integers(0, 2**64, 200, np.uint64)
    for row in range(120):  # neighbours at 0 to 11 bits
        flips = draw.choice(64, row % 12, replace=False)
        b[row] = a[row] ^ np.uint64(sum(1 << int(bit) for bit in flips))
    b[150:160] = a[5]  # many in one bucket
    slow = {(i, j): (int(p) ^ int(q)).bit_count() for i, p in enumerate(a) for j, q in enumerate(b)}
    slow = {pair: bits for pair, bits in slow.items() if bits <= distance}
    found = {
        pair: bits
        for i, j, far in duplicates._close(a, b, distance)
        for pair, bits in zip(zip(i.tolist(), j.tolist(), strict=True), far.tolist(), strict=True)
    }
    assert found == slow
    assert len(found) >= 20


def test_pairs_as_a_table_and_as_a_sheet(splits):
    pairs = [Pair("train/1", "test/0", (1, 0), 2, 0.98765, False),
             Pair("train/0", "test/3", (0, 3), 0, 1.0, True)]  # fmt: skip
    lines = table(pairs).splitlines()
    assert lines[1].split() == ["2", "0.988", "train/1", "test/0"]
    assert lines[2].split() == ["0", "identical", "train/0", "test/3"]
    assert contact_sheet(*splits, pairs, side=60).shape == (78, 240, 3)


def test_command(splits, monkeypatch, capsys, tmp_path):
    opened = dict(zip(("train", "test"), splits, strict=True))
    monkeypatch.setattr(ffld, "load", lambda name, split, **options: opened[split])
    out = tmp_path / "pairs.png"
    assert main(["duplicates", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "5 images of train against 8 of test: 1 identical pairs, 3 near ones" in printed
    assert cv2.imread(str(out)).shape == (2 * 258, 4 * 240, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--splits", "val", "val"], "names val twice"),
        (["--splits", "train", "tset"], "has no split 'tset'"),
        (["--out", "pairs.xyz"], "cannot write '.xyz' pictures"),
        (["--dataset", "fld"], "your own copy"),
        (["--limit", "0"], "it must be at least 1"),
        (["--limit", "2", "--distance", "40"], "from 0 to 16"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, capsys):
    assert main(["duplicates", *arguments]) == 2
    assert message in capsys.readouterr().err
