"""REST and OGC API Features."""
