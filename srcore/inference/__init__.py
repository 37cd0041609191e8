"""Trained networks, tiles and interpolation, on new images."""
