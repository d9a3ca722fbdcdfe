"""Arm and leg poses, as directions of the two bones of a limb.

A direction is (outward, up, forward) in the frame of the chest or the pelvis; outward is away from
the body's middle, so the same numbers serve both sides.
"""

from __future__ import annotations

from typing import NamedTuple

from ffld.render.geometry.view import Vector


class LimbPose(NamedTuple):
    """Directions of upper arm and forearm, or thigh and shin; lengths don't matter."""

    upper: Vector
    lower: Vector


ARMS = {
    "hanging": LimbPose((0.09, -1.0, 0.0), (0.04, -1.0, 0.10)),
    "relaxed": LimbPose((0.30, -1.0, -0.08), (0.05, -1.0, 0.30)),
    "on_hip": LimbPose((0.80, -1.0, -0.30), (-0.85, -0.60, 0.45)),
    "in_pocket": LimbPose((0.38, -1.0, -0.18), (-0.16, -1.0, 0.22)),
    "crossed": LimbPose((0.16, -1.0, 0.34), (-1.0, 0.10, 0.50)),
    "clasped": LimbPose((0.14, -1.0, 0.20), (-0.62, -0.60, 0.60)),
    "at_face": LimbPose((0.30, -0.85, 0.45), (-0.25, 1.0, 0.30)),
    "phone": LimbPose((0.22, -1.0, 0.45), (-0.30, 0.70, 0.75)),
    "raised": LimbPose((0.75, 0.50, 0.10), (-0.30, 1.0, 0.05)),
    "overhead": LimbPose((0.45, 1.0, 0.05), (-0.55, 0.70, 0.05)),
    "reaching": LimbPose((0.30, -0.30, 1.0), (0.05, 0.10, 1.0)),
    "selfie": LimbPose((0.55, 0.05, 1.0), (0.20, 0.35, 1.0)),
    "to_camera": LimbPose((0.28, 0.05, 1.0), (0.0, 0.50, 1.0)),
    "behind": LimbPose((0.30, -1.0, -0.30), (-0.60, -0.70, -0.45)),
    "spread": LimbPose((0.85, -0.60, 0.0), (0.80, -0.70, 0.08)),
    "holding": LimbPose((0.12, -1.0, 0.05), (-0.15, -0.05, 1.0)),
    "flat": LimbPose((0.50, -0.85, 0.0), (0.42, -0.92, 0.0)),
}

LEGS = {
    "standing": LimbPose((0.01, -1.0, 0.0), (0.0, -1.0, 0.0)),
    "apart": LimbPose((0.18, -1.0, 0.0), (0.10, -1.0, 0.0)),
    "step_front": LimbPose((0.02, -1.0, 0.34), (0.0, -1.0, -0.06)),
    "step_back": LimbPose((0.02, -1.0, -0.22), (0.0, -1.0, -0.36)),
    "crossed": LimbPose((-0.16, -1.0, 0.10), (-0.14, -1.0, 0.04)),
    "over": LimbPose((-0.30, -1.0, 0.30), (-0.12, -1.0, -0.26)),
    "under": LimbPose((-0.02, -1.0, -0.06), (-0.10, -1.0, -0.18)),
    "lunge_front": LimbPose((0.14, -1.0, 0.75), (0.02, -1.0, -0.16)),
    "lunge_back": LimbPose((0.08, -1.0, -0.42), (0.0, -0.85, -0.60)),
    "bent": LimbPose((0.08, -1.0, 0.38), (-0.02, -1.0, -0.40)),
    "lifted": LimbPose((0.06, -0.55, 0.85), (0.0, -1.0, -0.20)),
    "kicked": LimbPose((0.03, -1.0, 0.02), (0.0, -0.55, -0.85)),
    "sitting": LimbPose((0.14, -0.16, 1.0), (0.04, -1.0, 0.06)),
    "sitting_crossed": LimbPose((-0.05, 0.02, 1.0), (-0.45, -0.85, 0.25)),
    "sitting_apart": LimbPose((0.55, -0.12, 0.85), (0.0, -1.0, 0.10)),
    "sitting_low": LimbPose((0.16, 0.45, 0.90), (0.06, -1.0, 0.20)),
    "cross_legged": LimbPose((0.95, -0.18, 0.55), (-1.0, -0.25, 0.25)),
    "raised": LimbPose((0.65, -0.10, 0.60), (-0.20, -1.0, -0.10)),
    "figure_four": LimbPose((0.80, -0.30, 0.50), (-1.0, -0.35, 0.10)),
    "kneeling": LimbPose((0.08, -1.0, 0.15), (0.02, -0.15, -1.0)),
}
