"""How the equations of LGR are read where the text leaves them open or loses their point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Reading:
    """How the equations are read; the defaults are the repaired reading, `PAPER` is the literal.

    Attributes:
        vote: softmax of eq. 1. "cells": over the cells, each node is a weighted mean. "nodes": as
            printed, "all rows to one", over the nodes; sums grow with H x W. "nodes_mean": these
            over what each node received.
        embedding: whether nodes get a learned vector each, without which fresh nodes are alike.
        coordinates: whether maps have their cells' x and y as two more channels where they meet
            nodes, without which nodes hold no layout.
        map_norm: batch normalisation of F where it meets nodes. Features after a relu point all one
            way; a bilinear score may be trained to that, so that all cells take the same node.
        node_norm: layer normalisation of nodes wherever they come out. Nothing else holds their
            size; it grows in training until that softmax saturates.
        topdown: adjacency on the way down. "kept": that of the way up. "clustered": as printed,
            eq. 3 applied to the root's 1 x 1 adjacency, hence of rank one at every level.
        clusters: W_p of eq. 3, started at the schema's indicator. "soft": trained, W_p^T W_p = I
            asked for by a penalty; "orthogonal": trained, always so; "fixed": the schema's own.
        edges: A_leaf. "fixed", or "trained" from there, symmetric and the same when mirrored.
        plain_layers: graph convolutions in place of clustering and deconvolution (the paper's
            ablation); 0 for none.
        plain_residual: whether each of these adds its input, against over-smoothing.
        score: in the softmax of eq. 4. "additive": as printed, one vector on [F; X], constant
            over the cells after the softmax. "bilinear": (F Q)(X K)^T / sqrt d. "votes": that
            of eq. 1, F W_m, again.
        residual: how F_r joins F. "plain": as printed, F + F_r. "norm": F + BN(F_r).
            "scale": F + s F_r, one factor a channel.
        residual_scale: of that BN, or s, at the start; at 0 a fresh layer is the identity.
    """

    vote: Literal["cells", "nodes", "nodes_mean"] = "cells"
    embedding: bool = True
    coordinates: bool = True
    map_norm: bool = False
    node_norm: bool = True
    topdown: Literal["kept", "clustered"] = "kept"
    clusters: Literal["soft", "orthogonal", "fixed"] = "soft"
    edges: Literal["fixed", "trained"] = "fixed"
    plain_layers: int = 0
    plain_residual: bool = False
    score: Literal["bilinear", "additive", "votes"] = "bilinear"
    residual: Literal["norm", "scale", "plain"] = "norm"
    residual_scale: float = 0.0


REPAIRED = Reading()
PAPER = Reading(
    vote="nodes",
    embedding=False,
    coordinates=False,
    node_norm=False,
    topdown="clustered",
    score="additive",
    residual="plain",
)
