"""Images are read once, kept, completed after an interruption, and never kept when stale."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from benchmark import crops as module
from benchmark.crops import Source, cut
from benchmark.settings import SettingsError
from ffld.build import build
from ffld.sample import DataError
from ffld.transforms import apply, crop, translation, warp
from tests.ffld.miniature import SIZE, Row, write_fld


def test_images_are_read_once(dots):
    source = Source("dots", "train")
    first = cut(source, source.open(), 32, margin=4)
    assert dots["train"].reads == len(first) == 48
    assert first.images.shape == (48, 40, 40, 3)
    again = cut(source, source.open(), 32, margin=4)
    assert dots["train"].reads == 48 + 3  # three are compared with what is kept
    np.testing.assert_array_equal(first.images, again.images)


def test_crops_are_what_their_matrices_say(dots):
    split = dots["test"].open()
    kept = cut(Source("dots", "test"), split, 32, margin=6)
    for row in (0, 7):
        matrix = crop(split.targets.box[row], 32)
        np.testing.assert_array_equal(kept.matrices[row], matrix)
        whole = warp(split.image(row), translation(6, 6) @ matrix, 44)
        np.testing.assert_array_equal(kept.images[row], whole)
        bare = warp(split.image(row), matrix, 32)
        inner = kept.images[row][6:-6, 6:-6].astype(int)
        np.testing.assert_allclose(inner, bare, atol=8)  # OpenCV 4 rounds positions to 1/32 pixel
        assert np.nanmax(apply(matrix, split.targets.xy[row])) < 32


def test_an_interrupted_array_is_completed(dots, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 5)
    source, splits = Source("dots", "train"), dots["train"]
    splits.broken = 23
    with pytest.raises(DataError, match="dots/train/000023.jpg is cut off"):
        cut(source, source.open(), 32)
    before = splits.reads
    assert before == 23
    splits.broken = None
    done = cut(source, source.open(), 32)
    assert splits.reads - before == 48 - 20 + 3  # four blocks of five were kept
    expected = [warp(splits.image(row), done.matrices[row], 32) for row in range(48)]
    np.testing.assert_array_equal(done.images, expected)
    assert [path.suffix for path in (module.cache_folder() / "crops").iterdir()] == [".npy"]


def test_worker_processes_give_the_same_crops(monkeypatch, tmp_path):
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "_FEW", 3)
    monkeypatch.setattr(module, "cores", lambda: 2)
    source = Source("fld-procedural", "val", 6)
    split = source.open()
    kept = cut(source, split, 48)
    for row in range(6):
        image = warp(split.image(row), kept.matrices[row], 48)
        np.testing.assert_array_equal(kept.images[row], image)


@pytest.mark.filterwarnings("ignore:fld test")
def test_an_unreadable_image_in_a_worker_is_a_data_error(monkeypatch, tmp_path):
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "_FEW", 1)
    monkeypatch.setattr(module, "cores", lambda: 2)
    root = write_fld(tmp_path / "fld")
    source = Source("fld", "test", root=str(root))
    split = source.open()
    photograph = root / "Img" / f"{split.targets.ids[1]}.jpg"
    photograph.write_bytes(photograph.read_bytes()[:-300])
    with pytest.raises(DataError, match=photograph.name):
        cut(source, split, 48)


def test_another_size_or_split_has_its_own_array(dots):
    for name, size in (("train", 32), ("train", 48), ("val", 32)):
        cut(Source("dots", name), dots[name].open(), size)
    assert len(list((module.cache_folder() / "crops").iterdir())) == 3


def test_changed_images_are_read_again(dots):
    source = Source("dots", "val")
    cut(source, source.open(), 32)
    read = dots["val"].image
    dots["val"].image = lambda row: 255 - read(row)
    changed = cut(source, source.open(), 32)
    split = source.open()
    np.testing.assert_array_equal(changed.images[5], warp(split.image(5), changed.matrices[5], 32))


def arrays():
    return {path.name for path in (module.cache_folder() / "crops").iterdir()}


def test_another_renderer_makes_other_crops(dots, monkeypatch):
    """Also where the three crops that are compared with the images are as they were."""
    source = Source("dots", "val")
    cut(source, source.open(), 32)
    read = dots["val"].image
    dots["val"].image = lambda row: 255 - read(row) if row == 5 else read(row)
    assert len(cut(source, source.open(), 32)) == 12
    assert len(arrays()) == 1  # the code is the same, so nothing but those three is looked at
    monkeypatch.setattr(module, "source_hash", lambda: "another")
    images = cut(source, source.open(), 32).images
    assert len(arrays()) == 2
    matrix = crop(source.open().targets.box[5], 32)
    np.testing.assert_array_equal(images[5], warp(255 - read(5), matrix, 32))


@pytest.mark.filterwarnings("ignore:fld test")
def test_a_photograph_that_changed_makes_other_crops(monkeypatch, tmp_path):
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "cache"))
    rows = [Row(f"img/img_{number:08d}.jpg", "test") for number in range(5)]
    root = write_fld(tmp_path / "fld", rows)
    source = Source("fld", "test", root=str(root))
    before = np.array(cut(source, source.open(), 32).images)
    photograph = root / "Img" / rows[1].name  # neither first nor middle nor last
    stamp = photograph.stat().st_mtime_ns
    Image.new("RGB", SIZE, (200, 30, 30)).save(photograph)
    os.utime(photograph, ns=(stamp, stamp))
    after = cut(source, source.open(), 32).images
    assert not np.array_equal(after[1], before[1])
    np.testing.assert_array_equal(after[[0, 2, 3, 4]], before[[0, 2, 3, 4]])
    os.utime(photograph, ns=(stamp, stamp + 1))
    cut(source, source.open(), 32)
    assert len(arrays()) == 3


def test_a_build_is_known_by_its_manifest_wherever_it_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "cache"))
    name, folder = "fld-procedural", tmp_path / "set"
    build(name, folder, splits=["val"], limit=4, processes=1)

    def count(place):
        source = Source(name, "val", 4, source=str(place))
        cut(source, source.open(), 32)
        return len(arrays())

    assert count(folder) == 1
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert count(moved) == 1
    manifest = moved / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "renderer": "another"}))
    assert count(moved) == 2
    assert count(folder) == 2
    split = Source(name, "val", 4, source=str(folder)).open()
    imported = module._origin(Source("coco", "val", root=str(folder)), split)
    assert imported == module._origin(Source(name, "val", source=str(folder)), split)


def test_a_file_cut_off_is_made_again(dots):
    source = Source("dots", "val")
    kept = np.array(cut(source, source.open(), 32).images)
    (path,) = (module.cache_folder() / "crops").iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    np.testing.assert_array_equal(cut(source, source.open(), 32).images, kept)


def test_too_little_room_is_said_before_reading(dots, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(SettingsError, match="set FFLD_CACHE"):
        cut(Source("dots", "val"), dots["val"].open(), 32)
    assert dots["val"].reads == 0


def test_a_cache_that_cannot_be_made_is_an_error(dots, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FFLD_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(SettingsError, match="cannot make the cache"):
        cut(Source("dots", "val"), dots["val"].open(), 32)


def test_runs_that_need_the_same_crops_wait_for_one_another(dots, capsys):
    """Four at once, as processes would: one makes them, the others find them made."""
    source = Source("dots", "train")
    with ThreadPoolExecutor(4) as pool:
        several = list(pool.map(lambda _: cut(source, source.open(), 32), range(4)))
    expected = np.array(several[0].images)
    for crops in several:
        np.testing.assert_array_equal(crops.images, expected)
    assert dots["train"].reads == 48 + 3 * 3  # and each of the others looked at three


def test_waiting_for_another_run_is_said(dots, capsys):
    source, lock = Source("dots", "val"), FileLock(module.cache_folder() / "crops.lock")
    module.cache_folder().mkdir(parents=True, exist_ok=True)
    lock.acquire()
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(cut, source, source.open(), 32)
        with pytest.raises(TimeoutError):
            pending.result(timeout=1.5)
        lock.release()
        assert len(pending.result()) == 12
    assert "waiting for another run that is making its crops" in capsys.readouterr().err
