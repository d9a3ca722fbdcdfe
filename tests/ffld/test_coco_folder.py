"""The folder of an import: killed imports go on, foreign files are refused, the rest is skipped."""

import json

import pytest

import ffld
from ffld import shards
from ffld.__main__ import main
from ffld.coco_import import import_coco
from ffld.validate import validate
from tests.ffld import miniature


@pytest.fixture
def ready(tmp_path):
    """A function that imports two skirts into OUT."""
    for name in ("a.jpg", "b.jpg"):
        miniature.write_image(tmp_path / "images" / name)
    (tmp_path / "a.json").write_text(json.dumps(miniature.coco_content("a.jpg", "b.jpg")))

    def run(out, **options):
        return import_coco(tmp_path / "a.json", tmp_path / "images", out, **options)

    return run


def test_a_killed_import_can_be_run_again(ready, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(shards, "write_manifest", None)
        with pytest.raises(TypeError):
            ready(out)
    (out / "data/.test-00001-of-00007.parquet.4711").write_bytes(b"half")
    (out / f".{shards.MANIFEST}.4711").write_bytes(b"half")
    for clutter in (".DS_Store", "data/Thumbs.db", "desktop.ini"):
        (out / clutter).write_bytes(b"")
    assert ready(out).samples == 2
    names = {path.name for path in out.rglob("*") if path.is_file()}
    clutter = {".DS_Store", "Thumbs.db", "desktop.ini"}
    assert names - clutter == {"test-00000-of-00001.parquet", shards.MANIFEST}
    assert len(ffld.load("coco", root=out)) == 2


@pytest.mark.parametrize("name", ["notes.txt", "data/train-00000-of-00001.parquet", "data/x"])
def test_a_folder_with_anything_else_is_refused(ready, tmp_path, name):
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    with pytest.raises(ffld.DataError, match=f"holds {name}, which is not of an import of test"):
        ready(tmp_path / "out")
    with pytest.raises(ffld.DataError, match="is a file; give a folder"):
        ready(path)


def test_shards_of_an_unfinished_build_are_not_taken_for_an_import(ready, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(shards, "write_manifest", None)
        with pytest.raises(TypeError):
            ready(out)
    path = out / "data/test-00000-of-00001.parquet"
    table = shards.pq.read_table(path)
    shards.write(path, [table], {"dataset": "ffld"})
    with pytest.raises(ffld.DataError, match="not of an import of test"):
        ready(out)


def test_what_is_invalid_is_skipped_where_that_is_asked_for(ready, tmp_path, capsys):
    content = miniature.coco_content("a.jpg", "b.jpg", "none.jpg", "a.jpg")
    content["annotations"][3].update(image_id=1, bbox=[60, 1, 2, 2])
    path, out = tmp_path / "b.json", tmp_path / "out"
    path.write_text(json.dumps(content))
    with pytest.raises(ffld.DataError, match=r"none.jpg: cannot be.*at least 4 are.*nothing was"):
        import_coco(path, tmp_path / "images", out)
    command = ["import", str(path), "--images", str(tmp_path / "images"), "--out", str(out)]
    assert main([*command, "--skip-invalid"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("2 samples of coco test")
    assert f"skipped: 2 in all, listed in {out / 'skipped_test.json'}\n" in told.err
    assert ffld.load("coco", root=out).targets.ids.tolist() == ["a#1", "b"]
    skipped = json.loads((out / "skipped_test.json").read_text())
    assert [entry["origin"].partition(": ")[2] for entry in skipped] == [
        "images[2] (id 3)", "annotations[3] (id 4)",
    ]  # fmt: skip
    found = []
    validate(out, tell=found.append)
    assert found == []
    ready(out)
    assert not (out / "skipped_test.json").exists()


def test_where_nothing_is_valid_nothing_is_imported(ready, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(miniature.coco_content("none.jpg")))
    with pytest.raises(ffld.DataError, match="none.jpg: cannot be read"):
        ready(tmp_path / "out", skip_invalid=True)
    assert not (tmp_path / "out").exists()
