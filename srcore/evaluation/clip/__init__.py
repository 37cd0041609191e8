"""What CLIP sees in the images, and whether it survives super-resolution (report, step 8)."""
