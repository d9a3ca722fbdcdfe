"""The README.md of a dataset repository: what the hub and `load_dataset` read, then what people do.

The header is YAML: licence, tags, splits with their sizes, columns with their types. `load_dataset`
takes the files of each split from it, and refuses a split with another number of samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huggingface_hub import DatasetCard, DatasetCardData

from ffld.hub import about
from ffld.hub.about import Built

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))

_BODY = """
# {title}

{description}

```python
import ffld

split = ffld.load("{dataset}", "test", source="hf://{repository}@COMMIT")
split[0]  # .image .garment_type .box .xy .visibility
split.targets  # the same as arrays, without pixels
```

`COMMIT` is one of this repository's: with it, the same bytes come every time, and every file is
compared with the SHA-256 in `manifest.json`. All files go into a folder with
`python -m ffld download --repo {repository} --revision COMMIT --out DIR`. The `datasets` library
reads it without this project, and does not compare hashes:

```python
datasets.load_dataset("{repository}", revision="COMMIT", streaming=True)
```

The same samples are rendered, without any download, by `ffld.load("{dataset}")`. Their labels are
equal everywhere; their pixels differ a little from one version of OpenCV to another.

## What is in it

Edition `{revision}`, rendered by code `{renderer}`{painted}, images JPEG of quality {quality}.

{splits}

{columns}

The {count} landmarks, in the order of `xy`, `visibility` and `rivals`: {landmarks}. Left and right
are the garment's: left is image-left when its front is seen.

{types}

## How it was made

{collection}

{annotation}

## Uses and limits

{uses}

{limits}

{biases}

Personal information: {personal}

## Licence and citation

Images and labels are {licence}. {citation}.
"""


def card(built: Built, repository: str) -> str:
    """The text of README.md."""
    header = _header(built).to_yaml(line_break="\n")
    return str(DatasetCard(f"---\n{header}\n---\n{_body(built, repository)}"))


def _header(built: Built) -> DatasetCardData:
    manifest = built.manifest
    total = sum(map(manifest.count, manifest.splits))
    splits = [
        {"name": name, "num_bytes": built.arrow_bytes[name], "num_examples": manifest.count(name)}
        for name in manifest.splits
    ]
    info = {
        "features": [{"name": name, **_yaml(kind)} for name, kind in built.features.items()],
        "splits": splits,
        "download_size": sum(entry.bytes for entry in manifest.files.values()),
        "dataset_size": sum(built.arrow_bytes.values()),
    }
    return DatasetCardData(
        license=built.spec.licence.lower(),
        pretty_name=built.spec.title,
        annotations_creators=["machine-generated"],
        source_datasets=["original"],
        task_categories=["keypoint-detection"],
        size_categories=[next((name for top, name in _SIZES if total < top), "n>1M")],
        tags=["fashion", "fashion-landmark-detection", "landmarks", "synthetic"],
        configs=[
            {
                "config_name": "default",
                "data_files": [
                    {"split": name, "path": f"data/{name}-*.parquet"} for name in manifest.splits
                ],
            }
        ],
        dataset_info=info,
    )


def _yaml(feature: Mapping[str, Any]) -> dict[str, Any]:
    """A feature as the `datasets` library writes it in YAML."""
    if feature["_type"] == "Image":
        return {"dtype": "image"}
    if feature["_type"] == "ClassLabel":
        return {"dtype": {"class_label": {"names": dict(_numbered(feature["names"]))}}}
    if feature["_type"] == "List":
        inner = _yaml(feature["feature"])
        return {"list": inner.get("dtype", inner), "length": feature["length"]}
    return {"dtype": feature["dtype"]}


def _numbered(names: list[str]) -> list[tuple[str, str]]:
    return [(str(number), name) for number, name in enumerate(names)]


def _body(built: Built, repository: str) -> str:
    manifest, schema = built.manifest, built.spec.schema
    splits = [
        (name, f"{manifest.count(name):,}", len(entries), f"{_megabytes(entries):,.1f}")
        for name, entries in manifest.splits.items()
    ]
    types = [(name, len(owned), ", ".join(owned)) for name, owned in schema.garment_types.items()]
    columns = [(f"`{name}`", about.COLUMNS[name]) for name in built.features]
    return _BODY.format(
        title=built.spec.title,
        description=built.description,
        dataset=manifest.dataset,
        repository=repository,
        revision=manifest.revision,
        renderer=manifest.renderer,
        painted=f" with OpenCV {manifest.opencv}" if manifest.opencv else "",
        quality=manifest.jpeg_quality,
        splits=_table(("split", "samples", "files", "MB"), splits),
        columns=_table(("column", "what it holds"), columns),
        count=len(schema),
        landmarks=", ".join(schema.landmarks),
        types=_table(("garment type", "landmarks", "which"), types),
        collection=about.COLLECTION,
        annotation=about.ANNOTATION,
        uses=about.USES,
        limits=about.LIMITS,
        biases=about.BIASES,
        personal=about.PERSONAL,
        licence=built.spec.licence,
        citation=built.spec.citation,
    )


def _megabytes(entries: tuple) -> float:
    return sum(entry.bytes for entry in entries) / 1e6


def _table(head: tuple[str, ...], rows: list[tuple]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
