"""Enlarging pictures of any size and kind with a trained network: `srcore upscale`."""
