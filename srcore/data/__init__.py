"""From an archive of pictures to packed pyramids and a split."""
