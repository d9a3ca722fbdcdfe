"""Building a procedural dataset as Parquet, and opening what was built."""

import importlib.util
import json
import os
import pickle
import shutil
import signal
import warnings
from dataclasses import replace

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ffld
from ffld import shards
from ffld.__main__ import main
from ffld.build import build
from ffld.built import open_built
from ffld.manifest import Manifest
from ffld.validate import validate

NAME, LIMIT, SPLITS = "fld-procedural", 7, ("val", "test")
ARRAYS = ("ids", "xy", "visibility", "garment_type", "box", "size", "rivals")


def make(out, **options):
    return build(NAME, out, **({"splits": SPLITS, "limit": LIMIT, "processes": 1} | options))


def load(out, split="test", **options):
    return ffld.load(NAME, split, source=out, **({"limit": LIMIT} | options))


def contents(out):
    files = (path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("built") / "set"
    make(out)
    return out


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "copy")


def same_labels(found, expected):
    for name in ARRAYS:
        a, b = getattr(found, name), getattr(expected, name)
        assert a.dtype.kind == b.dtype.kind, name
        np.testing.assert_array_equal(a, b, err_msg=name)
    assert found.attributes.keys() == expected.attributes.keys()
    for name, values in expected.attributes.items():
        assert found.attributes[name].tolist() == values.tolist()
    assert (found.dataset, found.split) == (expected.dataset, expected.split)
    assert (found.revision, found.schema) == (expected.revision, expected.schema)


@pytest.mark.parametrize("split", SPLITS)
def test_what_was_built_is_what_is_rendered(whole, split):
    found, expected = load(whole, split), ffld.load(NAME, split, limit=LIMIT)
    assert len(found) == LIMIT
    one = pickle.loads(pickle.dumps(found))[-1]  # as workers of a data loader get it
    same_labels(found.targets, expected.targets)
    np.testing.assert_array_equal(one.xy, expected[-1].xy)
    same_labels(found.select([5, 0, 3]).targets, expected.select([5, 0, 3]).targets)
    for position in range(LIMIT):
        a, b = found.image(position), expected.image(position)
        assert a.shape == b.shape
        assert a.dtype == np.uint8
        assert np.abs(a.astype(int) - b).mean() < 4


def test_rows_are_found_across_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "ROW_GROUP", 2)
    make(tmp_path, splits=["test"], limit=17)
    file = pq.ParquetFile(tmp_path / "data" / "test-00004-of-00005.parquet")
    assert [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)] == [2, 2]
    monkeypatch.undo()
    found, expected = load(tmp_path, limit=17), ffld.load(NAME, "test", limit=17)
    rows = [16, 2, 3, 11, 0, 9]
    same_labels(found.select(rows).targets, expected.select(rows).targets)
    for position in rows:
        assert np.abs(found.image(position).astype(int) - expected.image(position)).mean() < 4


def test_whole_datasets_have_many_shards_and_small_ones_few():
    planned = shards.plan({"train": 120_000, "val": 40_000})
    assert [sum(shard.split == name for shard in planned) for name in ("train", "val")] == [96, 32]
    assert {len(shard) for shard in planned} == {1250}
    assert planned[3].file == "data/train-00003-of-00096.parquet"
    for count in (1, 2, 7, 100, 40_001):
        planned = shards.plan({"test": count})
        rows = [row for shard in planned for row in range(shard.start, shard.stop)]
        assert rows == list(range(count))
        assert min(map(len, planned)) >= min(3, count)


def test_a_smaller_subset_is_the_one_that_rendering_gives(whole):
    same_labels(load(whole, limit=3).targets, ffld.load(NAME, "test", limit=3).targets)
    with pytest.warns(UserWarning, match="built with --limit 7.*a subset"):
        assert len(load(whole, limit=None)) == LIMIT
    with pytest.raises(ffld.DataError, match="built with --limit 7.*limit=8.*leave out source"):
        load(whole, limit=8)


def test_a_limit_that_leaves_a_split_whole_is_none(copy):
    spec = ffld.spec(NAME)
    about = {"dataset": NAME, "revision": spec.revision, "schema": spec.schema}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(open_built(copy, "test", **about, limit=None, whole=LIMIT)) == LIMIT
        assert len(open_built(copy, "test", **about, limit=100, whole=LIMIT)) == LIMIT


def test_a_killed_build_goes_on_and_gives_the_same_bytes(whole, tmp_path, monkeypatch):
    out, written = tmp_path / "out", []
    write = shards.write

    def killed(path, tables, about):
        if written:
            path.write_bytes(b"half")
            raise KeyboardInterrupt
        written.append(path)
        write(path, tables, about)

    monkeypatch.setattr(shards, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        make(out)
    assert list(contents(out)) == ["data/val-00000-of-00002.parquet"]
    (out / "data" / ".val-00001-of-00002.parquet.4711").write_bytes(b"half")

    def counted(path, tables, about):
        written.append(path)
        write(path, tables, about)

    monkeypatch.setattr(shards, "write", counted)
    with pytest.raises(ffld.DataError, match="no finished build.*python -m ffld build"):
        load(out)
    make(out)
    assert len(written) == 4
    assert contents(out) == contents(whole)


def build_or_die(out, moment):
    """A build in a process of its own, killed at the moment-th of its steps; whether it was."""
    calls = iter(range(1000))

    def deadly(step):
        def run(*arguments, **options):
            if next(calls) == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*arguments, **options)

        return run

    child = os.fork()
    if child == 0:
        try:
            # a row group is to be rendered; a shard to be written, to be hashed, to be renamed
            shards.make_table = deadly(shards.make_table)
            shards.pq.ParquetWriter = deadly(shards.pq.ParquetWriter)
            shards.digest = deadly(shards.digest)
            os.replace = deadly(os.replace)
            make(out)
            os._exit(0)
        finally:
            os._exit(70)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_build_killed_at_random_moments_ends_as_one_that_was_not(whole, tmp_path):
    """Killed over and over in one folder, at moments that a seed draws."""
    moments = np.random.default_rng(5).integers(0, 12, 6).tolist()
    killed = [build_or_die(tmp_path, moment) for moment in moments]
    assert sum(killed) >= 3
    assert not build_or_die(tmp_path, -1)
    assert contents(tmp_path) == contents(whole)


def test_parts_make_the_same_files_as_one_build(whole, tmp_path):
    first = make(tmp_path, part=(1, 2))
    assert len(first.missing) == 2
    assert not (tmp_path / "manifest.json").exists()
    last = make(tmp_path, part=(2, 2))
    assert (last.missing, last.samples, last.shards) == ((), 2 * LIMIT, 4)
    assert contents(tmp_path) == contents(whole)
    with pytest.raises(ffld.DataError, match="3/2 doesn't exist"):
        make(tmp_path, part=(3, 2))


def test_splits_can_be_added_later(whole, tmp_path):
    make(tmp_path, splits=["test"])
    with pytest.raises(ffld.DataError, match="built without val; it has test.*--splits val"):
        load(tmp_path, "val")
    make(tmp_path, splits=["val"], processes=2)
    assert contents(tmp_path) == contents(whole)


@pytest.mark.parametrize("finished", [True, False])
def test_damaged_shards_are_found_and_mended(copy, whole, finished):
    load(copy)
    shard = copy / "data" / "test-00001-of-00002.parquet"
    damage(shard)
    with pytest.raises(
        ffld.DataError, match=r"test-00001.*is damaged.*Mend it with python -m ffld"
    ):
        load(copy)
    load(copy, "val")
    # as a disk that fails would, without a trace in the file's time
    other = copy / "data" / "val-00000-of-00002.parquet"
    times = (other.stat().st_atime_ns, other.stat().st_mtime_ns)
    sound = other.read_bytes()
    damage(other)
    os.utime(other, ns=times)
    with pytest.raises(ffld.DataError, match=r"val-00000.*can't be read.*build again"):
        [sample.image for sample in load(copy, "val")]
    other.write_bytes(sound)
    assert len([sample.image for sample in load(copy, "val")]) == LIMIT
    if not finished:
        (copy / "manifest.json").unlink()
    make(copy)
    assert contents(copy) == contents(whole)
    shard.unlink()
    with pytest.raises(ffld.DataError, match=r"test-00001-of-00002\.parquet is missing"):
        load(copy)
    shard.write_bytes(b"PAR1")
    with pytest.raises(ffld.DataError, match=r"has 4 bytes in place of"):
        load(copy)


def test_other_datasets_and_schemas_are_refused(copy):
    with pytest.raises(ffld.DataError, match=r"manifest\.json is of dataset fld-proc.*, not ffld"):
        ffld.load("ffld", "test", source=copy)
    with pytest.raises(ffld.DataError, match="no split 'dev'"):
        load(copy, "dev")
    with pytest.raises(ffld.DataError, match="no sealed test set: leave out key"):
        load(copy, key="secret")
    with pytest.raises(ffld.DataError, match=r"1\.1, not fld-procedural-1\.1\+.*give the folder"):
        load(copy, dials={"company": 0})
    with pytest.raises(ffld.DataError, match="pass the folder of your copy as root"):
        ffld.load("fld", source=copy)
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, match in (("schema", "of schema 0, not"), ("revision", "of revision 0, not")):
        path.write_text(json.dumps(manifest | {name: "0"}))
        with pytest.raises(ffld.DataError, match=match):
            load(copy)
    path.write_text("{")
    with pytest.raises(ffld.DataError, match="not the manifest of a build"):
        load(copy)


def test_builds_that_cannot_be_are_refused(copy, tmp_path):
    with pytest.raises(ffld.DataError, match="no split 'dev'; it has train, val, test"):
        make(tmp_path / "a", splits=["dev"])
    with pytest.raises(ffld.DataError, match="photographs"):
        build("fld", tmp_path / "a")
    with pytest.raises(ffld.DataError, match="limit 7 and not 6"):
        make(copy, limit=6)
    (copy / "manifest.json").unlink()
    with pytest.raises(ffld.DataError, match="which isn't of this build"):
        make(copy, limit=12)
    with pytest.raises(ffld.DataError, match="limit 7 and not 6"):
        make(copy, limit=6)
    first, second = sorted((copy / "data").glob("test-*"))
    shutil.copy(first, second)
    with pytest.raises(ffld.DataError, match="is of file data/test-00000.* and not data/test-0000"):
        make(copy)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    with pytest.raises(ffld.DataError, match=r"holds letter\.txt.*new or empty"):
        make(foreign)
    assert list(contents(foreign)) == ["letter.txt"]
    with pytest.raises(ffld.DataError, match="is a file"):
        make(foreign / "letter.txt")


def test_what_is_built_with_dials_is_opened_with_them(tmp_path):
    dials, split = {"company": 0, "calm": {"consumer": 1, "shop": 1}}, {"splits": ["test"]}
    made = make(tmp_path, dials=dials, **split)
    expected = ffld.load(NAME, "test", limit=LIMIT, dials=dials).targets
    assert made.revision == expected.revision != ffld.spec(NAME).revision
    same_labels(load(tmp_path, dials=dials).targets, expected)
    assert validate(tmp_path).sound
    there = contents(tmp_path)
    make(tmp_path, dials=dials, **split)
    assert contents(tmp_path) == there
    with pytest.raises(
        ffld.DataError, match=r"give --dial company=0 --dial 'calm=.*built with, or"
    ):
        load(tmp_path)
    with pytest.raises(ffld.DataError, match=r"Add it with .* --dial company=0 .* --splits val"):
        load(tmp_path, "val", dials=dials)
    with pytest.raises(ffld.DataError, match=r"is of revision .*\+.* and not fld-procedural-1\.1"):
        make(tmp_path)
    with pytest.raises(ffld.DataError, match="with dials turned .* build without --dial"):
        Manifest.parse((tmp_path / "manifest.json").read_text(), tmp_path).edition(tmp_path)


def test_dials_that_a_manifest_cannot_state_are_refused(copy, tmp_path):
    zoom = {"consumer": {(0.3, 0.6): 1.0}, "shop": {(0.3, 0.6): 1.0}}
    with pytest.raises(ffld.DataError, match="can't be built with: .* as JSON"):
        make(tmp_path / "a", dials={"zoom": zoom})
    with pytest.raises(ffld.DataError, match=r"is of revision fld-procedural-1\.1, not .*\+"):
        load(copy, dials={"zoom": zoom})
    with pytest.raises(ffld.DataError, match="no dial pose"):
        make(tmp_path / "a", dials={"pose": 1})
    with pytest.raises(ffld.DataError, match="is of revision fld.* and not"):
        make(copy, dials={"company": 0})
    path = copy / "manifest.json"
    for wrong in ({"pose": 1}, {"company": [0]}, "photographs", 3):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"dials": wrong}))
        assert validate(copy).counts["manifest"] == 1


def test_what_file_managers_leave_is_nobody_s(copy, whole):
    (copy / "manifest.json").unlink()
    for litter in (".DS_Store", "data/Thumbs.db", "desktop.ini"):
        (copy / litter).write_bytes(b"of a file manager")
    make(copy)
    assert (copy / "manifest.json").read_bytes() == (whole / "manifest.json").read_bytes()
    assert len(load(copy)) == LIMIT


@pytest.mark.parametrize("finished", [True, False])
def test_a_build_is_not_gone_on_with_by_another_opencv(copy, finished, monkeypatch):
    if not finished:
        (copy / "manifest.json").unlink()
        (copy / "data" / "test-00001-of-00002.parquet").unlink()
    there = contents(copy)
    monkeypatch.setattr(cv2, "__version__", "1.2.3")
    with pytest.raises(ffld.DataError, match=r"is of opencv .* and not 1\.2\.3; choose another"):
        make(copy)
    assert contents(copy) == there


def test_sets_that_state_no_opencv_are_read_and_checked_but_not_gone_on_with(copy):
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest.pop("opencv") == cv2.__version__
    path.write_text(json.dumps(manifest))
    same_labels(load(copy).targets, ffld.load(NAME, "test", limit=LIMIT).targets)
    assert validate(copy).sound
    with pytest.raises(ffld.DataError, match="is of opencv unknown and not"):
        make(copy, splits=["train"])


def test_command(tmp_path, capsys):
    options = ["--dataset", NAME, "--splits", "test", "--limit", "2", "--processes", "1"]
    command = ["build", "--out", str(tmp_path), *options]
    assert main(command) == 0
    assert "2 samples of fld-procedural-1.1, " in capsys.readouterr().out
    study = [*command[:1], "--out", str(tmp_path / "study"), *options, "--dial", "company=0"]
    assert main(study) == 0
    assert "2 samples of fld-procedural-1.1+" in capsys.readouterr().out
    assert main([*command, "--splits", "dev"]) == 2
    assert "no split 'dev'" in capsys.readouterr().err


def test_shards_stream_and_say_what_they_are(whole):
    file = pq.ParquetFile(whole / "data" / "test-00000-of-00002.parquet")
    about = json.loads(file.schema_arrow.metadata[b"ffld"])
    assert about["dataset"] == NAME
    assert about["limit"] == LIMIT
    assert file.metadata.row_group(0).num_rows <= shards.ROW_GROUP


@pytest.mark.skipif(not importlib.util.find_spec("datasets"), reason="datasets isn't installed")
@pytest.mark.parametrize("streaming", [False, True])
def test_the_datasets_library_reads_it(whole, tmp_path, streaming):
    import datasets

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = datasets.load_dataset(
            str(whole), split="test", cache_dir=str(tmp_path), streaming=streaming
        )
    assert isinstance(read.features["image"], datasets.Image)
    assert read.features["garment_type"].names == list(ffld.spec(NAME).schema.type_names)
    expected = load(whole)
    for row, sample in zip(read, expected, strict=True):
        assert row["id"] == sample.id
        assert row["image"].size == sample.image.shape[1::-1]
        assert read.features["garment_type"].int2str(row["garment_type"]) == sample.garment_type
        np.testing.assert_array_equal(np.array(row["xy"], float), sample.xy)
        np.testing.assert_array_equal(row["visibility"], sample.visibility)
        assert row["style"] == sample.attributes["style"]


def test_tables_that_are_written_one_by_one_give_the_bytes_of_one(tmp_path):
    split = ffld.load(NAME, limit=shards.ROW_GROUP + 3)
    parts = [range(shards.ROW_GROUP), range(shards.ROW_GROUP, len(split))]
    tables = [shards.make_table(split.select(part)) for part in parts]
    shards.write(tmp_path / "whole", [pa.concat_tables(tables)], {"file": "one"})
    shards.write(tmp_path / "parts", iter(tables), {"file": "one"})
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()


def test_no_attribute_takes_the_place_of_a_column():
    targets = ffld.load(NAME, limit=1).targets
    named = replace(targets, attributes={"size": np.array(["M"])})
    with pytest.raises(ffld.DataError, match="attributes size are named like a column"):
        shards.lay_out(named, ["a.jpg"], [b""])
