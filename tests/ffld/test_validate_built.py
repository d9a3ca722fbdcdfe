"""Validation of built sets: manifest, files, tables, rows and images; hostile ones do no harm."""

import json
import shutil

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ffld import shards
from ffld.build import build
from ffld.validate import tables, validate

NAME = "fld-procedural"
TEST = "data/test-00000-of-00002.parquet"
OTHER = "data/test-00001-of-00002.parquet"
VAL = "data/val-00000-of-00002.parquet"
IMAGES = {"image-undecodable", "image-size", "image-identical", "image-near-duplicate"}


def problems(folder, images="duplicates"):
    found = []
    validate(folder, images=images, tell=found.append)
    return found


def told(found):
    return {(problem.rule, problem.file, problem.row) for problem in found}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("validate") / "set"
    build(NAME, out, splits=("val", "test"), limit=7, processes=1)
    return out


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "copy")


def rewrite(folder, file, change, **options):
    """Change the table of a shard, and the manifest so that it agrees."""
    path = folder / file
    table = change(pq.read_table(path))
    pq.write_table(table, path, **({"row_group_size": 16} | options))
    edit_entry(folder, file, bytes=path.stat().st_size, sha256=shards.digest(path))


def edit_entry(folder, which, **changes):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for split in manifest["splits"].values():
        for entry in split["shards"]:
            if entry["file"] == which:
                entry.update(changes)
    path.write_text(json.dumps(manifest))


def edit_manifest(folder, change):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def with_values(name, edit):
    """A change of a table: one column's values, as an array of its shape, edited in place."""

    def change(table):
        kind = table.schema.field(name).type
        shape, inner = [len(table)], kind
        while pa.types.is_fixed_size_list(inner):
            shape.append(inner.list_size)
            inner = inner.value_type
        values = np.array(table[name].to_pylist(), object).reshape(shape)
        edit(values)
        column = pa.array(values.tolist(), kind)
        return table.set_column(table.column_names.index(name), name, column)

    return change


def replaced_image(row, data):
    def change(table):
        images = table["image"].to_pylist()
        images[row] = {**images[row], "bytes": data(images)}
        column = pa.array(images, table.schema.field("image").type)
        return table.set_column(0, "image", column)

    return change


@pytest.mark.parametrize("images", ["none", "header", "decode", "duplicates"])
def test_a_sound_set_has_no_problem(whole, images):
    found = []
    report = validate(whole, images=images, tell=found.append)
    assert (found, report.samples, report.sound) == ([], 14, True)


@pytest.mark.parametrize(
    ("column", "place", "value", "rule"),
    [
        ("visibility", (1, 0), 7, "visibility-code"),
        ("garment_type", (1,), 99, "type-unknown"),
        ("garment_type", (1,), -1, "type-unknown"),
        ("box", (1, 0), float("inf"), "box-not-finite"),
        ("box", (1, 2), -5.0, "box-inverted"),
        ("box", (1, 2), 1e6, "box-outside"),
        ("size", (1, 0), 0, "size-invalid"),
        ("id", (1,), "", "id-empty"),
        ("id", (1,), "../../x", "id-unsafe"),
        ("id", (1,), "/x#1", "id-unsafe"),
        ("id", (1,), None, "column-null"),
    ],
)
def test_a_wrong_value_is_found_in_its_row(copy, column, place, value, rule):
    def edit(values):
        values[place] = value

    rewrite(copy, TEST, with_values(column, edit))
    assert (rule, TEST, "1") in told(problems(copy, "none"))


def test_wrong_landmarks_are_found_and_named(copy):
    table = pq.read_table(copy / TEST)
    visibility = np.array(table["visibility"].to_pylist())
    row, seen = np.argwhere(visibility == 2)[0].tolist()
    _, absent = np.argwhere(visibility[[row]] == 0)[0].tolist() if (
        visibility[row] == 0).any() else (0, None)  # fmt: skip

    def edit(values):
        values[row, seen] = (float("nan"), 5.0)
        if absent is not None:
            values[row, absent] = (5.0, 5.0)

    rewrite(copy, TEST, with_values("xy", edit))
    found = problems(copy, "none")
    rules = {"coordinate-missing"} | ({"coordinate-of-absent"} if absent is not None else set())
    assert {p.rule for p in found} >= rules
    name = [p for p in found if p.rule == "coordinate-missing"][0].found
    assert name == f"(nan, 5) at {shards_schema().landmarks[seen]}"


def shards_schema():
    import ffld

    return ffld.spec(NAME).schema


def test_landmarks_that_the_type_lacks_are_found(copy):
    def edit(values):
        values[0] = shards_schema().type_index("upper")

    def all_visible(values):
        values[0] = 2

    rewrite(copy, TEST, with_values("garment_type", edit))
    rewrite(copy, TEST, with_values("visibility", all_visible))
    found = [p for p in problems(copy, "none") if p.rule == "not-owned"]
    assert [(p.row, p.found) for p in found] == [("0", "2 at left_waistline, 2 at right_waistline")]


def test_ids_that_come_twice_are_found_across_shards_and_splits(copy):
    first = pq.read_table(copy / VAL)["id"][2].as_py()

    def edit(values):
        values[1] = first

    rewrite(copy, TEST, with_values("id", edit))
    found = [p for p in problems(copy, "none") if p.rule == "id-duplicate"]
    assert [(p.file, p.row, p.sample) for p in found] == [(TEST, "1", first)]
    assert found[0].found == f"it is there already, in {VAL} row 2"


def test_every_fault_of_images_is_found(copy):
    flipped = cv2.imencode(".png", np.zeros((5, 7, 3), np.uint8))[1].tobytes()
    rewrite(copy, TEST, replaced_image(0, lambda images: b"no picture"))
    rewrite(copy, TEST, replaced_image(1, lambda images: images[1]["bytes"][:-300]))
    rewrite(copy, TEST, replaced_image(2, lambda images: flipped))
    copied = pq.read_table(copy / VAL)["image"][0].as_py()["bytes"]
    rewrite(copy, OTHER, replaced_image(0, lambda images: copied))
    pixels = cv2.imdecode(np.frombuffer(copied, np.uint8), cv2.IMREAD_COLOR)
    near = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, 70))[1].tobytes()
    rewrite(copy, OTHER, replaced_image(1, lambda images: near))
    box = pq.read_table(copy / VAL)["box"][0].as_py()  # near ones have to show the same garment

    def edit(values):
        values[1] = box

    rewrite(copy, OTHER, with_values("box", edit))
    found = {(p.rule, p.file, p.row) for p in problems(copy) if p.rule in IMAGES}
    assert found >= {
        ("image-undecodable", TEST, "0"),
        ("image-undecodable", TEST, "1"),
        ("image-size", TEST, "2"),
        ("image-identical", VAL, "0"),
        ("image-near-duplicate", VAL, "0"),
    }
    headers = {(p.rule, p.row) for p in problems(copy, "header") if p.file == TEST}
    assert headers == {("image-undecodable", "0"), ("image-size", "2")}


def test_columns_of_another_layout_are_found(copy):
    rewrite(copy, TEST, lambda table: table.drop_columns(["box"]))
    floats = pa.list_(pa.float32(), 4)
    rewrite(
        copy,
        OTHER,
        lambda t: t.set_column(t.column_names.index("box"), "box", t["box"].cast(floats)),
    )
    rewrite(copy, VAL, lambda table: table.replace_schema_metadata({}))
    assert told(problems(copy, "none")) == {
        ("column-missing", TEST, ""),
        ("column-type", OTHER, ""),
        ("metadata", VAL, ""),
    }


def test_every_fault_of_files_is_found_and_none_hides_another(copy):
    data = copy / "data"
    (copy / TEST).unlink()
    (copy / OTHER).write_bytes((copy / OTHER).read_bytes()[:-100])
    damaged = bytearray((copy / VAL).read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    (copy / VAL).write_bytes(bytes(damaged))
    (data / "stray.parquet").write_bytes(b"PAR1")
    (data / "model.pkl").write_bytes(b"cos\nsystem\n")
    (data / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")  # which file managers leave: not found
    edit_manifest(copy, lambda m: m.update(revision="fld-procedural-9", schema="0" * 16))
    edit_manifest(copy, lambda m: m["splits"]["val"].update(count=8))
    edit_entry(copy, "data/val-00001-of-00002.parquet", count=1)
    found = told(problems(copy, "none"))
    assert found >= {
        ("file-missing", TEST, ""),
        ("file-size", OTHER, ""),
        ("file-unreadable", OTHER, ""),
        ("file-hash", VAL, ""),
        ("file-unexpected", "data/stray.parquet", ""),
        ("file-unexpected", "data/model.pkl", ""),
        ("revision", "manifest.json", ""),
        ("fingerprint", "manifest.json", ""),
        ("count", "manifest.json", ""),
        ("count", "data/val-00001-of-00002.parquet", ""),
    }
    assert not any(".DS_Store" in where for _, where, _ in found)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", "manifest"),
        ("[1, 2]", "manifest"),
        ("[" * 100_000, "manifest"),
        ('{"dataset": "nobody", "splits": {"test": 1}}', "manifest"),
        ('{"dataset": ["a"], "splits": []}', "manifest"),
        (None, "file-missing"),
    ],
)
def test_manifests_that_are_none_are_said_to_be(copy, text, rule):
    if text is None:
        (copy / "manifest.json").unlink()
    else:
        (copy / "manifest.json").write_text(text)
    assert (rule, "manifest.json", "") in told(problems(copy, "none"))


def test_without_a_manifest_the_shards_are_checked_all_the_same(copy):
    (copy / "manifest.json").unlink()

    def edit(values):
        values[1, 0] = 7

    rewritten = copy / TEST
    table = with_values("visibility", edit)(pq.read_table(rewritten))
    pq.write_table(table, rewritten)
    assert {p.rule for p in problems(copy, "none")} >= {"file-missing"}


def test_hostile_sets_do_no_harm(copy, tmp_path, monkeypatch):
    secret = tmp_path / "secret.parquet"
    shutil.copy(copy / TEST, secret)
    (copy / TEST).unlink()
    (copy / TEST).symlink_to(secret)
    edit_entry(copy, OTHER, file="../secret.parquet")
    monkeypatch.setattr(tables, "MOST_BYTES", 1 << 20)
    bomb = b"\0" * (4 << 20)
    rewrite(copy, VAL, replaced_image(0, lambda images: bomb), compression="zstd")
    before = secret.read_bytes()
    found = problems(copy, "header")
    assert told(found) >= {
        ("file-outside", TEST, ""),
        ("file-outside", "manifest.json", ""),
        ("file-too-large", VAL, ""),
    }
    assert not [p for p in found if p.file.startswith("..")]
    assert secret.read_bytes() == before
    assert all(len(str(p)) < 2000 and str(p).isprintable() for p in found)


def test_a_repeated_value_is_counted_as_often_as_it_is(copy, monkeypatch):
    """A dictionary holds a large value once, however many rows have it."""
    monkeypatch.setattr(tables, "MOST_BYTES", 1 << 20)
    same = b"\0" * (1 << 19)

    def change(table):
        images = [{**image, "bytes": same} for image in table["image"].to_pylist()]
        return table.set_column(0, "image", pa.array(images, table.schema.field("image").type))

    rewrite(copy, VAL, change, use_dictionary=True, dictionary_pagesize_limit=1 << 22)
    assert ("file-too-large", VAL, "") in told(problems(copy, "header"))
