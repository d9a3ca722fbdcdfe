"""The card and the Croissant file: valid, and true of the files beside them."""

import json
import re
from pathlib import Path

import datasets
import mlcroissant
import numpy as np
import pytest
from huggingface_hub import DatasetCard

import ffld
from ffld.build import build
from ffld.hub import about
from ffld.hub.card import card
from ffld.hub.croissant import croissant
from ffld.manifest import Manifest

DATASHEET = Path(__file__).resolve().parents[2] / "docs" / "datasheet.md"
ADDRESS = "https://huggingface.co/datasets/org/set"


def describe(folder):
    manifest = Manifest.parse((folder / "manifest.json").read_text(), folder)
    return about.describe(folder, manifest, ffld.spec(manifest.dataset))


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    out = tmp_path_factory.mktemp("stand-in") / "set"
    build("fld-procedural", out, splits=["test"], limit=2, processes=1)
    return out


@pytest.fixture(params=["whole", "stand_in"])
def built(request):
    return describe(request.getfixturevalue(request.param))


def test_the_header_of_the_card_is_true(built):
    text = card(built, "org/set")
    data = DatasetCard(text, ignore_metadata_errors=False).data.to_dict()
    assert data["license"] == "cc0-1.0"
    assert data["size_categories"] == ["n<1K"]
    assert "synthetic" in data["tags"]
    assert data["configs"][0]["config_name"] == "default"
    patterns = {file["split"]: file["path"] for file in data["configs"][0]["data_files"]}
    for split, entries in built.manifest.splits.items():
        found = sorted(path.name for path in built.folder.glob(patterns[split]))
        assert found == [Path(entry.file).name for entry in entries]
    info = datasets.DatasetInfo._from_yaml_dict(data["dataset_info"])
    table = datasets.load_dataset(
        "parquet", data_files=[str(built.folder / file) for file in built.manifest.files]
    )["train"]
    assert info.features == table.features
    for split in built.manifest.splits:
        assert info.splits[split].num_examples == built.manifest.count(split)
    assert info.download_size == sum(p.stat().st_size for p in built.folder.glob("data/*"))
    assert 0.8 < info.dataset_size / table.data.nbytes < 1.2


def test_the_body_of_the_card_says_what_is_in_it(built):
    text = card(built, "org/set")
    schema = built.spec.schema
    assert f"The {len(schema)} landmarks" in text
    assert ", ".join(schema.landmarks) in text
    for name in (*built.features, *schema.type_names):
        assert re.search(rf"^\| `?{name}`? \|", text, re.MULTILINE), name
    for name in built.manifest.splits:
        assert f"| {name} | {built.manifest.count(name)} |" in text
    assert "This repository holds a subset" in text
    assert ("not the authors' data" in text) == (built.spec.name == "ffld")
    assert not re.search(r"\{\w*\}|None", text)


def test_documents_say_what_the_datasheet_says():
    datasheet = " ".join(DATASHEET.read_text().split())
    said = " ".join(v for v in vars(about).values() if isinstance(v, str) and " " in v)
    for number in re.findall(r"\d[\d.]*\d|\d", said):
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d])", datasheet), number
    for fact in (
        "at least 2 of the 25 pixels",
        "limbs are smooth tubes",
        "things in rooms are plain shapes",
    ):
        assert fact in said
        assert fact in datasheet


def test_croissant_is_valid_and_reads_the_records(built, tmp_path, caplog):
    text = croissant(built, ADDRESS, "2026-01-31")
    path = tmp_path / "croissant.json"
    path.write_text(text)
    dataset = mlcroissant.Dataset(str(path), mapping={"repository": str(built.folder)})
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert not issues.warnings
    records = list(dataset.records("samples"))
    assert len(records) == sum(map(built.manifest.count, built.manifest.splits))
    for split in built.manifest.splits:
        expected = ffld.load(built.spec.name, split, source=built.folder, limit=2)
        own = {r["samples/id"].decode(): r for r in records if r["samples/split"] == split.encode()}
        assert len(own) == built.manifest.count(split)
        for sample in expected:
            record = own[sample.id]
            assert record["samples/image"].size == sample.image.shape[1::-1]
            np.testing.assert_array_equal(np.array(record["samples/xy"]), sample.xy)
            np.testing.assert_array_equal(record["samples/visibility"], sample.visibility)
            assert built.spec.schema.type_names[record["samples/garment_type"]] == (
                sample.garment_type
            )


def test_croissant_states_what_responsible_use_needs(built):
    content = json.loads(croissant(built, ADDRESS, "2026-01-31"))
    assert content["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    for name in (
        "rai:dataLimitations",
        "rai:dataBiases",
        "rai:personalSensitiveInformation",
        "rai:dataUseCases",
        "rai:dataSocialImpact",
        "prov:wasDerivedFrom",
    ):
        assert len(content[name]) > 20, name
    assert content["rai:hasSyntheticData"] is True
    activity = content["prov:wasGeneratedBy"]
    assert activity["name"] == f"python -m ffld build --dataset {built.spec.name}"
    assert built.manifest.renderer in activity["description"]
    assert f"OpenCV {built.manifest.opencv}, images" in card(built, "org/set")
    said = json.dumps(content)
    assert "0.x" not in said
    plan = content["rai:dataReleaseMaintenancePlan"]
    assert "The labels of a version are frozen" in plan
    assert "The labels of a version are frozen" in " ".join(DATASHEET.read_text().split())
    for source in ("FashionAI", "FLD", "DeepFashion2"):
        assert source in content["prov:wasDerivedFrom"]
        assert source in content["rai:dataBiases"]
    assert content["version"] == built.spec.revision.rpartition("-")[2] + ".0"
