"""The procedural renderer: a sample is a pure function of (edition version, key, split, index).

    stream.py    random numbers that are the same on every platform
    view.py      the pinhole camera
    figure.py    an articulated body: torso rings and limbs
    poses.py     arm and leg poses
    cut.py       how a garment is cut: lengths, ease, neckline
    pieces.py    layers and landmarks
    garments.py  garments on a body; upper.py, lower.py and tailor.py build them
    body.py      skin, hair and shoes
    person.py    a dressed figure as layers, back to front
    scene.py     people, things in the way and the frame: the geometry of one image
    raster.py    polygons into an identity map, exactly
    labels.py    what can be seen: identity map, visibility, box, rivals
    fabric.py    cloth, skin and other materials
    backdrop.py  what is behind
    image.py     layers painted with material and light
    photo.py     what a camera does to a picture
    fld8.py      garments in the 8-landmark schema
    edition.py   an edition's mix of scenes, and its splits

Geometry is plain Python float arithmetic on purpose: it is the same everywhere, and faster than
arrays on outlines of a dozen points. Points of the picture plane are complex numbers, x + y j.
"""
