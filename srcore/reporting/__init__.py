"""What people read: the report page, comparison sheets, reviews of a change."""
