"""Frozen feature extractors: VGG16 up to conv2_2 and the CLIP ViT-B/32 image tower."""
