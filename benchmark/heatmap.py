"""Landmarks as heat maps and back.

Column i, row j of a map is centred at ((i + .5) * stride, (j + .5) * stride) input pixels. Decoding
an ideal map by `argmax` costs an NE of .3826 * stride / input size on average over uniformly placed
landmarks; by `subpixel` next to nothing, at the borders too.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ffld.schema import Visibility

DECODERS = ("subpixel", "argmax")

_TINY = 1e-12  # keeps logarithms finite; far below anything that a sigmoid returns


def encode(
    xy: Tensor, visibility: Tensor, size: tuple[int, int], stride: int, sigma: float
) -> Tensor:
    """Draw a Gaussian of height 1 at every present landmark.

    A landmark outside the map leaves the part of its Gaussian that reaches in.

    Args:
        xy: (B, K, 2) input pixels, NaN where absent.
        visibility: (B, K) of `Visibility`.
        size: height and width of the input in pixels.
        sigma: standard deviation in cells.

    Returns:
        (B, K, height / stride, width / stride) float32; zeros for absent landmarks.
    """
    absent = int(Visibility.ABSENT)  # torch.compile takes tensors and members for unequal
    present = (visibility != absent) & xy.isfinite().all(-1)
    cells = torch.where(present[..., None], xy, 0.0).float() / stride
    columns = _bell(cells[..., 0], size[1] // stride, sigma)
    rows = _bell(cells[..., 1], size[0] // stride, sigma) * present[..., None]
    return rows[..., :, None] * columns[..., None, :]


def decode(maps: Tensor, stride: int, decoder: str = "subpixel") -> tuple[Tensor, Tensor]:
    """Read one landmark off each map.

    `argmax` gives the centre of the highest cell. `subpixel` moves within that cell to the vertex
    of the parabola through the logarithms of three neighbouring values, along each axis, which is
    exact for a Gaussian; for a cell at the border the three are the outermost ones.

    Args:
        maps: (B, K, h, w), non-negative, h and w at least 3.
        decoder: one of `DECODERS`.

    Returns:
        xy (B, K, 2) in input pixels and the height of each peak (B, K), both float32.
    """
    if decoder not in DECODERS:
        raise ValueError(f"unknown decoder {decoder!r}; there are {', '.join(DECODERS)}")
    maps = maps.float()
    height, width = maps.shape[-2:]
    values = maps.flatten(-2)
    confidence, peak = values.max(-1)
    row, column = peak // width, peak % width
    if decoder == "argmax":
        cells = torch.stack([column, row], -1).float()
    else:
        cells = _vertices(values, column, row, height, width)
    return (cells + 0.5) * stride, confidence


def _bell(centre: Tensor, cells: int, sigma: float) -> Tensor:
    distance = torch.arange(cells, device=centre.device) + 0.5 - centre[..., None]
    return torch.exp(-0.5 * (distance / sigma).square())


def _vertices(values: Tensor, column: Tensor, row: Tensor, height: int, width: int) -> Tensor:
    """Columns and rows (B, K, 2) of the vertices about the highest cells of maps (B, K, h w)."""
    around = torch.arange(-1, 2, device=values.device)
    columns = column.clamp(1, width - 2)[..., None] + around
    rows = row.clamp(1, height - 2)[..., None] + around
    lines = torch.stack([row[..., None] * width + columns, rows * width + column[..., None]], -2)
    three = values.gather(-1, lines.flatten(-2)).unflatten(-1, (2, 3))  # along x, along y
    before, at, after = three.clamp_min(_TINY).log().unbind(-1)
    curvature = before - 2 * at + after
    peaked = curvature < 0
    offset = 0.5 * (before - after) / torch.where(peaked, curvature, 1.0)
    cell = torch.stack([column, row], -1).float()
    middle = torch.stack([columns, rows], -2)[..., 1]
    return torch.where(peaked, (middle + offset).clamp(cell - 0.5, cell + 0.5), cell)
