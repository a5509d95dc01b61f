"""OGC API Features under /api/ogc/ (OGC 17-069r4, 18-058r1)."""
