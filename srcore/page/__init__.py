"""Parts of the report page: what it reads, and its charts."""
