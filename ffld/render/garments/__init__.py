"""Garments: how they are cut, and how they are put on a figure, with their landmarks."""
