"""A local page on which a network enlarges an image of one's own: `srcore demo`."""
