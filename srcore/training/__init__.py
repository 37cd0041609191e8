"""Training one network: the loop, its optimization, its batches, and resuming it."""
