"""Long work outside of requests: queue, progress, restart."""
