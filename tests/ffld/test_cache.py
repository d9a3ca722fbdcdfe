"""The cache: what is kept comes back, what is broken is made again."""

from pathlib import Path

import numpy as np
import pytest

from ffld.cache import cache_folder, keep_arrays, load_arrays


def test_the_folder_is_the_users_unless_told(monkeypatch):
    monkeypatch.setenv("FFLD_CACHE", "/somewhere/else")
    assert cache_folder() == Path("/somewhere/else")
    monkeypatch.delenv("FFLD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert cache_folder() == Path("/cache/ffld")


def test_arrays_come_back(tmp_path):
    path = tmp_path / "deep" / "kept.npz"
    assert load_arrays(path) is None
    keep_arrays(path, {"xy": np.arange(6.0).reshape(3, 2), "ids": np.array(["a", "b"])})
    kept = load_arrays(path)
    assert kept["xy"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert kept["ids"].tolist() == ["a", "b"]
    assert [p.name for p in path.parent.iterdir()] == ["kept.npz"]


@pytest.mark.parametrize("content", [b"", b"no zip", None], ids=["empty", "other", "cut off"])
def test_a_broken_file_is_as_good_as_none(tmp_path, content):
    path = tmp_path / "kept.npz"
    keep_arrays(path, {"xy": np.zeros(1000)})
    path.write_bytes(path.read_bytes()[:100] if content is None else content)
    assert load_arrays(path) is None


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.warns(UserWarning, match="set FFLD_CACHE"):
        keep_arrays(tmp_path / "file" / "kept.npz", {"xy": np.zeros(2)})


def test_a_damaged_byte_is_never_an_error(tmp_path):
    """Errors come from zipfile, zlib or NumPy, as it is a header, a compressed block or a shape."""
    path = tmp_path / "kept.npz"
    values = np.random.default_rng(0).normal(size=(30, 2)).round(1)
    keep_arrays(path, {"xy": values})
    sound = path.read_bytes()
    for at in range(0, len(sound), 2):
        for bit in (1, 8, 64):
            path.write_bytes(sound[:at] + bytes([sound[at] ^ bit]) + sound[at + 1 :])
            kept = load_arrays(path)
            assert kept is None or "xy" not in kept or np.array_equal(kept["xy"], values)
