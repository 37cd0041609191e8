"""The plots of the report page, a file each, and the table that names them."""
