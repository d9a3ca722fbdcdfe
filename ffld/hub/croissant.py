"""The croissant.json of a dataset repository: Croissant 1.1 with the fields of responsible AI.

Croissant (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html) is how dataset search
and loaders learn what files and records a dataset has; its RAI vocabulary says how it was made and
what it is not for. `mlcroissant` validates the file and reads records by it, also from a folder:
`mlcroissant.Dataset("croissant.json", mapping={"repository": DIR})`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ffld import shards
from ffld.hub import about
from ffld.hub.about import Built

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "excludes": "cr:excludes",
    "isArray": "cr:isArray",
    "arrayShape": "cr:arrayShape",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {"string": "sc:Text", "float64": "cr:Float64", "int64": "cr:Int64", "uint8": "cr:UInt8"}
# a repository of git has no hash of its own; this is how the specification's examples say so
_NO_HASH = "https://github.com/mlcommons/croissant/issues/80"


def croissant(built: Built, address: str, published: str) -> str:
    """The text of croissant.json.

    Args:
        address: the repository's page.
        published: the date, as 2026-01-31.
    """
    content = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": built.spec.name,
        "description": built.description,
        "url": address,
        "license": f"https://spdx.org/licenses/{built.spec.licence}.html",
        "version": built.version,
        "datePublished": published,
        "creator": {"@type": "sc:Organization", "name": "the FFLD benchmark", "url": address},
        "keywords": ["fashion", "fashion landmark detection", "keypoints", "synthetic"],
        "citeAs": built.spec.citation,
        "isLiveDataset": False,
        **_responsible(built),
        "distribution": _files(built, address),
        "recordSet": [_split_names(built), _samples(built)],
    }
    return json.dumps(content, indent=2) + "\n"


def _responsible(built: Built) -> dict[str, Any]:
    manifest = built.manifest
    return {
        "rai:dataCollection": about.COLLECTION,
        "rai:dataCollectionType": ["Synthetic"],
        "rai:hasSyntheticData": True,
        "rai:dataAnnotationProtocol": about.ANNOTATION,
        "rai:annotationsPerItem": "1",
        "rai:machineAnnotationTools": [f"the renderer itself, edition {manifest.revision}"],
        "rai:dataLimitations": about.LIMITS,
        "rai:dataBiases": about.BIASES,
        "rai:personalSensitiveInformation": about.PERSONAL,
        "rai:dataUseCases": about.USES,
        "rai:dataSocialImpact": about.SOCIAL_IMPACT,
        "rai:dataReleaseMaintenancePlan": "The labels of a version are frozen: where any of "
        "them is another, the edition has another version. How an image is painted may still "
        "improve within a version. Each publication is a commit that stays, and predictions and "
        "results carry the version.",
        "prov:wasDerivedFrom": "No image and no annotation of another dataset is in it. "
        "Summary parameters of landmark layouts were taken from FashionAI and FLD; framing, boxes "
        "and poses were set with sixteen photographs of DeepFashion2 in view.",
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "name": f"python -m ffld build --dataset {manifest.dataset}",
            "description": f"Edition {manifest.revision}, code {manifest.renderer}, schema "
            f"{manifest.schema}, limit {manifest.limit}, JPEG quality {manifest.jpeg_quality}.",
        },
    }


def _files(built: Built, address: str) -> list[dict[str, Any]]:
    manifest = built.manifest
    repository = {
        "@type": "cr:FileObject",
        "@id": "repository",
        "name": "repository",
        "description": f"The repository; {shards.MANIFEST} has the SHA-256 of every shard.",
        "contentUrl": f"{address}/tree/main",
        "encodingFormat": "git+https",
        "sha256": _NO_HASH,
    }
    sets = [
        {
            "@type": "cr:FileSet",
            "@id": name,
            "name": name,
            "description": f"{manifest.count(name):,} samples in {len(entries)} files.",
            "containedIn": {"@id": "repository"},
            "encodingFormat": "application/x-parquet",
            "includes": f"data/{name}-*.parquet",
        }
        for name, entries in manifest.splits.items()
    ]
    every = {
        **sets[0],
        "@id": "shards",
        "name": "shards",
        "description": "All shards.",
        "includes": "data/*.parquet",
    }
    return [repository, every, *sets]


def _split_names(built: Built) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The names of the splits.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {"@type": "cr:Field", "@id": "splits/name", "name": "name", "dataType": "sc:Text"}
        ],
        "data": [{"splits/name": name} for name in built.manifest.splits],
    }


def _samples(built: Built) -> dict[str, Any]:
    split = {
        "@type": "cr:Field",
        "@id": "samples/split",
        "name": "split",
        "description": "the split that a sample is of",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": "shards"},
            "extract": {"fileProperty": "filename"},
            "transform": {"regex": "^(train|val|test)"},
        },
        "references": {"field": {"@id": "splits/name"}},
    }
    columns = [_field(name, feature) for name, feature in built.features.items()]
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "name": "samples",
        "description": "One garment in one image a record.",
        "key": {"@id": "samples/id"},
        "field": [split, *columns],
    }


def _field(name: str, feature: Mapping[str, Any]) -> dict[str, Any]:
    field = {
        "@type": "cr:Field",
        "@id": f"samples/{name}",
        "name": name,
        "description": about.COLUMNS[name],
        "source": {"fileSet": {"@id": "shards"}, "extract": {"column": name}},
    }
    if feature["_type"] == "Image":
        field["source"]["transform"] = {"jsonPath": "bytes"}
        return field | {"dataType": "sc:ImageObject"}
    if feature["_type"] == "ClassLabel":
        named = ", ".join(f"{slot} {value}" for slot, value in enumerate(feature["names"]))
        described = f"{field['description']}, by number: {named}"
        return field | {"dataType": "sc:Integer", "description": described}
    shape = []
    while feature["_type"] == "List":
        shape.append(feature["length"])
        feature = feature["feature"]
    field["dataType"] = _TYPES[feature["dtype"]]
    if shape:
        field |= {"isArray": True, "arrayShape": ",".join(map(str, shape))}
    return field
