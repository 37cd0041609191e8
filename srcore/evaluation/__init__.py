"""Judging networks: held-out images, benchmarks, examples, CLIP."""
