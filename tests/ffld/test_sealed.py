"""Sealed sets: what is published of a sample is what a method is given, and nothing else."""

import io
import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import ffld
from ffld import DataError, sealed, shards
from ffld.__main__ import main
from ffld.render import edition
from ffld.sealed import COLUMNS, Sealed
from ffld.validate import validate

KEY = "5e" * 32
ONE = Sealed("fld-procedural", "one", 8, KEY)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """The published images of eight samples."""
    folder = tmp_path_factory.mktemp("sealed")
    sealed.write_images(folder, ONE, processes=1)
    return folder


@pytest.fixture(scope="module")
def tables(images):
    return [pq.ParquetFile(path) for path in sorted((images / "data").iterdir())]


def test_columns_are_those_that_a_method_is_given(tables):
    for table in tables:
        assert tuple(table.schema_arrow.names) == COLUMNS
        features = json.loads(table.schema_arrow.metadata[b"huggingface"])["info"]["features"]
        assert tuple(features) == COLUMNS
        group = table.metadata.row_group(0)
        assert not any(group.column(n).is_stats_set for n in range(group.num_columns))


def test_no_column_depends_on_a_label(images):
    """Whatever the labels and the scene's facts are, the bytes are the same."""
    known = ONE.open().targets
    rng = np.random.default_rng(0)
    others = replace(
        known,
        xy=rng.random(known.xy.shape),
        visibility=rng.integers(0, 3, known.visibility.shape).astype(np.uint8),
        rivals=rng.random(known.rivals.shape),
        attributes={"viewpoint": np.array(["back"] * len(known))},
    )
    names, files = ["x"] * len(known), [b"jpeg"] * len(known)
    one, other = (shards.lay_out(t, names, files, labels=False) for t in (known, others))
    assert one.equals(other, check_metadata=True)
    published = sealed.open_images(images).targets
    for name in ("garment_type", "box", "size"):
        assert np.array_equal(getattr(published, name), getattr(known, name))
    assert np.isnan(published.xy).all()
    assert not published.visibility.any()
    assert (published.rivals.size, dict(published.attributes)) == (0, {})


def test_size_is_that_of_the_picture_and_ids_count(images):
    split = sealed.open_images(images)
    for number, sample in enumerate(split):
        assert sample.id == f"fld-procedural/season_one/{number:06d}"
        assert sample.image.shape[1::-1] == tuple(split.targets.size[number])


def test_pictures_hold_nothing_but_pixels(tables):
    """No EXIF, no comment; names count as ids do; every file is encoded alike."""
    rows = [row for table in tables for row in table.read().column("image").to_pylist()]
    tellers = {name for row in rows for name in Image.open(io.BytesIO(row["bytes"])).info}
    assert tellers <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    names = [f"fld-procedural-season_one-{number:06d}.jpg" for number in range(8)]
    assert [row["path"] for row in rows] == names


def test_no_file_holds_the_key_or_a_word_of_the_scene(images):
    words = {w for values in ONE.open().targets.attributes.values() for w in values.tolist()}
    secrets = [KEY.encode(), bytes.fromhex(KEY), *(w.encode() for w in words if len(w) > 4)]
    assert len(secrets) > 4
    for path in images.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content = json.dumps(str(pq.read_schema(path).metadata)).encode() + content[-4000:]
            assert not [secret for secret in secrets if secret in content]


def test_labels_under_a_secret_key_are_never_left_in_the_cache():
    assert max(shards.ROW_GROUP, sealed._AT_ONCE) < edition._WORTH_CACHING


@pytest.mark.parametrize("changed", [{"key": "5f" * 32}, {"name": "two"}, {"dataset": "ffld"}])
def test_other_keys_and_seasons_are_other_samples(changed):
    other = replace(ONE, **changed)
    assert other.revision != ONE.revision
    mine, theirs = ONE.open().targets, other.open().targets
    assert not (mine.box == theirs.box).all(1).any()
    assert mine.ids.tolist() != theirs.ids.tolist() or "key" in changed
    public = ffld.load("fld-procedural", "test").select(range(8)).targets
    assert not (mine.box == public.box).all(1).any()


def test_the_same_key_gives_the_same_bytes(images, tmp_path):
    sealed.write_images(tmp_path, Sealed("fld-procedural", "one", 8, KEY), processes=1)
    files = sorted(path.relative_to(images) for path in images.rglob("*") if path.is_file())
    assert [(tmp_path / file).read_bytes() for file in files] == [
        (images / file).read_bytes() for file in files
    ]


def test_a_folder_begun_with_another_key(images, tmp_path):
    with pytest.raises(DataError, match="is of revision"):
        sealed.write_images(images, replace(ONE, key="5f" * 32), processes=1)


@pytest.mark.parametrize("name", [*sealed._LABELS, "attributes"])
def test_every_label_is_committed_to(name):
    known = ONE.open().targets
    parts = list(ONE.parts())
    digest = sealed.labels_digest(KEY, parts)
    assert digest == sealed.labels_digest(KEY, [known])
    assert digest != sealed.labels_digest("5f" * 32, [known])
    values = known.attributes["viewpoint"] if name == "attributes" else getattr(known, name)
    other = np.full_like(values, "x" if values.dtype.kind == "U" else 0)
    if name == "attributes":
        other = {**known.attributes, "viewpoint": other}
    assert digest != sealed.labels_digest(KEY, [replace(known, **{name: other})])


def test_the_sheet_is_the_set_without_images(images, tmp_path):
    sealed.write_sheet(tmp_path / "sheet.parquet", images)
    about = {"dataset": "fld-procedural", "split": "season_one", "revision": ONE.revision}
    found = sealed.read_sheet(tmp_path / "sheet.parquet", **about)
    published = sealed.open_images(images).targets
    for name in ("ids", "garment_type", "box", "size", "xy"):
        assert np.array_equal(
            getattr(found, name), getattr(published, name), equal_nan=name == "xy"
        )
    with pytest.raises(DataError, match="not the sheet of a season's samples"):
        sealed.read_sheet(sorted((images / "data").iterdir())[0], **about)


def test_validation_says_who_can_check_it(images, capsys):
    with pytest.raises(DataError, match=r"sealed season.*season verify one --images"):
        validate(images)
    assert main(["validate", str(images)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_it_is_no_edition_to_train_or_score_on(images):
    with pytest.raises(DataError, match="is of revision"):
        ffld.load("fld-procedural", "test", source=images)


def test_what_is_no_such_folder(tmp_path):
    with pytest.raises(DataError, match="holds no season's images"):
        sealed.open_images(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(DataError, match="not the manifest of a season's images"):
        sealed.open_images(tmp_path)
