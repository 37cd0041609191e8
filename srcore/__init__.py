"""Super-resolution study: which architecture idea buys how much quality, at what cost."""
