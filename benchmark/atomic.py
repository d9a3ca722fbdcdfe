"""Files that appear whole or not at all; the data writes its own in the same way."""

from ffld.atomic import leftovers, replacing

__all__ = ["leftovers", "replacing"]
