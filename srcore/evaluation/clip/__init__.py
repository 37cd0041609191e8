"""What CLIP sees in the images, and whether it survives upscaling (original study, step 8)."""
