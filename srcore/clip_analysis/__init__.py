"""What CLIP sees in the pictures, and whether it survives super-resolution (report, step 8)."""
