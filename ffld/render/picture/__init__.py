"""Appearance: cloth, light, folds, places, the camera. Nothing here touches a label."""
