"""From an archive of images to packed pyramids and a split."""
