"""The report page: one file that opens offline."""
