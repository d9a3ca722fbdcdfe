"""Layers painted with material and light, then photographed."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ffld.render.geometry.stream import Stream, Streams
from ffld.render.labels import Labels, Painted, polygons
from ffld.render.picture.artwork import embolden
from ffld.render.picture.backdrop import draw_backdrop
from ffld.render.picture.easel import LOW, Easel
from ffld.render.picture.fabric import (
    Material,
    draw_cloth,
    draw_device,
    draw_hair,
    draw_leaf,
    draw_mannequin,
    draw_skin,
    draw_thing,
    draw_tights,
)
from ffld.render.picture.jumble import draw_jumble
from ffld.render.picture.light import Light
from ffld.render.picture.overlay import draw_overlay
from ffld.render.picture.photo import photograph
from ffld.render.picture.surface import Window, shown_marks
from ffld.render.picture.things import draw_hanger, draw_seat

_BODY_AND_THINGS = {"skin": draw_skin, "hair": draw_hair, "leaf": draw_leaf,
                    "device": draw_device, "tights": draw_tights}  # fmt: skip


def paint(labels: Labels, streams: Streams) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a labelled scene."""
    s = streams.stream("appearance")
    scene = labels.scene
    frame, about = scene.frame, scene.attributes
    light = Light.draw(about["style"], about["presentation"], s)
    soles = _soles(labels)
    feet = max((y for _, y, _ in soles), default=2.0 * frame.height) / frame.height
    mirrored = about["style"] == "consumer" and any(
        piece.layer.name == "phone" and piece.person == scene.target[0] for piece in labels.painted
    )
    canvas = draw_backdrop(about["style"], about["presentation"], frame.width, frame.height,
                           feet, mirrored, s)  # fmt: skip
    jumble = streams.stream("jumble")
    if about["style"] == "consumer" and jumble.chance(scene.mix.jumble):
        canvas = draw_jumble(frame.width, frame.height, jumble)
    if "backdrop" in scene.mix.plain:
        canvas[:] = canvas.mean((0, 1))
    wardrobe = _wardrobe(labels, mirrored, s, streams)
    windows, figures = _seen(labels, wardrobe)
    torso = next(
        (
            piece.polygons[0]
            for piece in labels.painted
            if piece.person == scene.target[0] and piece.layer.name == "torso"
        ),
        None,
    )
    if about["pose"] == "sitting" and torso is not None:
        low = torso[torso[:, 1].argmax()] / 16
        draw_seat(canvas, float(low[0]), float(low[1]), scene.unit, s)
    easel = Easel(canvas, light, figures, labels.painted, lit="light" not in scene.mix.plain)
    easel.cast(figures, soles, scene.unit)
    if about["presentation"] == "hung":
        points = {name: (anchor.point - frame.origin) * frame.zoom
                  for name, anchor in scene.garment.anchors.items()}  # fmt: skip
        draw_hanger(canvas, points, scene.unit)
    pairs = zip(labels.painted, windows, strict=True)
    visible = [(piece, window, _material(piece, wardrobe[_worn(piece)]))
               for piece, window in pairs if window]  # fmt: skip
    marks = [shown_marks(piece, material) for piece, _, material in visible]
    paths = iter(polygons(scene, [mark.path for some in marks for mark in some]))
    for (piece, window, material), some in zip(visible, marks, strict=True):
        skin = wardrobe.get((piece.person, -1, "skin"))
        drawn = [(mark.kind, next(paths)) for mark in some]
        easel.paint(piece, window, material, drawn, skin, s)
    draw_overlay(canvas, labels.box, about["style"], s)
    return photograph(canvas, about["style"], scene.roughness, streams.stream("camera"))


def _soles(labels: Labels) -> list[tuple[float, float, float]]:
    """Middle, lowest point and half width of each shoe of the main person, in pixels."""
    found = []
    for piece in labels.painted:
        if piece.person == labels.scene.target[0] and piece.layer.name.startswith("shoe"):
            low, high = piece.polygons[0].min(0) / 16, piece.polygons[0].max(0) / 16
            found.append(((low[0] + high[0]) / 2, float(high[1]), (high[0] - low[0]) / 2))
    return found


def _worn(piece: Painted) -> tuple[int, int, str]:
    """Person, garment and kind of material."""
    return piece.person, piece.owner, "cloth" if piece.owner >= 0 else piece.layer.material


def _wardrobe(
    labels: Labels, mirrored: bool, s: Stream, streams: Streams
) -> dict[tuple[int, int, str], Material]:
    """The material of everything that is painted, by person, garment and kind."""
    materials, mix = {}, labels.scene.mix
    backs, bold = streams.stream("back prints"), streams.stream("bold")
    heads = {piece.person for piece in labels.painted if piece.layer.name == "head"}
    for person, owner, kind in sorted({_worn(piece) for piece in labels.painted}):
        if kind == "cloth":
            garment = labels.scene.people[person].garments[owner].garment_type
            material = draw_cloth(s, garment)
            material = replace(material, backed=backs.chance(mix.back_prints))
            if bold.chance(mix.bold):
                material = embolden(material, garment, bold)
            if "cloth" in mix.plain:
                material = material.plainly()
            if mirrored and material.decal:
                material = replace(material, decal=material.decal.mirrored())
        elif kind == "skin" and person not in heads and s.chance(0.6):
            material = draw_mannequin(s)
        else:
            material = _BODY_AND_THINGS.get(kind, draw_thing)(s)
        materials[person, owner, kind] = material
    return materials


def _seen(
    labels: Labels, wardrobe: dict[tuple[int, int, str], Material]
) -> tuple[list[Window | None], np.ndarray]:
    """The part of the image in which each layer shows, and where people and things are at all.

    Most layers lie under others for the greater part; painting what is hidden would be wasted.
    """
    frame = labels.scene.frame
    ids = np.zeros((frame.height // 2 + 1, frame.width // 2 + 1), np.uint8)
    for number, piece in enumerate(labels.painted):
        if not _material(piece, wardrobe[_worn(piece)]).sheer:
            for polygon in piece.polygons:
                cv2.fillPoly(ids, [polygon // 2 - 4], number + 1, cv2.LINE_8, 4)
    windows = []
    for number, piece in enumerate(labels.painted):
        if _material(piece, wardrobe[_worn(piece)]).sheer:
            x, y, w, h = cv2.boundingRect(np.concatenate(piece.polygons) // 32)
        else:
            x, y, w, h = cv2.boundingRect(cv2.inRange(ids, number + 1, number + 1))
        x1, y1 = max(0, 2 * x - 4), max(0, 2 * y - 4)
        x2, y2 = min(frame.width, 2 * (x + w) + 4), min(frame.height, 2 * (y + h) + 4)
        windows.append((x1, y1, x2, y2) if w and x2 - x1 > 1 and y2 - y1 > 1 else None)
    small = (frame.width // LOW + 1, frame.height // LOW + 1)
    _, covered = cv2.threshold(ids, 0, 255, cv2.THRESH_BINARY)
    return windows, cv2.resize(covered, small, interpolation=cv2.INTER_NEAREST)


def _material(piece: Painted, material: Material) -> Material:
    """Sleeves may be of another cloth than the rest."""
    return material.sleeve or material if piece.layer.name.startswith("sleeve") else material
