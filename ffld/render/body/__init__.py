"""Bodies: an articulated figure, and skin, head, hair, hands and shoes on it."""
