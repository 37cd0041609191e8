"""Fixtures that reading, writing and upscaling share."""

from upscaling import bicubic, checkpoint, enlarged, one_thread, upscale

__all__ = ["bicubic", "checkpoint", "enlarged", "one_thread", "upscale"]
