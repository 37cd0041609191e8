"""What is written, a file a format; `table` lists them."""
