"""The networks, a file each, and the table that names them."""
