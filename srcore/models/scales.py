"""The outputs of the networks and their scales; light, since pages and reviews need no torch."""

OUTPUTS = {"mid": 2, "large": 4}
"""Name of an output, the smaller first → its scale over the low-resolution image."""
