"""What everything is made of: random numbers, the camera, curves, polygons, layers."""
