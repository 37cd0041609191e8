"""What is read, a file a kind: the header, what is kept beside the pixels, the pixels."""
