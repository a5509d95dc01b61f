"""The first page: what waits for me, what is late, what changed."""
