"""The procedural renderer: a sample is a pure function of (edition version, key, split, index).

    edition.py   an edition: its mix of scenes under a version, and its splits
    mix.py       the mix: the dials of its difficulty
    named.py     settings of the dials that have a name, such as "photographs"
    labels.py    what can be seen of a scene: identity map, visibility, box, rivals
    image.py     a scene as a picture

    geometry/    random numbers, the camera, curves, polygons, layers
    body/        an articulated figure, and skin, head, hair, hands and shoes on it
    garments/    how they are cut, and how they are put on a figure, with their landmarks
    scene/       people in their postures, what they hold, and the frame
    picture/     cloth, light, folds, places, the camera

Geometry is plain Python float arithmetic on purpose: it is the same everywhere, and faster than
arrays on outlines of a dozen points. Points of the picture plane are complex numbers, x + y j.
"""
