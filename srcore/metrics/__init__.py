"""Figures of an output beside its target, and how sure their means are."""
