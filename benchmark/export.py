"""python -m benchmark.export: a trained model as one file that runs without this project.

The file takes crops as bytes and gives points: scaling to [0, 1], normalisation, averaging over the
mirror image where the model does so, and decoding are inside. It also holds its own description.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.command import Parser, add_prediction_settings, carried_out, check_writable

if TYPE_CHECKING:
    from torch.export import ExportedProgram

    from benchmark.detector import Detector

SUFFIXES = {"onnx": ".onnx", "torch": ".pt2"}
ABOUT = "ffld.json"  # name of the description: a metadata key of ONNX, a file in a .pt2 archive

_EPILOG = """\
examples:
  python -m benchmark.export --model lgr --format onnx
      the weights that come with lgr as lgr-ffld.onnx, for onnxruntime and others
  python -m benchmark.export --checkpoint runs/vgg16 --format torch --out vgg16.pt2
      your own weights as torch.export writes them: torch.export.load("vgg16.pt2").module()
  python -m benchmark.export --checkpoint hf://ORG/NAME@COMMIT
      published ones, fetched once and verified

What the file takes and gives goes to stdout as JSON, and is within the file too: see
docs/export.md, which also shows how to go from a photograph to points with it. ONNX needs two
packages more: pip install "ffld-benchmark[export]".
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did what it says, 2 for bad input, 130 when interrupted."""
    parser = Parser("benchmark.export", "Write a trained model as one file.", _EPILOG)
    add = parser.add_argument
    add("--model", help="lgr (default); with --checkpoint, refuses any other")
    add(
        "--checkpoint",
        metavar="WEIGHTS",
        help="a run's folder, shipped (default), hf://ORG/NAME@REV",
    )
    add_prediction_settings(parser)
    add("--format", choices=SUFFIXES, default="onnx", help="onnx (default), or torch (.pt2)")
    add("--out", type=Path, metavar="FILE", help="otherwise named after model and dataset")
    arguments = parser.parse_args(argv)
    return carried_out(lambda: _export(arguments), "interrupted")


def describe(detector: Detector) -> dict[str, Any]:
    """What an exported model takes and gives, as JSON values."""
    from ffld.transforms import FILL

    about, schema, size = detector.about, detector.schema, detector.about.input_size
    inputs = {"images": f"uint8 (batch, {size}, {size}, 3), RGB"}
    if detector.model.uses_type:
        inputs["garment_type"] = "int64 (batch,), positions in garment_types"
    return {
        "model": about.model,
        "trained_on": about.revision,
        "samples": about.samples,
        "input_size": size,
        "box_padding": about.padding,
        "fill": list(FILL),
        "inputs": inputs,
        "outputs": {
            "xy": f"float32 (batch, {len(schema)}, 2), pixels of the crop: x right, y down from "
            "its top left corner; the centre of the first pixel is (0.5, 0.5)",
            "confidence": f"float32 (batch, {len(schema)}), how sure a point is if the garment "
            "has it",
        },
        "crop": "the garment's box, box_padding of its width added left and right, of its height "
        "above and below, stretched to input_size; what lies outside the image is of colour fill",
        "landmarks": list(schema.landmarks),
        "garment_types": {name: list(owned) for name, owned in schema.garment_types.items()},
    }


def capture(detector: Detector) -> ExportedProgram:
    """The model's graph from bytes to points, for batches of any size, on the CPU.

    It is frozen before: tracing would follow what needs a gradient, and so would the file.
    """
    import torch

    from benchmark.frozen import frozen
    from benchmark.models import Inputs

    class FromBytes(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = frozen(detector.model)

        def forward(self, images, garment_type=None):
            pixels = images.permute(0, 3, 1, 2).float().div(255)
            if garment_type is None:
                garment_type = images.new_zeros(images.shape[0], dtype=torch.int64)
            return self.model.predict(Inputs(pixels, garment_type))

    size = detector.about.input_size
    example = (torch.zeros(2, size, size, 3, dtype=torch.uint8),)
    if detector.model.uses_type:
        example += (torch.zeros(2, dtype=torch.int64),)
    whole = FromBytes().cpu().eval()
    batch = {0: torch.export.Dim("batch")}
    with torch.nn.utils.parametrize.cached():  # ONNX has no Householder products
        whole(*example)  # what is made once and kept must not be made while tracing
        return torch.export.export(whole, example, dynamic_shapes=(batch,) * len(example))


def write(program: ExportedProgram, about: dict[str, Any], path: Path, form: str) -> None:
    """Write a captured model with its description.

    Raises:
        RunError: a package is missing, or the file cannot be written.
    """
    import torch

    from benchmark.output import writing_out

    text = json.dumps(about)
    with writing_out(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # views of constants, deprecations inside of torch
        if form == "torch":
            with temporary.open("wb") as file:
                torch.export.save(program, file, extra_files={ABOUT: text})
        else:
            made = _as_onnx(program, list(about["inputs"]), list(about["outputs"]))
            made.model.metadata_props[ABOUT] = text
            made.save(temporary, external_data=False)


def _as_onnx(program: ExportedProgram, inputs: list[str], outputs: list[str]) -> Any:
    import torch

    from benchmark.plan import RunError

    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise RunError(
            f"ONNX needs the package {error.name!r}: pip install 'ffld-benchmark[export]'"
        ) from error
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    return torch.onnx.export(
        program, input_names=inputs, output_names=outputs, dynamo=True, verbose=False
    )


def _export(arguments: argparse.Namespace) -> None:
    # Imported here, so that --help and a mistyped option do not wait for torch.
    from benchmark.detector import Detector

    suffix = SUFFIXES[arguments.format]
    check_writable(arguments.out, suffixes=[suffix])  # before weights are fetched
    detector = Detector.load(
        arguments.checkpoint, model=arguments.model, settings=arguments.settings
    )
    about = describe(detector)
    name = f"{detector.about.model.replace(':', '-')}-{detector.about.dataset}"
    path = arguments.out or Path(name + suffix)
    check_writable(path)
    print(f"writing {path}; this takes up to a minute", file=sys.stderr, flush=True)
    write(capture(detector), about, path, arguments.format)
    print(json.dumps(about, indent=2))


if __name__ == "__main__":
    sys.exit(main())
