"""Experiments side by side, as Markdown and as a page."""
