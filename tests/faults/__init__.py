"""What can go wrong, as data: each fault is tried against the real stage and listed in docs/."""
