"""The geometry of one image: people in their postures, what they hold, the frame."""
